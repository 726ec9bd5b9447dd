// What the compiler makes of the variants in plan.h and match.h, made once.
#include "firewall/steps.h"

namespace weir::firewall {

Condition::Condition(const Condition& other) = default;
Condition::Condition(Condition&& other) noexcept = default;
Condition& Condition::operator=(const Condition& other) = default;
Condition& Condition::operator=(Condition&& other) noexcept = default;
Condition::~Condition() = default;

Action::Action(const Action& other) = default;
Action::Action(Action&& other) noexcept = default;
Action& Action::operator=(const Action& other) = default;
Action& Action::operator=(Action&& other) noexcept = default;
Action::~Action() = default;

}  // namespace weir::firewall
