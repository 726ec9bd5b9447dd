// How the table is built, and why.
//
// A base chain looks at every packet that comes in, before routing, and does little: is it for a
// socket of weir's own, did it come in where weir should look, is its port one that a rule names?
// Only then come the decisions, in the configuration's order. Each decision that matches leaves by
// `goto`, so that whatever happens next no later decision sees the packet; that matters with
// `on-failure = open`, where a packet for which tproxy finds no listener must pass, and must not
// fall into a `reject` further down.
//
// With `on-failure = open` a connection is intercepted from its first packet on or not at all: one
// that began without weir, before it was started, while somebody had taken the rules away, or
// before a reload named its port, goes on past it. Handed to the listener, its next packet would be
// answered with a reset. What this gives up: where more connections wait for their handshake's end
// than the listener may hold (some thousands: a flood), the kernel goes over to SYN cookies and
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
// it pass, and all that follow. What is not tracked goes to weir. What a flow is silent for longer
// than connection tracking remembers it passes, too.
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
#include "firewall/nft.h"

#include <fmt/format.h>

#include "firewall/labels.h"
#include "firewall/words.h"

namespace weir::firewall {

namespace {

// The `tcp flags` of a packet that opens a connection.
constexpr std::string_view syn = "tcp flags & (fin | syn | rst | ack) == syn";
constexpr std::string_view not_syn = "tcp flags & (fin | syn | rst | ack) != syn";

std::string set_mark(Mark mark) {
  return fmt::format("meta mark set meta mark & {:#010x} | {:#x}", ~mark.mask, mark.value);
}

// Hands the packet to the listener; where there is none, the rule ends here.
std::string tproxy(const Ruleset& ruleset) {
  return fmt::format("tproxy to :{} {} accept\n", ruleset.port, set_mark(ruleset.mark));
}

// One match of a port list: "tcp dport { 80, 8000-8100 }".
std::string ports_match(std::string_view protocol, const Ports& ports) {
  if (ports.all()) {
    return fmt::format("meta l4proto {}", protocol);
  }
  return fmt::format("{} dport {}", protocol, set_of(words(ports, "-")));
}

std::vector<std::string> ports_matches(const Ports& tcp, const Ports& udp) {
  if (tcp == udp && tcp.all()) {
    return {"meta l4proto { tcp, udp }"};
  }
  if (tcp == udp) {
    return {fmt::format("meta l4proto {{ tcp, udp }} th dport {}", set_of(words(tcp, "-")))};
  }
  std::vector<std::string> matches;
  if (!tcp.empty()) {
    matches.push_back(ports_match("tcp", tcp));
  }
  if (!udp.empty()) {
    matches.push_back(ports_match("udp", udp));
  }
  return matches;
}

std::string interfaces_match(std::string_view operation, const std::vector<std::string>& names) {
  if (names.empty()) {
    return "";
  }
  std::vector<std::string> quoted;
  quoted.reserve(names.size());
  for (const std::string& name : names) {
    quoted.push_back(nft_string(name));
  }
  return fmt::format("iifname {}{} ", operation, set_of(quoted));
}

std::string address_match(std::string_view family, const Addresses& addresses) {
  if (addresses.any()) {
    return fmt::format("meta nfproto {} ", family == "ip" ? "ipv4" : "ipv6");
  }
  std::string match;
  const auto add = [&](std::string_view field, const std::vector<Prefix>& list) {
    if (!list.empty()) {
      match += fmt::format("{} {}{} ", family, field, set_of(words(list)));
    }
  };
  add("saddr ", addresses.client);
  add("saddr != ", addresses.not_client);
  add("daddr ", addresses.destination);
  add("daddr != ", addresses.not_destination);
  return match;
}

std::vector<std::string> address_matches(const Decision& decision) {
  if (decision.v4 && decision.v6 && decision.v4->any() && decision.v6->any()) {
    return {""};
  }
  std::vector<std::string> matches;
  if (decision.v4) {
    matches.push_back(address_match("ip", *decision.v4));
  }
  if (decision.v6) {
    matches.push_back(address_match("ip6", *decision.v6));
  }
  return matches;
}

// Whether packets came in, or are the router's own on their way out.
enum class Origin : std::uint8_t { forwarded, local };

std::string_view statement(Verdict verdict, Origin origin) {
  switch (verdict) {
    case Verdict::bypass:
      return "accept";
    case Verdict::reject:
      return "goto refuse";
    case Verdict::drop:
      return "drop";
    case Verdict::intercept:
      break;
  }
  return origin == Origin::local ? "goto divert" : "goto intercept";
}

void write_decision(std::string& out, const Decision& decision, Origin origin) {
  const std::string then = fmt::format("counter name \"{}\" {}\n", counter_name(decision),
                                       statement(decision.verdict, origin));
  if (decision.row == 0) {
    out += fmt::format("\t\t# whatever is left: {}\n\t\t{}", name_of(decision.verdict), then);
    return;
  }
  out += fmt::format("\t\t# rule {}: {}\n", printable(decision.name), name_of(decision.verdict));
  const std::string where = interfaces_match("", decision.interfaces);
  for (const std::string& ports : ports_matches(decision.tcp, decision.udp)) {
    for (const std::string& addresses : address_matches(decision)) {
      out += fmt::format("\t\t{}{} {}{}", where, ports, addresses, then);
    }
  }
}

void write_counters(std::string& out, const Ruleset& ruleset) {
  for (const Decision& decision : ruleset.decisions) {
    out += fmt::format("\tcounter {} {{ }}\n", counter_name(decision));
  }
}

void write_own(std::string& out, const Ruleset& ruleset) {
  out += fmt::format(
      "\t# Packets for which a transparent socket exists.\n"
      "\tchain own {{\n"
      "\t\t# weir's sockets towards servers carry the bypass-mark: these are their answers\n"
      "\t\tsocket mark & {:#x} == {:#x} goto deliver\n"
      "\t\t# not for the listener: what is sent to its port elsewhere is not ours\n"
      "\t\tsocket wildcard 1 return\n",
      ruleset.bypass_mark.mask, ruleset.bypass_mark.value);
  if (ruleset.keeps_datagrams()) {
    out += fmt::format(
        "\t\t# what weir answers in this flow, whatever the rules say by now\n"
        "\t\tmeta l4proto udp ct label {} {}",
        label::carried, tproxy(ruleset));
  }
  out +=
      "\t\t# not for the sockets that UDP replies leave from\n"
      "\t\tmeta l4proto udp return\n";
  if (ruleset.takes_new()) {
    out += fmt::format(
        "\t\t# a client that uses its port again, while the old connection is in TIME_WAIT\n"
        "\t\t{} {}",
        syn, tproxy(ruleset));
  }
  out += fmt::format(
      "\t\t# connections accepted earlier, whatever the rules say by now, and ICMP about them\n"
      "\t\tgoto deliver\n"
      "\t}}\n\n"
      "\t# The mark makes the policy route deliver a packet here, whatever its destination.\n"
      "\tchain deliver {{\n\t\t{} accept\n\t}}\n",
      set_mark(ruleset.mark));
}

void write_intercept_while_draining(std::string& out, const Ruleset& ruleset) {
  out +=
      "\n\t# The gateway drains: what begins now goes on as if there were no weir.\n"
      "\tchain intercept {\n";
  if (!ruleset.udp.empty()) {
    out += fmt::format(
        "\t\tct label {0} accept\n"
        "\t\tmeta l4proto udp ct status & confirmed == 0 ct label set {0} accept\n"
        "\t\tmeta l4proto udp {1}",
        label::passing, tproxy(ruleset));
  }
  out += "\t}\n";
}

void write_intercept(std::string& out, const Ruleset& ruleset) {
  if (!ruleset.has(Verdict::intercept)) {
    return;
  }
  if (!ruleset.takes_new()) {
    write_intercept_while_draining(out, ruleset);
    return;
  }
  out +=
      "\n\t# Hands the packet to the listener. Without one, tproxy ends its rule and nothing is\n"
      "\t# marked";
  out += ruleset.on_failure == OnFailure::open
             ? ": the packet goes on as if there were no weir (on-failure = open).\n"
             : "; then the flow is refused at once (on-failure = closed).\n";
  out += "\tchain intercept {\n";
  for (const std::string_view protocol : {"tcp", "udp"}) {
    const Ports& ports = protocol == "tcp" ? ruleset.tcp : ruleset.udp;
    if (ports.empty()) {
      continue;
    }
    const bool from_the_first = protocol == "tcp" && ruleset.passes_what_is_under_way();
    if (protocol == "udp") {
      out += fmt::format("\t\tmeta l4proto udp ct label set {}\n", label::carried);
    }
    out +=
        from_the_first
            ? fmt::format("\t\t# a connection from its first packet on, or not at all\n\t\t{}", syn)
            : fmt::format("\t\tmeta l4proto {}", protocol);
    out += " " + tproxy(ruleset);
  }
  if (ruleset.on_failure == OnFailure::closed) {
    out += "\t\tgoto refuse\n";
  }
  out += "\t}\n";
}

void write_refuse(std::string& out, const Ruleset& ruleset) {
  const Ports udp = ruleset.refused_udp();
  if (!ruleset.refuses_tcp() && udp.empty()) {
    return;
  }
  out += "\n\tchain refuse {\n";
  if (ruleset.refuses_tcp()) {
    out += "\t\tmeta l4proto tcp reject with tcp reset\n";
  }
  if (!udp.empty()) {
    out += "\t\treject with icmpx type port-unreachable\n";
  }
  out += "\t}\n";
  if (udp.empty()) {
    return;
  }

  // Offsets in bits from the ICMP header, which is 8 bytes; then follows the datagram's own header.
  const std::string v4_port =
      udp.all() ? "" : fmt::format("@th,240,16 {} ", set_of(words(udp, "-")));
  const std::string v6_port =
      udp.all() ? "" : fmt::format("@th,400,16 {} ", set_of(words(udp, "-")));
  out += fmt::format(
      "\n\t# The kernel sends a port unreachable from an address of the router. A client should\n"
      "\t# see it come from whom it wrote to: take that address from the datagram that the error\n"
      "\t# quotes (protocol, then port, then destination; an IPv4 header without options).\n"
      "\tchain refused {{\n"
      "\t\ttype filter hook output priority mangle; policy accept;\n"
      "\t\ticmp type destination-unreachable icmp code port-unreachable @th,64,8 0x45 "
      "@th,136,8 17 {}ip saddr set @th,192,32\n"
      "\t\ticmpv6 type destination-unreachable icmpv6 code port-unreachable @th,112,8 17 "
      "{}ip6 saddr set @th,256,128\n"
      "\t}}\n",
      v4_port, v6_port);
}

void write_exclude(std::string& out, const Ruleset& ruleset) {
  if (!ruleset.exclude_v4.empty() || !ruleset.exclude_v6.empty()) {
    out += "\t\t# exclude\n";
  }
  if (!ruleset.exclude_v4.empty()) {
    out += fmt::format("\t\tip daddr {} accept\n", set_of(words(ruleset.exclude_v4)));
  }
  if (!ruleset.exclude_v6.empty()) {
    out += fmt::format("\t\tip6 daddr {} accept\n", set_of(words(ruleset.exclude_v6)));
  }
}

void write_answers(std::string& out, const Ruleset& ruleset) {
  if (!ruleset.harms_answers(Protocol::udp)) {
    return;
  }
  out += fmt::format(
      "\n\t# What weir sends in another's name, where connection tracking takes it for a "
      "beginning:\n"
      "\t# what the client says next is no answer.\n"
      "\tchain sent {{\n"
      "\t\ttype filter hook output priority mangle; policy accept;\n"
      "\t\tmeta l4proto udp ct state new ct direction original fib saddr type != local "
      "ct label set {0}\n"
      "\t}}\n"
      "\n\tchain answers {{\n\t\tct label {0} return\n\t\taccept\n\t}}\n",
      label::spoken_first);
}

void write_decide(std::string& out, const Ruleset& ruleset) {
  out += "\n\t# The rules, in the configuration's order. The first match wins.\n\tchain decide {\n";
  if (ruleset.harms_answers(Protocol::tcp) || ruleset.harms_answers(Protocol::udp)) {
    out += "\t\t# what comes back to a client in a flow that weir does not carry\n";
  }
  if (ruleset.harms_answers(Protocol::tcp)) {
    out += fmt::format("\t\t{} ct direction reply accept\n", not_syn);
  }
  if (ruleset.harms_answers(Protocol::udp)) {
    out += "\t\tmeta l4proto udp ct direction reply jump answers\n";
  }
  if (ruleset.local_services) {
    out += fmt::format(
        "\t\t# never broadcast and multicast\n"
        "\t\tfib daddr type {{ broadcast, anycast, multicast }} accept\n"
        "\t\t# to the router itself: only what opens a connection, not answers in its own\n"
        "\t\tfib daddr type local meta l4proto tcp {} accept\n",
        not_syn);
  } else {
    out +=
        "\t\t# never the router's own addresses, broadcast and multicast\n"
        "\t\tfib daddr type { local, broadcast, anycast, multicast } accept\n";
  }
  write_exclude(out, ruleset);
  for (const Decision& decision : ruleset.decisions) {
    write_decision(out, decision, Origin::forwarded);
  }
  out += "\t}\n";
}

void write_divert(std::string& out, const Ruleset& ruleset) {
  if (!ruleset.has(Verdict::intercept)) {
    return;
  }
  out += "\n\tchain divert {\n";
  if (!ruleset.takes_new()) {
    out += fmt::format("\t\t# what began while the gateway served\n\t\tct label {} {} accept\n",
                       label::diverted, set_mark(ruleset.mark));
  } else if (ruleset.passes_what_is_under_way()) {
    out += fmt::format(
        "\t\t# a connection from its first packet on, or not at all\n"
        "\t\t{} ct label ! {} accept\n"
        "\t\tct label set {} {} accept\n",
        not_syn, label::diverted, label::diverted, set_mark(ruleset.mark));
  } else {
    out += fmt::format("\t\t{} accept\n", set_mark(ruleset.mark));
  }
  out += "\t}\n";
}

// What the router itself sends cannot be handed to the listener on its way out: it is marked, the
// mark routes it to lo, and there it comes in like anything else (see write_prerouting).
void write_local(std::string& out, const Ruleset& ruleset) {
  write_divert(out, ruleset);
  out +=
      "\n\t# The same rules for what the router sends, which comes in nowhere.\n"
      "\tchain decide_local {\n"
      "\t\tfib daddr type { local, broadcast, anycast, multicast } accept\n";
  write_exclude(out, ruleset);
  for (const Decision& decision : ruleset.decisions) {
    if (decision.interfaces.empty()) {
      write_decision(out, decision, Origin::local);
    }
  }
  out += fmt::format(
      "\t}}\n\n"
      "\tchain output {{\n"
      "\t\ttype route hook output priority mangle; policy accept;\n"
      "\t\t# weir's own sockets\n"
      "\t\tmeta mark & {:#x} == {:#x} accept\n"
      "\t\t# answers: to clients of weir's, and of services on this router\n"
      "\t\tct direction reply accept\n"
      "\t\toifname \"lo\" accept\n",
      ruleset.bypass_mark.mask, ruleset.bypass_mark.value);
  if (!ruleset.tcp.empty()) {
    out += fmt::format("\t\t{} goto decide_local\n", ports_match("tcp", ruleset.tcp));
  }
  if (!ruleset.udp.empty()) {
    out += fmt::format("\t\t{} goto decide_local\n", ports_match("udp", ruleset.udp));
  }
  out += "\t}\n";
}

void write_prerouting(std::string& out, const Ruleset& ruleset) {
  out +=
      "\n\tchain prerouting {\n"
      "\t\ttype filter hook prerouting priority mangle; policy accept;\n";
  if (ruleset.local && ruleset.has(Verdict::intercept)) {
    // Before `own`: the socket that a UDP reply leaves from would take the next datagram. What
    // belongs to a connection finds it by itself.
    out += fmt::format(
        "\t\t# what the router itself sends, diverted by the chain output\n"
        "\t\tiifname \"lo\" meta mark & {:#x} == {:#x} goto intercept\n",
        ruleset.mark.mask, ruleset.mark.value);
  }
  out +=
      "\t\tsocket transparent 1 jump own\n"
      "\t\t# what the router sends to itself\n"
      "\t\tiifname \"lo\" accept\n";
  if (!ruleset.interfaces.empty()) {
    out += fmt::format("\t\t{}accept\n", interfaces_match("!= ", ruleset.interfaces));
  }
  if (!ruleset.tcp.empty()) {
    out += fmt::format("\t\t{} goto decide\n", ports_match("tcp", ruleset.tcp));
  }
  if (!ruleset.udp.empty()) {
    out += fmt::format("\t\t{} goto decide\n", ports_match("udp", ruleset.udp));
  }
  out += "\t}\n";
}

}  // namespace

std::string render_nft(const Ruleset& ruleset) {
  std::string out =
      "# Declared first, so that the deletion never fails: a new table takes the old one's place\n"
      "# in one transaction.\n"
      "table inet weir\n"
      "delete table inet weir\n\n"
      "table inet weir {\n";
  write_counters(out, ruleset);
  if (!ruleset.decisions.empty()) {
    out += '\n';
  }
  write_own(out, ruleset);
  write_refuse(out, ruleset);
  write_intercept(out, ruleset);
  if (!ruleset.decisions.empty()) {
    write_answers(out, ruleset);
    write_decide(out, ruleset);
  }
  if (ruleset.local && !ruleset.decisions.empty()) {
    write_local(out, ruleset);
  }
  write_prerouting(out, ruleset);
  out += "}\n";
  return out;
}

}  // namespace weir::firewall
