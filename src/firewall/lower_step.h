// One step in the lines that iptables needs for it: a condition that it cannot say at once becomes
// several lines, one that cannot hold in its family none. Pure; any thread.
#pragma once

#include <vector>

#include "firewall/plan.h"

namespace weir::firewall {

// What a condition comes to: any of these holds. `always` tells "no condition" from "never".
struct Alternatives {
  bool always = false;
  std::vector<Condition> any_of;
};
[[nodiscard]] Alternatives alternatives_of(const Condition& condition, const Plan& plan,
                                           Family family);

// REQUIRES: no Ends and no negated InInterface.
[[nodiscard]] std::vector<Step> lines_of(const Step& step, const Plan& plan, Family family);

// One for each prefix, or one for all of them; none for no prefixes.
[[nodiscard]] std::vector<Condition> each_of(const match::Within& within, const Plan& plan);

}  // namespace weir::firewall
