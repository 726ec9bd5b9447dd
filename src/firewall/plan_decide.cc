// The configuration's rules as steps, and what goes before them.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "firewall/labels.h"
#include "firewall/plan_parts.h"
#include "firewall/words.h"

namespace weir::firewall {

namespace {

void pass_translated(Chain& chain) {
  chain.steps.push_back(step({match::Translated{}}, {act::Accept{}},
                             "what another table translates goes where that says"));
}

// Places that no packet of another machine can be for. An IPv6 address that stands for an IPv4
// one would be taken for that, past whatever is said about it.
void drop_invalid(Chain& chain) {
  const Actions drop = {act::Count{std::string(invalid_destination)}, act::Drop{}};
  chain.steps.push_back(
      step({match::Reserved{Family::v4, {"0.0.0.0/8", "127.0.0.0/8"}}}, drop,
           "never to loopback, the unspecified address, IPv4 addresses in IPv6 ones, and\n"
           "link-local addresses of another link"));
  chain.steps.push_back(step({match::Reserved{Family::v6, {"::/96", "::ffff:0:0/96"}}}, drop));
  chain.steps.push_back(
      step({match::Reserved{Family::v6, {"fe80::/10"}},
            match::AddressKind{Side::destination, {match::Kind::local}, true, true}},
           drop));
}

void pass_answers(const Ruleset& ruleset, Chain& chain) {
  std::string why = "what comes back to a client in a flow that weir does not carry";
  if (ruleset.harms_answers(Protocol::tcp)) {
    chain.steps.push_back(
        step({not_syn, match::Direction{true}}, {act::Accept{}}, std::exchange(why, "")));
  }
  if (ruleset.harms_answers(Protocol::udp)) {
    chain.steps.push_back(step({is_udp, match::Direction{true}}, {act::Jump{"answers"}}, why));
  }
}

void pass_own_addresses(const Ruleset& ruleset, Chain& chain, Origin origin) {
  using match::Kind;
  if (origin == Origin::local || !ruleset.local_services) {
    chain.steps.push_back(
        step({to_kinds({Kind::local, Kind::broadcast, Kind::anycast, Kind::multicast})},
             {act::Accept{}}, "never the router's own addresses, broadcast and multicast"));
    return;
  }
  chain.steps.push_back(step({to_kinds({Kind::broadcast, Kind::anycast, Kind::multicast})},
                             {act::Accept{}}, "never broadcast and multicast"));
  chain.steps.push_back(
      step({to_kinds({Kind::local}), is_tcp, not_syn}, {act::Accept{}},
           "to the router itself: only what opens a connection, not answers in its own"));
}

void exclude(const Ruleset& ruleset, Chain& chain) {
  std::string why = "exclude";
  for (const auto* prefixes : {&ruleset.exclude_v4, &ruleset.exclude_v6}) {
    if (!prefixes->empty()) {
      chain.steps.push_back(
          step({match::Within{Side::destination, *prefixes, false, false}}, {act::Accept{}}, why));
      // Both families stand under one heading, where one tool has both.
      why.clear();
    }
  }
}

void towards(const Ruleset& ruleset, Chain& chain) {
  if (ruleset.towards.empty()) {
    return;
  }
  Conditions when;
  if (ruleset.local_services) {
    when.emplace_back(to_kinds({match::Kind::local}, true));
  }
  when.emplace_back(match::LeavesElsewhere{ruleset.towards});
  chain.steps.push_back(step(std::move(when), {act::Accept{}},
                             "only what routing sends out where [firewall] towards says"));
}

Action verdict(const Ruleset& ruleset, const Decision& decision, Origin origin) {
  switch (decision.verdict) {
    case Verdict::bypass:
      return act::Accept{};
    case Verdict::reject:
      return act::Goto{"refuse"};
    case Verdict::drop:
      return act::Drop{};
    case Verdict::intercept:
      break;
  }
  if (origin == Origin::local) {
    return act::Goto{"divert"};
  }
  return act::Goto{ruleset.needs_route(decision) ? "by_route" : "intercept"};
}

// What a client has looked up is forgotten, and its flow goes on: where a packet of its could be
// taken for a beginning, a label keeps it out of the gateway's hands.
bool keeps_passing(const Ruleset& ruleset, const Decision& decision) {
  return !decision.looked_up.empty() && decision.verdict == Verdict::bypass &&
         (!decision.udp.empty() || !ruleset.passes_what_is_under_way());
}

Step decision_step(const Ruleset& ruleset, const Decision& decision, Origin origin) {
  Step made = step({}, {act::Count{counter_name(decision)}, verdict(ruleset, decision, origin)});
  made.row = decision.row;
  made.by_names = !decision.looked_up.empty();
  if (keeps_passing(ruleset, decision)) {
    made.then.insert(made.then.begin() + 1, act::SetLabel{label::passed_by_name});
  }
  if (origin == Origin::forwarded && ruleset.spares_own(decision)) {
    made.unless = {to_kinds({match::Kind::local})};
  }
  if (ruleset.is_for_all(decision)) {
    made.why = fmt::format("whatever is left: {}", name_of(decision.verdict));
    return made;
  }
  made.why = decision.row == 0
                 ? fmt::format(
                       "what is left on ports of rules that go to the gateway: {}; the "
                       "rest passes",
                       name_of(decision.verdict))
                 : fmt::format("rule {}: {}{}", printable(decision.name), name_of(decision.verdict),
                               made.by_names ? ", to what its client has looked up" : "");
  if (!decision.interfaces.empty()) {
    made.when.emplace_back(match::InInterface{decision.interfaces});
  }
  made.when.emplace_back(match::Flow{decision.tcp, decision.udp});
  made.when.emplace_back(match::Ends{decision.v4, decision.v6});
  if (made.by_names) {
    made.when.emplace_back(match::LookedUp{decision.looked_up});
  }
  made.when.insert(made.when.end(), decision.also.begin(), decision.also.end());
  return made;
}

// A decision by names, and what it has let pass before.
void append(Chain& chain, const Ruleset& ruleset, const Decision& decision, Origin origin) {
  const auto is_kept = [](const Step& each) {
    return each.by_names && find<match::Label>(each.when) != nullptr;
  };
  if (keeps_passing(ruleset, decision) &&
      std::none_of(chain.steps.begin(), chain.steps.end(), is_kept)) {
    Step kept = step({match::Label{label::passed_by_name}}, {act::Accept{}},
                     "what a name has let pass before");
    kept.by_names = true;
    chain.steps.push_back(std::move(kept));
  }
  chain.steps.push_back(decision_step(ruleset, decision, origin));
}

}  // namespace

void decide(Plan& plan, const Ruleset& ruleset) {
  Chain& chain =
      add(plan, "decide", "The rules, in the configuration's order. The first match wins.");
  pass_translated(chain);
  drop_invalid(chain);
  pass_answers(ruleset, chain);
  pass_own_addresses(ruleset, chain, Origin::forwarded);
  exclude(ruleset, chain);
  towards(ruleset, chain);
  for (const Decision& decision : ruleset.decisions) {
    append(chain, ruleset, decision, Origin::forwarded);
  }
}

void decide_local(Plan& plan, const Ruleset& ruleset) {
  Chain& chain = add(plan, "decide_local",
                     "The same rules for what the router sends, which comes in nowhere.");
  pass_translated(chain);
  pass_own_addresses(ruleset, chain, Origin::local);
  exclude(ruleset, chain);
  for (const Decision& decision : ruleset.decisions) {
    if (!decision.only_inbound) {
      append(chain, ruleset, decision, Origin::local);
    }
  }
}

}  // namespace weir::firewall
