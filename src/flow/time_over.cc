// Two questions of the same pure function, about what the flow was when it opened: which rule is
// its by the clock now, and which one by the clock that live flows were last looked at by. The rule
// that it opened with would not do for the second: a reload since may have given its like another
// rule, and a reload leaves live flows alone. It tells the flows that need no second question.
#include "flow/time_over.h"

#include <utility>

namespace weir {
namespace {

bool some_end_flows(const Snapshot& snapshot) {
  const std::size_t rules = snapshot.configuration().rules.size();
  for (std::size_t place = 0; place < rules; ++place) {
    if (snapshot.rules().ends_flows(place)) {
      return true;
    }
  }
  return false;
}

}  // namespace

TimeOver::TimeOver(std::shared_ptr<const FittedRules> then, std::shared_ptr<const Snapshot> now)
    : then_(std::move(then)), now_(std::move(now)) {}

std::shared_ptr<const TimeOver> TimeOver::since(const std::shared_ptr<const LocalClock>& then,
                                                std::shared_ptr<const Snapshot> now) {
  if (!some_end_flows(*now)) {
    return nullptr;
  }
  auto rules = now->rules().by_clock(then);
  if (rules == nullptr) {
    return nullptr;
  }
  return std::shared_ptr<const TimeOver>(new TimeOver(std::move(rules), std::move(now)));
}

// The place behind the last rule is the default's.
bool TimeOver::closes(std::size_t place) const {
  return place + 1 < now_->entries().size() && now_->rules().ends_flows(place);
}

bool TimeOver::ends(const FlowCore& core, const ClientDevice& device) const {
  const RuleEntry& now = now_->choose(core.flow, device);
  if (now.name == core.rule->name) {
    return false;
  }
  const std::size_t then = then_->match(core.flow, device).value_or(now_->entries().size() - 1);
  return then != now.place && (closes(then) || closes(now.place));
}

}  // namespace weir
