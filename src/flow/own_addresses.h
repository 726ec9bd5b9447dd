// The router's own addresses, asked for again when they are a second old: for looks at every flow
// of the router's own, where asking the kernel each time would cost too much.
//
// One per worker, in its Passing; its thread.
#pragma once

#include <unordered_set>

#include "weir/endpoint.h"
#include "weir/units.h"

namespace weir {

class OwnAddresses {
 public:
  [[nodiscard]] bool has(const Address& address, Instant now);

 private:
  static constexpr std::chrono::seconds valid_for{1};

  void read();

  std::unordered_set<Address, AddressHash> known_;
  Instant until_{};
};

}  // namespace weir
