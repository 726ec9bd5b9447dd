// What the firewall counted for the rules that it decides alone. Reading that starts a program, so
// what was read serves for as long as whoever asks says; and the kernel begins anew whenever rules
// are applied, so what was counted before is added.
//
// Main thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "firewall/counters.h"
#include "firewall/ruleset.h"
#include "weir/units.h"

namespace weir::firewall {

class RuleCounts {
 public:
  struct Count {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
  };

  // What there is, is older than that: read() is due, which starts a program.
  [[nodiscard]] bool is_stale(Instant now, std::chrono::seconds oldest) const {
    return !read_at_ || now - *read_at_ >= oldest;
  }
  void read(const Ruleset& ruleset, Instant now);
  // Of a rule ("(default)", too) that the firewall decides alone; none: it does not.
  [[nodiscard]] std::optional<Count> of(const std::string& rule) const;

  // Installed rules are about to be replaced, and have been.
  void before_replacing(const Ruleset& ruleset, Instant now) { read(ruleset, now); }
  void replaced();

 private:
  std::optional<Instant> read_at_;
  std::map<std::string, Count> counted_;  // by the rules that are installed now
  std::map<std::string, Count> before_;   // by those that were
};

}  // namespace weir::firewall
