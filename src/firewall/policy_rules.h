// The policy rules that weir has in the kernel, as data: pure, so that the scripts write what the
// gateway and `doctor` look for.
//
// Plain values; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "firewall/ruleset.h"
#include "weir/endpoint.h"

namespace weir::firewall {

struct PolicyRule {
  enum class Action : std::uint8_t {
    lookup,  // in `table`
    jump,    // to the rule at priority `target`
    nothing,
    other,  // blackhole, unreachable, prohibit: never weir's
  };
  Family family = Family::v4;
  std::uint32_t priority = 0;
  Mark mark;  // mask 0: does not look at the mark
  std::uint32_t table = 0;
  std::uint8_t protocol = 0;  // the program that made it
  Action action = Action::lookup;
  std::uint32_t target = 0;
  std::string inbound;  // the interface that the packet came in by; empty: any
  friend bool operator==(const PolicyRule&, const PolicyRule&) = default;
};

// What weir's rules need of one family. The first is the one that delivers marked packets.
[[nodiscard]] std::vector<PolicyRule> policy_rules_of(const Ruleset& ruleset, Family family);

// Those of them that `present` does not have.
[[nodiscard]] std::vector<PolicyRule> missing_rules(std::span<const PolicyRule> present,
                                                    const Ruleset& ruleset, Family family);

// The rule as `ip -N rule show` prints it, without its priority, and as `ip rule add` takes it.
[[nodiscard]] std::string words(const PolicyRule& rule);

// "0x1/0x1", "0x1" where the mask is whole.
[[nodiscard]] std::string mark_text(Mark mark);

}  // namespace weir::firewall
