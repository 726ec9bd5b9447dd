#include "firewall/redirects.h"

#include <algorithm>
#include <utility>

#include "firewall/plan_parts.h"
#include "firewall/steps.h"

namespace weir::firewall {

bool drops_redirects(const Ruleset& ruleset) {
  return std::any_of(ruleset.decisions.begin(), ruleset.decisions.end(),
                     [](const Decision& decision) { return decision.verdict != Verdict::bypass; });
}

// Where `auto` leaves no interface for clients they may be anywhere: a redirect taken now would
// outlive the line that names them.
void redirects(Plan& plan, const Ruleset& ruleset) {
  if (!drops_redirects(ruleset)) {
    return;
  }
  plan.counters.emplace_back(redirect_counter);
  Chain& chain = add(plan, "redirects", "Redirects would lead clients past this router.");
  chain.hooks = {{Hook::Point::output, 0, "filter", "filter"}};
  if (ruleset.inbound == Inbound::not_outside && !ruleset.all_outside && !ruleset.outside.empty()) {
    chain.steps.push_back(step({match::OutInterface{ruleset.outside}}, {act::Return{}}));
  }
  const bool named = ruleset.inbound == Inbound::named && !ruleset.interfaces.empty();
  for (const Family family : {Family::v4, Family::v6}) {
    std::vector<Condition> when = {match::Redirect{family}};
    if (named) {
      when.insert(when.begin(), match::OutInterface{ruleset.interfaces});
    }
    chain.steps.push_back(
        step(std::move(when), {act::Count{std::string(redirect_counter)}, act::Drop{}}));
  }
}

}  // namespace weir::firewall
