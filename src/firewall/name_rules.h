// Rules with `host` that the firewall decides all the same, for addresses that clients look up
// through weir. No packet that opens a flow shows which host it means, but its client has asked for
// that host's addresses a moment before. So such a rule has a set of pairs, client and address,
// that the gateway fills from DNS answers before they leave (name_sets.h):
//
//   a pair is in the set of a rule as long as every name under which this client knows this address
//   meets the rule's `host`, and meets no `host` of an earlier rule that shares a port with it.
//
// What is in no set goes to the gateway, as without sets. Therefore an earlier rule with `host` may
// be passed over: its name is not the pair's. The pairs are asked before the first rule of these
// ports that goes to the gateway. Where a rule of another kind stands between that one and this, it
// would be passed over, too, and this one is left to the gateway.
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/condition.h"
#include "base/configuration.h"
#include "firewall/narrowing.h"
#include "weir/endpoint.h"

namespace weir::firewall {

// What is in a set of pairs.
struct NameRule {
  std::string set;  // 16 digits, made of what the conditions say: another meaning is another set
  RuleCondition host;
  std::vector<RuleCondition> earlier = {};

  // Whether a name lets a pair in.
  [[nodiscard]] bool takes(std::string_view name) const;
};

// What nft calls the set of one family: "names-4-0123456789abcdef".
[[nodiscard]] std::string name_set(std::string_view set, Family family);
inline constexpr std::string_view name_sets_begin = "names-";

struct NameStanding {
  struct Place {
    std::size_t before = 0;  // the rule, its index, before which the pairs are asked
    NameRule rule;
  };
  std::optional<Place> place = {};
  // Why there is none, where another rule is in the way; "": it has nothing to do with others.
  std::string why_not = {};
};

// Of the rule at that index, which bypasses, rejects or drops. `narrowed`: one for each rule.
[[nodiscard]] NameStanding name_standing(std::span<const RuleSettings> rules,
                                         std::span<const Narrowing> narrowed, std::size_t at);

// Why the gateway decides what the firewall could, were its packets to show enough.
struct LeftToGateway {
  std::string why;                // "": it does not
  bool except_looked_up = false;  // nft has sets of pairs for the rule, which a gateway that keeps
                                  // its rules (run --firewall) fills
  [[nodiscard]] std::string text() const;
};
// One for each rule, as if it bypassed, rejected or dropped.
[[nodiscard]] std::vector<LeftToGateway> left_to_gateway(const Configuration& configuration);

}  // namespace weir::firewall
