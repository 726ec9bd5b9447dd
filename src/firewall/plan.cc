// How the rules are built, and why.
//
// Where it stands. A mark that weir sets has to last until the packet is routed, and everything
// else that looks at marks before that had better not see it. So weir's rules come late: after the
// kernel's address translation (dstnat), and thereby after every `mangle`, of iptables or of
// another table, whose CONNMARK rules would put an old mark in place of weir's, and after the
// reverse-path rules that stand there. What comes later still (firewalld's IPv6_rpfilter at filter
// + 10, the kernel's src_valid_mark) is kept off weir's table by policy_rules.cc. Standing at
// `mangle` the order of two tables with one priority would be that of their loading.
//
// After translation, three more things come out right. What another table translates (port
// forwards, redirects) is known, and goes on to where it was translated to: weir decides on flows
// that keep their destination. Answers and ICMP errors in masqueraded flows carry their clients'
// addresses again, so that the sockets that wait for them are found, with IPv6, too.
//
// A base chain looks at every packet that comes in, before routing, and does little: is it for a
// socket of weir's own, did it come in where weir should look, is its port one that a rule names?
// Only then come the decisions, in the configuration's order. Each decision that matches leaves by
// `goto`, so that whatever happens next no later decision sees the packet; that matters with
// `on-failure = open`, where a packet for which tproxy finds no listener must pass, and must not
// fall into a `reject` further down.
//
// With `on-failure = open` a connection is intercepted from its first packet on or not at all: one
// that began without weir, before it was started, while another program had taken the rules away,
// or before a reload named its port, goes on past it. Handed to the listener, its next packet would
// be answered with a reset. What this gives up: where more connections wait for their handshake's
// end than the listener may hold (some thousands: a flood), the kernel goes over to SYN cookies and
// knows nothing of a connection until its second packet, which then passes, too. With `closed`
// nothing passes, and every packet goes to the listener. Of what the router itself sends every
// packet has to be diverted, not the first alone: a label tells whose connection it is.
//
// Answers in flows that weir does not carry come back to their client's port, and a rule may name
// that, too. Connection tracking tells them from what opens a flow; no original destination is
// asked of it, and what is not tracked is never taken for an answer. But it knows some flows of
// weir's the wrong way round: where the peer speaks first, or again after the kernel has forgotten
// the flow, the first packet it sees is weir's own, sent in the peer's name, and what the client
// says next is an answer to it. So such a flow gets a label (no mark: those are copied to packets),
// which outlives weir: while it is down, or started anew, the client's datagrams are still decided
// on.
//
// While weir drains (while_draining) nothing new is handed to it. For a connection that is easy:
// only its first packet would be. A datagram belongs to weir if the kernel knew its flow before;
// the first one of a flow, which connection tracking has not confirmed yet, gets a label that lets
// it pass, and all that follow. What is not tracked goes to weir. A flow that is silent for longer
// than connection tracking remembers it passes then, too.
//
// Packets for existing sockets come first. They are what a classic DIVERT rule matches, but a
// transparent socket alone is not enough to tell:
//   - a server-side socket, known by its bypass-mark: its packets are delivered, or an answer to a
//     port that a rule names would be taken for a new flow;
//   - the listener (wildcard) and the sockets that UDP replies leave from: not a match, or they
//     would swallow what is not for them. But where weir has such a socket, a flow that was handed
//     to it before still is, whatever the rules say by now: a reload never touches a live flow.
//     Only a label tells it from another client's flow with the same server, that passes by;
//   - an accepted TCP connection: delivered, whatever the rules say by now, so that a reload never
//     cuts a live connection;
//   - a connection in TIME_WAIT: delivered as well. Forwarding would lose the packet, because early
//     demux ties it to that socket and the kernel does not forward a packet that has one;
//     delivered, it makes the two ends agree within one retransmission. A new SYN of the same
//     client goes to tproxy, which hands it to the listener;
//   - ICMP errors about any of these, which path MTU discovery needs.
#include "firewall/plan.h"

#include <algorithm>
#include <utility>

#include "firewall/labels.h"
#include "firewall/plan_parts.h"

namespace weir::firewall {

namespace {

act::Tproxy to_listener(const Ruleset& ruleset) {
  return {ruleset.port, mark_alone(ruleset), {}, {}};
}

// The same for datagrams. What is not to be fragmented keeps both marks, which tells that to the
// listener: a socket cannot see the bit in the IP header. With `local = yes` both would mean
// another thing to the policy rules.
void datagrams_to_listener(const Ruleset& ruleset, Chain& chain, Conditions when,
                           const std::string& why = "") {
  if (!ruleset.local) {
    Conditions whole = when;
    whole.emplace_back(match::DontFragment{});
    chain.steps.push_back(step(
        std::move(whole), {act::Tproxy{ruleset.port, ruleset.both_marks(), Family::v4, {}}}, why));
  }
  chain.steps.push_back(step(std::move(when), {to_listener(ruleset)}, ruleset.local ? why : ""));
}

void own(Plan& plan, const Ruleset& ruleset) {
  Chain& own = add(plan, "own", "Packets for which a transparent socket exists.");
  own.steps.push_back(step({match::Direction{}, match::Translated{}}, {act::Return{}},
                           "not for weir: another table has translated it"));
  own.steps.push_back(
      step({match::SocketMark{ruleset.bypass_mark}}, {act::Goto{"deliver"}},
           "weir's sockets towards servers carry the bypass-mark: these are their answers"));
  own.steps.push_back(step({match::ForSocket{match::ForSocket::What::wildcard}}, {act::Return{}},
                           "not for the listener: what is sent to its port elsewhere is not "
                           "ours"));
  if (ruleset.keeps_datagrams()) {
    datagrams_to_listener(ruleset, own, {is_udp, match::Label{label::carried}},
                          "what weir answers in this flow, whatever the rules say by now");
  }
  own.steps.push_back(
      step({is_udp}, {act::Return{}}, "not for the sockets that UDP replies leave from"));
  if (ruleset.takes_new()) {
    own.steps.push_back(
        step({syn}, {to_listener(ruleset)},
             "a client that uses its port again, while the old connection is in TIME_WAIT"));
  }
  own.steps.push_back(
      step({}, {act::Goto{"deliver"}},
           "connections accepted earlier, whatever the rules say by now, and ICMP about them"));
  add(plan, "deliver",
      "The mark makes the policy route deliver a packet here, whatever its destination.")
      .steps.push_back(step({}, {act::SetMark{mark_alone(ruleset)}, act::Accept{}}));
}

void refuse(Plan& plan, const Ruleset& ruleset) {
  const Ports udp = ruleset.refused_udp();
  if (!ruleset.refuses_tcp() && udp.empty()) {
    return;
  }
  Chain& refuse = add(plan, "refuse");
  if (ruleset.refuses_tcp()) {
    refuse.steps.push_back(step({is_tcp}, {act::Reset{}}));
  }
  if (udp.empty()) {
    return;
  }
  refuse.steps.push_back(step({}, {act::Unreachable{}}));
  Chain& refused =
      add(plan, "refused",
          "The kernel sends a port unreachable from an address of the router. A client should\n"
          "see it come from whom it wrote to: take that address from the datagram that the "
          "error\n"
          "quotes (protocol, then port, then destination; an IPv4 header without options).");
  refused.hooks = {{Hook::Point::output, -150, "filter", "mangle"}};
  for (const Family family : {Family::v4, Family::v6}) {
    refused.steps.push_back(
        step({match::QuotesDatagram{family, udp}}, {act::SpeakForQuoted{family}}));
  }
}

void intercept_while_draining(Plan& plan, const Ruleset& ruleset) {
  Chain& chain = add(plan, "intercept",
                     "The gateway drains: what begins now goes on as if there were no weir.");
  if (!ruleset.udp.empty()) {
    chain.steps.push_back(step({match::Label{label::passing}}, {act::Accept{}}));
    chain.steps.push_back(step({is_udp, match::Confirmed{.negated = true}},
                               {act::SetLabel{label::passing}, act::Accept{}}));
    datagrams_to_listener(ruleset, chain, {is_udp});
  }
}

void intercept(Plan& plan, const Ruleset& ruleset) {
  if (!ruleset.has(Verdict::intercept)) {
    return;
  }
  if (!ruleset.takes_new()) {
    intercept_while_draining(plan, ruleset);
    return;
  }
  Chain& chain =
      add(plan, "intercept",
          std::string(
              "Hands the packet to the listener. Without one, tproxy ends its rule and nothing is\n"
              "marked") +
              (ruleset.on_failure == OnFailure::open
                   ? ": the packet goes on as if there were no weir (on-failure = open)."
                   : "; then the flow is refused at once (on-failure = closed)."));
  if (!ruleset.tcp.empty()) {
    chain.steps.push_back(ruleset.passes_what_is_under_way()
                              ? step({syn}, {to_listener(ruleset)},
                                     "a connection from its first packet on, or not at all")
                              : step({is_tcp}, {to_listener(ruleset)}));
  }
  if (!ruleset.udp.empty()) {
    chain.steps.push_back(step({is_udp}, {act::SetLabel{label::carried}}));
    datagrams_to_listener(ruleset, chain, {is_udp});
  }
  if (ruleset.on_failure == OnFailure::closed) {
    chain.steps.push_back(step({}, {act::Goto{"refuse"}}));
  }
}

// Only what begins a flow is looked up: a datagram of one that weir carries already goes to it.
void by_route(Plan& plan, const Ruleset& ruleset) {
  if (!ruleset.needs_routes()) {
    return;
  }
  Chain& chain = add(
      plan, "by_route",
      "What goes on to its own destination, where the router has no route there, or forbids it:\n"
      "the client hears so from the router itself, as if there were no weir.");
  const auto unreachable = [&](Conditions when) {
    if (ruleset.local_services) {
      when.emplace_back(to_kinds({match::Kind::local}, true));
    }
    when.emplace_back(match::NoRoute{});
    chain.steps.push_back(step(std::move(when), {act::Accept{}}));
  };
  if (!ruleset.tcp.empty()) {
    unreachable({syn});
  }
  if (!ruleset.udp.empty()) {
    unreachable({is_udp, match::Label{label::carried, true}});
  }
  chain.steps.push_back(step({}, {act::Goto{"intercept"}}));
}

void answers(Plan& plan, const Ruleset& ruleset) {
  if (!ruleset.harms_answers(Protocol::udp)) {
    return;
  }
  Chain& sent = add(plan, "sent",
                    "What weir sends in another's name, where connection tracking takes it for a "
                    "beginning:\n"
                    "what the client says next is no answer.");
  sent.hooks = {{Hook::Point::output, -150, "filter", "mangle"}};
  sent.steps.push_back(
      step({is_udp, match::Tracked{match::Tracked::State::opening}, match::Direction{},
            match::AddressKind{Side::source, {match::Kind::local}, true, false}},
           {act::SetLabel{label::spoken_first}}));
  Chain& answers = add(plan, "answers");
  answers.steps.push_back(step({match::Label{label::spoken_first}}, {act::Return{}}));
  answers.steps.push_back(step({}, {act::Accept{}}));
}

void entry(Plan& plan, const Ruleset& ruleset) {
  Chain& chain = add(plan, "prerouting");
  chain.hooks = {{Hook::Point::prerouting, -95, "filter", "dstnat + 5"}};
  chain.steps.push_back(step({match::InInterface{{"lo"}}}, {act::Accept{}},
                             "what the router sends to itself, or to weir"));
  chain.steps.push_back(
      step({match::ForSocket{}}, {act::Jump{"own"}}, "packets for sockets of weir's own"));
  if (ruleset.inbound == Inbound::named) {
    if (!ruleset.interfaces.empty()) {
      chain.steps.push_back(step({match::InInterface{ruleset.interfaces, true}}, {act::Accept{}}));
    }
  } else if (!ruleset.outside.empty()) {
    chain.steps.push_back(step({match::InInterface{ruleset.outside}}, {act::Accept{}},
                               "these lead outside: what comes in there is not intercepted"));
  }
  to_decisions(ruleset, chain, "decide");
}

// Not in the chains above: what is marked has left them.
void forget_sooner(Plan& plan, const Ruleset& ruleset) {
  if (!ruleset.closing || !ruleset.takes_new() || !ruleset.has(Verdict::intercept) ||
      ruleset.tcp.empty()) {
    return;
  }
  plan.closing = ruleset.closing;
  const Actions then = {act::ForgetSooner{}};
  Chain& in = add(plan, "closing_in");
  in.hooks = {{Hook::Point::prerouting, -94, "filter", "dstnat + 6"}};
  in.steps.push_back(step({syn, match::PacketMark{ruleset.mark}}, then));
  Chain& out = add(plan, "closing_out");
  out.hooks = {{Hook::Point::output, -94, "filter", "mangle + 56"}};
  out.steps.push_back(step({syn, match::SocketMark{ruleset.bypass_mark}}, then));
  if (ruleset.local) {
    out.steps.push_back(step({syn, match::PacketMark{ruleset.both_marks()}}, then));
  }
}

}  // namespace

void to_decisions(const Ruleset& ruleset, Chain& chain, std::string_view decisions) {
  std::string why = "the ports that some rule names";
  const act::Goto then{std::string(decisions)};
  if (!ruleset.tcp.empty()) {
    chain.steps.push_back(step({match::Flow{ruleset.tcp, {}}}, {then}, std::exchange(why, "")));
  }
  if (!ruleset.udp.empty()) {
    chain.steps.push_back(step({match::Flow{{}, ruleset.udp}}, {then}, why));
  }
}

std::string_view name_of(Hook::Point point) {
  switch (point) {
    case Hook::Point::prerouting:
      return "prerouting";
    case Hook::Point::input:
      return "input";
    case Hook::Point::forward:
      return "forward";
    case Hook::Point::output:
      break;
  }
  return "output";
}

const Chain* Plan::find(std::string_view name, std::string_view table) const {
  const auto found = std::find_if(chains.begin(), chains.end(), [=](const Chain& chain) {
    return chain.name == name && chain.table == table;
  });
  return found == chains.end() ? nullptr : &*found;
}

std::set<std::string> name_sets_of(const Plan& plan) {
  std::set<std::string> names;
  for (const Chain& chain : plan.chains) {
    for (const Step& each : chain.steps) {
      if (const auto* pair = firewall::find<match::LookedUp>(each.when); pair != nullptr) {
        names.insert(name_set(pair->set, *pair->family));
      }
    }
  }
  return names;
}

Plan make_plan(const Ruleset& ruleset) {
  Plan plan{.port = ruleset.port,
            .mark = ruleset.mark,
            .bypass_mark = ruleset.bypass_mark,
            .gateway = ruleset.gateway,
            .rejects = ruleset.rejects || ruleset.has(Verdict::reject),
            .by_routes = ruleset.by_routes,
            .long_lists = ruleset.long_lists};
  for (const Decision& decision : ruleset.decisions) {
    plan.counters.push_back(counter_name(decision));
  }
  own(plan, ruleset);
  refuse(plan, ruleset);
  intercept(plan, ruleset);
  by_route(plan, ruleset);
  if (!ruleset.decisions.empty()) {
    plan.counters.emplace_back(invalid_destination);
    answers(plan, ruleset);
    decide(plan, ruleset);
    if (ruleset.local) {
      local(plan, ruleset);
    }
  }
  entry(plan, ruleset);
  redirects(plan, ruleset);
  forget_sooner(plan, ruleset);
  return plan;
}

}  // namespace weir::firewall
