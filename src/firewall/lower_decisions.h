// The rules, as iptables can have them: one chain that holds them in order, and chains of
// addresses. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "firewall/plan.h"
#include "weir/endpoint.h"

namespace weir::firewall {

inline constexpr std::string_view mangle = "mangle";

// What the chains of one origin are called.
struct DecisionNames {
  std::string decide;  // the plan's
  std::string prefix;
  std::string nat;
  std::string nat_copy;
};
[[nodiscard]] std::vector<Chain> lower_decisions(const Plan& plan, Family family,
                                                 const DecisionNames& names);

// Where a decision of the plan's leads to.
[[nodiscard]] Action verdict_of(const Action& action, const Plan& plan, Family family,
                                std::string_view prefix);

[[nodiscard]] inline const std::optional<Addresses>& in_family(const match::Ends& ends,
                                                               Family family) {
  return family == Family::v4 ? ends.v4 : ends.v6;
}
// What routes decide about (Ruleset::by_routes).
[[nodiscard]] const std::vector<Prefix>& by_routes(const Plan& plan, Family family);

// Whether its addresses fill chains of their own; and whether some verdict is found there, and
// leaves by mark.
[[nodiscard]] bool needs_chain(const Step& step, Family family);
[[nodiscard]] bool leaves_by_mark(const Plan& plan, Family family);

// Takes a mark off.
[[nodiscard]] inline act::SetMark clear(Mark mark) { return {{0, mark.mask}}; }

}  // namespace weir::firewall
