#include "flow/fitted_rules.h"

#include <net/if.h>

#include <algorithm>
#include <array>
#include <utility>

#include "devices/device_table.h"

namespace weir {
namespace {

// Three system calls.
std::string ask_kernel(std::uint32_t number) {
  std::array<char, IF_NAMESIZE> name{};
  return if_indextoname(number, name.data()) != nullptr ? name.data() : "";
}

bool is_fitted(const std::vector<RuleCondition>& made, const std::vector<RuleCondition>& from) {
  return !std::equal(
      made.begin(), made.end(), from.begin(), from.end(),
      [](const RuleCondition& a, const RuleCondition& b) { return a.parsed() == b.parsed(); });
}

// The rules' conditions, one by one: they are compared before rules are copied.
std::vector<RuleCondition> fitted(const std::vector<RuleCondition>& conditions,
                                  const Machine& machine) {
  std::vector<RuleCondition> out;
  out.reserve(conditions.size());
  for (const RuleCondition& condition : conditions) {
    out.push_back(condition.fitted(machine));
  }
  return out;
}

}  // namespace

FittedRules::FittedRules(std::shared_ptr<const Configuration> configuration,
                         std::shared_ptr<const MachineHere> machine)
    : configuration_(std::move(configuration)), machine_(std::move(machine)) {
  compile();
  interface_names_ = names_for_rules(machine_->links);
}

void FittedRules::compile() {
  static const DeviceTable no_devices;
  const Machine machine = machine_->view();
  std::vector<RuleSettings> rules = configuration_->rules;
  conditions_.clear();
  conditions_.reserve(rules.size());
  for (RuleSettings& rule : rules) {
    std::vector<RuleCondition> made = fitted(rule.conditions, machine);
    some_are_fitted_ = some_are_fitted_ || is_fitted(made, rule.conditions);
    some_name_devices_ = some_name_devices_ || fitted(rule.conditions, {.devices = &no_devices}) !=
                                                   fitted(rule.conditions, Machine{});
    rule.conditions = made;
    conditions_.push_back(std::move(made));
  }
  rules_ = std::make_shared<const RuleSet>(RuleSet::compile(rules));
}

// Of what packets come in by: ports of a bridge come and go with every container.
FittedRules::InterfaceNames FittedRules::names_for_rules(std::span<const Link> links) const {
  InterfaceNames names;
  for (const Link& link : links) {
    if (needs_interface() && link.master == 0) {
      names.emplace(link.index, link.name);
    }
  }
  return names;
}

bool FittedRules::are_same_on(const Machine& machine) const {
  const auto& rules = configuration_->rules;
  return std::equal(rules.begin(), rules.end(), conditions_.begin(), conditions_.end(),
                    [&machine](const RuleSettings& rule, const auto& before) {
                      return fitted(rule.conditions, machine) == before;
                    });
}

std::shared_ptr<const FittedRules> FittedRules::refitted(
    const std::shared_ptr<const MachineHere>& machine) const {
  if (!follows_machine()) {
    return nullptr;
  }
  InterfaceNames names = names_for_rules(machine->links);
  const bool are_rules_the_same = are_same_on(machine->view());
  if (are_rules_the_same && names == interface_names_ &&
      (!follows_devices() || same_for_firewall(*machine))) {
    return nullptr;
  }
  const auto made = std::make_shared<FittedRules>(*this);
  made->machine_ = machine;
  if (!are_rules_the_same) {
    made->compile();
  }
  made->interface_names_ = std::move(names);
  return made;
}

std::shared_ptr<const FittedRules> FittedRules::by_clock(
    std::shared_ptr<const LocalClock> clock) const {
  const auto machine = std::make_shared<MachineHere>(*machine_);
  machine->clock = std::move(clock);
  return refitted(machine);
}

std::shared_ptr<const LocalClock> FittedRules::last_clock(
    const std::shared_ptr<const LocalClock>& now) const {
  Machine by_now = machine_->view();
  by_now.clock = now;
  if (!some_are_fitted_ || are_same_on(by_now)) {
    return now;
  }
  const auto& own = machine_->clock;
  const auto change = changes_at();
  return change && own->now < *change && *change <= now->now
             ? set_to(*own, *change - std::chrono::seconds(1))
             : own;
}

// A link that has just come is not among the names yet.
std::string FittedRules::interface_name(std::uint32_t number) const {
  const auto found = interface_names_.find(number);
  if (found != interface_names_.end()) {
    return found->second;
  }
  return number != 0 ? ask_kernel(number) : "";
}

RuleSet::Decision FittedRules::decide(const Flow& flow, const ClientDevice& device,
                                      const KnownHost& host) const {
  const InterfaceName name = [this](std::uint32_t number) { return interface_name(number); };
  return rules_->decide(FlowFacts(flow, name, device, host));
}

std::optional<std::chrono::sys_seconds> FittedRules::changes_at() const {
  std::optional<std::chrono::sys_seconds> out;
  for (const auto& conditions : conditions_) {
    for (const RuleCondition& condition : conditions) {
      const auto its = condition.changes_at();
      out = its && (!out || *its < *out) ? its : out;
    }
  }
  return out;
}

std::string FittedRules::clock_state(std::size_t rule) const {
  for (const RuleCondition& condition : conditions_.at(rule)) {
    if (std::string text = condition.clock_state(); !text.empty()) {
      return text;
    }
  }
  return "";
}

Configuration FittedRules::for_firewall() const {
  return configuration_->fitted(machine_->for_firewall());
}

// What the firewall is not asked to check it does not follow. Lists of names it follows for its
// sets of pairs (firewall/name_rules.h), though its rules stay as they are.
bool FittedRules::same_for_firewall(const MachineHere& machine) const {
  const auto of_firewall = [](const RuleSettings& rule, const MachineHere& here) {
    std::vector<RuleCondition> out = fitted(rule.conditions, here.for_firewall());
    std::erase_if(out, [](const RuleCondition& one) { return one.type().lower == nullptr; });
    return out;
  };
  return std::all_of(configuration_->rules.begin(), configuration_->rules.end(),
                     [&](const RuleSettings& rule) {
                       return of_firewall(rule, *machine_) == of_firewall(rule, machine);
                     });
}

}  // namespace weir
