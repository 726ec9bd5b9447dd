// What the router itself sends.
#include <fmt/format.h>

#include <utility>

#include "firewall/labels.h"
#include "firewall/plan_parts.h"
#include "firewall/words.h"

namespace weir::firewall {

namespace {

void divert(Plan& plan, const Ruleset& ruleset) {
  if (!ruleset.has(Verdict::intercept)) {
    return;
  }
  Chain& chain = add(plan, "divert");
  const act::SetMark both{ruleset.both_marks()};
  if (!ruleset.takes_new()) {
    chain.steps.push_back(step({match::Label{label::diverted}}, {both, act::Accept{}},
                               "what began while the gateway served"));
    return;
  }
  if (ruleset.passes_what_is_under_way()) {
    chain.steps.push_back(step({not_syn, match::Label{label::diverted, true}}, {act::Accept{}},
                               "a connection from its first packet on, or not at all"));
  }
  chain.steps.push_back(step({}, {act::SetLabel{label::diverted}, both, act::Accept{}}));
}

// What the router itself sends, as it comes in again: by lo, with both marks, or with what
// others' rules have made of them and a label. Where it goes is settled already. This comes last:
// a look-up of the reverse path fails where a packet on lo has a socket of another interface's
// (Linux 6.15 and later). What belongs to a connection finds it by itself.
void diverted(Plan& plan, const Ruleset& ruleset) {
  if (!ruleset.has(Verdict::intercept)) {
    return;
  }
  Chain& chain = add(plan, "diverted");
  chain.hooks = {{Hook::Point::prerouting, 90, "filter", "filter + 90"}};
  const Actions then = {act::SetMark{mark_alone(ruleset)}, act::Goto{"intercept"}};
  chain.steps.push_back(step({match::InInterface{{"lo"}, true}}, {act::Accept{}}));
  chain.steps.push_back(step({match::PacketMark{ruleset.both_marks()}}, then));
  chain.steps.push_back(step({match::Direction{}, match::Label{label::diverted}}, then));
}

// The processes whose traffic is not intercepted. A flow that weir carries already it carries to
// its end, even if the flow's group was not there when the flow began.
void exclude_processes(const Ruleset& ruleset, Chain& chain) {
  Conditions fresh;
  if (ruleset.passes_what_is_under_way()) {
    fresh.emplace_back(match::Label{label::diverted, true});
  }
  if (!ruleset.exclude_users.empty()) {
    std::vector<std::string> names;
    for (const UserSetting& user : ruleset.exclude_users) {
      names.push_back(printable(user.text));
    }
    Conditions when = fresh;
    when.emplace_back(match::SentByUser{ruleset.exclude_users});
    chain.steps.push_back(step(std::move(when), {act::Accept{}},
                               fmt::format("exclude-user {}", fmt::join(names, ", "))));
  }
  for (const Cgroup& cgroup : ruleset.exclude_cgroups) {
    Conditions when = fresh;
    when.emplace_back(match::SentByCgroup{cgroup});
    chain.steps.push_back(
        step(std::move(when), {act::Accept{}},
             fmt::format("exclude-cgroup {}, number {}", printable(cgroup.path), cgroup.id)));
  }
}

}  // namespace

// What the router itself sends cannot be handed to the listener on its way out: it is marked, the
// marks route it to lo, and there it comes in. After others' mangle and nat, as in prerouting; a
// packet may have lost the mark of weir's socket there, so that the socket itself is asked, too.
void local(Plan& plan, const Ruleset& ruleset) {
  divert(plan, ruleset);
  decide_local(plan, ruleset);
  Chain& output = add(plan, "output");
  output.hooks = {{Hook::Point::output, -95, "route", "mangle + 55"}};
  output.steps.push_back(
      step({match::PacketMark{ruleset.bypass_mark}}, {act::Accept{}}, "weir's own sockets"));
  output.steps.push_back(step({match::SocketMark{ruleset.bypass_mark}}, {act::Accept{}}));
  output.steps.push_back(step({match::Direction{true}}, {act::Accept{}},
                              "answers: to clients of weir's, and of services on this router"));
  output.steps.push_back(step({match::OutInterface{{"lo"}}}, {act::Accept{}}));
  exclude_processes(ruleset, output);
  to_decisions(ruleset, output, "decide_local");
  diverted(plan, ruleset);
}

}  // namespace weir::firewall
