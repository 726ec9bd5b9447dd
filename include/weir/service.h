// A service whose servers stand in the DNS (SRV records, RFC 2782): the list as it was last
// answered. Policies lay out their servers from it, and lay them out anew when it has changed.
//
// Shared by the pools laid out from it and the resolver; the ServerPool finds it again. Main thread
// only.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "weir/units.h"

namespace weir {

class Service {
 public:
  struct Target {
    std::string host;
    Port port = 0;
    std::uint16_t priority = 0;  // lower ones first; higher ones when none of those is usable
    std::uint16_t weight = 0;
    auto operator<=>(const Target&) const = default;
  };

  explicit Service(std::string name) : name_(std::move(name)) {}

  // "_http._tcp.example.net"
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::vector<Target>& targets() const { return targets_; }
  // Grows with every change.
  [[nodiscard]] std::uint64_t version() const { return version_; }

  void publish(std::vector<Target> targets) {
    targets_ = std::move(targets);
    ++version_;
  }

  Instant resolved{};  // when it was last answered; the epoch: never

 private:
  std::string name_;
  std::vector<Target> targets_;
  std::uint64_t version_ = 0;
};

}  // namespace weir
