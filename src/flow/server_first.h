// Destinations whose server speaks first (SSH, SMTP, MySQL): their clients name no host, and to
// wait for one would only cost time. Learnt where it was waited for in vain and the server spoke
// first.
//
// One per worker, lent to its TCP flows; its thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <unordered_map>

#include "weir/endpoint.h"
#include "weir/units.h"

namespace weir {

class ServerFirst {
 public:
  static constexpr std::chrono::minutes kept{10};
  // More are not learnt while so many are known.
  static constexpr std::size_t most = 4'096;

  void learn(const Endpoint& destination, Instant now);
  [[nodiscard]] bool is_known(const Endpoint& destination, Instant now) const;
  [[nodiscard]] std::size_t size() const { return until_.size(); }

 private:
  std::unordered_map<Endpoint, Instant, EndpointHash> until_;
};

}  // namespace weir
