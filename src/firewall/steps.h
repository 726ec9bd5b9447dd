// Making steps of a plan, and looking into them. Pure; any thread.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "firewall/plan.h"

namespace weir::firewall {

using Conditions = std::vector<Condition>;
using Actions = std::vector<Action>;

// Whether packets came in, or are the router's own on their way out.
enum class Origin : std::uint8_t { forwarded, local };

inline Step step(Conditions when, Actions then, std::string why = "") {
  return {.when = std::move(when), .then = std::move(then), .why = std::move(why)};
}

// The first of its type; null: none.
template <typename Type>
const Type* find(const Conditions& conditions) {
  for (const Condition& condition : conditions) {
    if (const auto* found = std::get_if<Type>(&condition); found != nullptr) {
      return found;
    }
  }
  return nullptr;
}

template <typename Type>
const Type* only_action(const Step& step) {
  return step.then.size() == 1 ? std::get_if<Type>(&step.then.front()) : nullptr;
}

// Weir's mark, and not the bypass-mark.
template <typename Marks>  // a Ruleset or a Plan
Mark mark_alone(const Marks& marks) {
  return {marks.mark.value, marks.both_marks().mask};
}

}  // namespace weir::firewall
