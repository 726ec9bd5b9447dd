// Two questions of the same pure function, about what the flow was when it opened: which rule is
// its by the clock now, and which one by the clock that live flows were last looked at by. The rule
// that it opened with would not do for the second: a reload since may have given its like another
// rule, and a reload leaves live flows alone. It tells the flows that need no second question.
#include "flow/time_over.h"

#include <algorithm>
#include <utility>

#include "rules/conditions/at_change.h"

namespace weir {
namespace {

bool has_flows_ended(const RuleSettings& rule) {
  return std::any_of(rule.conditions.begin(), rule.conditions.end(), ends_flows);
}

}  // namespace

TimeOver::TimeOver(std::shared_ptr<const FittedRules> then, std::shared_ptr<const Snapshot> now)
    : then_(std::move(then)), now_(std::move(now)) {}

std::shared_ptr<const TimeOver> TimeOver::since(const std::shared_ptr<const LocalClock>& then,
                                                std::shared_ptr<const Snapshot> now) {
  const auto& rules = now->configuration().rules;
  if (std::none_of(rules.begin(), rules.end(), has_flows_ended)) {
    return nullptr;
  }
  auto before = now->rules().by_clock(then);
  if (before == nullptr) {
    return nullptr;
  }
  return std::shared_ptr<const TimeOver>(new TimeOver(std::move(before), std::move(now)));
}

// The place behind the last rule is the default's.
bool TimeOver::closes(std::size_t place) const {
  return place + 1 < now_->entries().size() && has_flows_ended(now_->configuration().rules[place]);
}

bool TimeOver::ends(const FlowCore& core, const ClientDevice& device) const {
  const RuleEntry& now = now_->choose(core.flow, device, known(core.flow.host));
  if (now.name == core.rule->name) {
    return false;
  }
  const std::size_t then = then_->decide(core.flow, device, known(core.flow.host))
                               .rule.value_or(now_->entries().size() - 1);
  return then != now.place && (closes(then) || closes(now.place));
}

}  // namespace weir
