#include "firewall/lower_decisions.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "firewall/lower_step.h"
#include "firewall/steps.h"

namespace weir::firewall {

namespace {

bool drops(const Step& step) { return std::holds_alternative<act::Drop>(step.then.back()); }

class Decisions {
 public:
  Decisions(const Plan& plan, Family family) : plan_(plan), family_(family) {}

  std::vector<Chain> decide(const DecisionNames& names) const {
    const Chain& decide = *plan_.find(names.decide);
    Chain chain{.name = names.prefix + "DECIDE", .why = decide.why, .table = mangle};
    std::vector<Chain> rules;
    std::string why;
    for (const Step& each : decide.steps) {
      const std::size_t before = chain.steps.size();
      Step said = each;
      if (said.why.empty()) {
        said.why = std::exchange(why, "");
      }
      if (only_action<act::Jump>(each) != nullptr) {
        continue;  // WEIR-UDP comes before
      }
      if (find<match::Translated>(each.when) != nullptr) {
        pass_translated(chain, said, names);
      } else if (needs_chain(each, family_)) {
        by_chain(chain, rules, said, names);
      } else {
        in_place(chain, said, names);
      }
      why = chain.steps.size() == before ? said.why : "";
    }
    std::vector<Chain> chains;
    chains.push_back(std::move(chain));
    chains.push_back(
        {.name = names.nat,
         .steps = {step({}, {act::Jump{names.nat_copy}}), step({}, {clear(plan_.mark)})},
         .table = mangle});
    chains.push_back({.name = names.nat_copy, .table = mangle});
    if (names.decide == "decide" && plan_.find("answers") != nullptr) {
      chains.push_back(answers());
    }
    std::move(rules.begin(), rules.end(), std::back_inserter(chains));
    return chains;
  }

 private:
  [[nodiscard]] match::PacketMark matched() const { return {plan_.bypass_mark}; }

  void append(Chain& chain, const Step& lowered) const {
    for (Step& line : lines_of(lowered, plan_, family_)) {
      chain.steps.push_back(std::move(line));
    }
  }

  // What nat has translated, and what it will: shell_nat.h fills the chain that tells.
  void pass_translated(Chain& chain, const Step& translated, const DecisionNames& names) const {
    append(chain, translated);
    chain.steps.push_back(step({}, {clear(plan_.both_marks())}));
    chain.steps.push_back(step({match::Confirmed{.negated = true}}, {act::Jump{names.nat}}));
    chain.steps.push_back(step({matched()}, {act::Goto{"WEIR-BYPASS"}}));
  }

  void in_place(Chain& chain, const Step& decision, const DecisionNames& names) const {
    Step line = decision;
    line.unless.clear();
    if (const auto* ends = find<match::Ends>(decision.when); ends != nullptr) {
      if (!in_family(*ends, family_)) {
        return;
      }
      line.when.erase(std::find_if(line.when.begin(), line.when.end(), [](const Condition& each) {
        return std::holds_alternative<match::Ends>(each);
      }));
    }
    line.then.back() = verdict_of(line.then.back(), plan_, family_, names.prefix);
    for (Step& each : lines_of(line, plan_, family_)) {
      if (!decision.unless.empty()) {
        Step spared = step(each.when, {act::Return{}}, std::exchange(each.why, ""));
        spared.when.insert(spared.when.end(), decision.unless.begin(), decision.unless.end());
        chain.steps.push_back(std::move(spared));
      }
      chain.steps.push_back(std::move(each));
    }
  }

  // A rule with addresses: chains of its own look at them, and say what they found by mark.
  void by_chain(Chain& chain, std::vector<Chain>& rules, const Step& decision,
                const DecisionNames& names) const {
    const std::string name = names.prefix + std::to_string(decision.row);
    Step enter = step({}, {act::Jump{name}}, decision.why);
    for (const Condition& condition : decision.when) {
      if (!std::holds_alternative<match::Ends>(condition)) {
        enter.when.push_back(condition);
      }
    }
    append(chain, enter);
    if (!decision.unless.empty()) {
      Step spared = step({matched()}, {act::Goto{"WEIR-BYPASS"}});
      spared.when.insert(spared.when.end(), decision.unless.begin(), decision.unless.end());
      append(chain, spared);
    }
    if (!drops(decision)) {
      const Action leave = std::holds_alternative<act::Accept>(decision.then.back())
                               ? Action(act::Goto{"WEIR-BYPASS"})
                               : verdict_of(decision.then.back(), plan_, family_, names.prefix);
      chain.steps.push_back(step({matched()}, {decision.then.front(), leave}));
    }
    addresses(rules, name, decision);
  }

  void addresses(std::vector<Chain>& rules, const std::string& name, const Step& decision) const {
    const Addresses& ends = *in_family(*find<match::Ends>(decision.when), family_);
    // Counted where it leaves: two lines of a rule may lead here for one packet.
    const Actions hit = drops(decision) ? decision.then : Actions{act::SetMark{plan_.bypass_mark}};
    const bool both = !ends.client.empty() && !ends.destination.empty();
    Chain chain{.name = name, .table = mangle};
    Chain to{.name = name + "-TO", .table = mangle};
    const auto add = [&](Chain& in, Side side, const std::vector<Prefix>& prefixes,
                         const Actions& then) {
      for (Condition& each : each_of({side, prefixes, false, false}, plan_)) {
        in.steps.push_back(step({std::move(each)}, then));
      }
    };
    add(chain, Side::source, ends.not_client, {act::Return{}});
    add(chain, Side::destination, ends.not_destination, {act::Return{}});
    // By goto, for one prefix covers a client: what the second chain lets through is done here.
    add(chain, Side::source, ends.client, both ? Actions{act::Goto{to.name}} : hit);
    add(both ? to : chain, Side::destination, ends.destination, hit);
    if (ends.client.empty() && ends.destination.empty()) {
      chain.steps.push_back(step({}, hit));
    }
    rules.push_back(std::move(chain));
    if (both) {
      rules.push_back(std::move(to));
    }
  }

  static Chain answers() {
    const match::Direction reply{true};
    return {.name = "WEIR-UDP",
            .steps = {step({reply, match::ForSocket{.bound = true}}, {act::Goto{"WEIR-DECIDE"}},
                           "datagrams that answer others go on, unless weir speaks in their "
                           "receiver's name"),
                      step({reply}, {act::Return{}}), step({}, {act::Goto{"WEIR-DECIDE"}})},
            .table = mangle};
  }

  const Plan& plan_;
  Family family_;
};

}  // namespace

std::vector<Chain> lower_decisions(const Plan& plan, Family family, const DecisionNames& names) {
  return Decisions(plan, family).decide(names);
}

const std::vector<Prefix>& by_routes(const Plan& plan, Family family) {
  return family == Family::v4 ? plan.by_routes.v4 : plan.by_routes.v6;
}

Action verdict_of(const Action& action, const Plan& plan, Family family, std::string_view prefix) {
  const auto* to = std::get_if<act::Goto>(&action);
  if (to == nullptr) {
    return action;
  }
  if (to->chain == "refuse") {
    return act::Goto{std::string(prefix) + "REFUSE"};
  }
  if (to->chain == "by_route" && !by_routes(plan, family).empty()) {
    return act::Goto{"WEIR-BY-ROUTE"};
  }
  return act::Goto{std::string(prefix) + "INTERCEPT"};
}

bool needs_chain(const Step& step, Family family) {
  const auto* ends = find<match::Ends>(step.when);
  return ends != nullptr && in_family(*ends, family) && !in_family(*ends, family)->any();
}

bool leaves_by_mark(const Plan& plan, Family family) {
  const Chain* decide = plan.find("decide");
  return decide != nullptr &&
         std::any_of(decide->steps.begin(), decide->steps.end(), [family](const Step& each) {
           return needs_chain(each, family) && !drops(each);
         });
}

}  // namespace weir::firewall
