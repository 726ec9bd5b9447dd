#include "firewall/print_nft.h"

#include <fmt/format.h>

#include <cassert>
#include <utility>

#include "firewall/ipset.h"
#include "firewall/lower.h"
#include "firewall/words.h"

namespace weir::firewall {

namespace {

std::string_view name_of(Layer4 protocol) {
  switch (protocol) {
    case Layer4::tcp:
      return "tcp";
    case Layer4::udp:
      return "udp";
    case Layer4::icmp:
      break;
  }
  return "{ icmp, ipv6-icmp }";
}

std::string_view fib_type(match::Kind kind) {
  switch (kind) {
    case match::Kind::local:
      return "local";
    case match::Kind::broadcast:
      return "broadcast";
    case match::Kind::anycast:
      return "anycast";
    case match::Kind::multicast:
      break;
  }
  return "multicast";
}

std::string_view not_equal(bool negated) { return negated ? "!= " : ""; }

std::string names_set(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  quoted.reserve(names.size());
  for (const std::string& name : names) {
    quoted.push_back(nft_string(name));
  }
  return set_of(quoted);
}

std::string ports(std::string_view protocol, const Ports& ports) {
  return ports.all() ? fmt::format("meta l4proto {}", protocol)
                     : fmt::format("{} dport {}", protocol, set_of(words(ports, "-")));
}

struct NftCondition {
  std::string operator()(const match::Protocol4& is) const {
    return fmt::format("meta l4proto {}", name_of(is.protocol));
  }
  std::string operator()(const match::Flow& flow) const {
    if (flow.udp.empty()) {
      return ports("tcp", flow.tcp);
    }
    if (flow.tcp.empty()) {
      return ports("udp", flow.udp);
    }
    return flow.tcp.all() ? "meta l4proto { tcp, udp }"
                          : fmt::format("meta l4proto {{ tcp, udp }} th dport {}",
                                        set_of(words(flow.tcp, "-")));
  }
  std::string operator()(const match::Opening& opening) const {
    return fmt::format("tcp flags & (fin | syn | rst | ack) {} syn", opening.negated ? "!=" : "==");
  }
  std::string operator()(const match::InInterface& in) const {
    return fmt::format("iifname {}{}", not_equal(in.negated), names_set(in.names));
  }
  std::string operator()(const match::OutInterface& out) const {
    return fmt::format("oifname {}", names_set(out.names));
  }
  std::string operator()(const match::OfFamily& of) const {
    return of.family == Family::v4 ? "meta nfproto ipv4" : "meta nfproto ipv6";
  }
  std::string operator()(const match::Within& within) const {
    return fmt::format(
        "{} {} {}{}", within.prefixes.front().address.is_v4() ? "ip" : "ip6",
        within.side == Side::source ? "saddr" : "daddr", not_equal(within.negated),
        within.as_set ? "@" + set_name(within.prefixes) : set_of(words(within.prefixes)));
  }
  std::string operator()(const match::Reserved& reserved) const {
    return fmt::format("{} daddr {}", reserved.family == Family::v4 ? "ip" : "ip6",
                       set_of(reserved.prefixes));
  }
  std::string operator()(const match::Ends& /*ends*/) const {
    assert(false);  // for_nft() leaves none
    return "";
  }
  std::string operator()(const match::AddressKind& kind) const {
    std::vector<std::string> kinds;
    for (const match::Kind each : kind.kinds) {
      kinds.emplace_back(fib_type(each));
    }
    return fmt::format("fib {}{} type {}{}", kind.side == Side::source ? "saddr" : "daddr",
                       kind.on_inbound_link ? " . iif" : "", not_equal(kind.negated),
                       set_of(kinds));
  }
  std::string operator()(const match::PacketMark& is) const {
    return fmt::format("meta mark & {:#x} == {:#x}", is.mark.mask, is.mark.value);
  }
  std::string operator()(const match::SocketMark& is) const {
    return fmt::format("socket mark & {:#x} == {:#x}", is.mark.mask, is.mark.value);
  }
  std::string operator()(const match::ForSocket& socket) const {
    return socket.what == match::ForSocket::What::wildcard ? "socket wildcard 1"
                                                           : "socket transparent 1";
  }
  std::string operator()(const match::Direction& direction) const {
    return direction.reply ? "ct direction reply" : "ct direction original";
  }
  std::string operator()(const match::Translated& /*dnat*/) const { return "ct status dnat"; }
  std::string operator()(const match::Confirmed& confirmed) const {
    return fmt::format("ct status & confirmed {} 0", confirmed.negated ? "==" : "!=");
  }
  std::string operator()(const match::Tracked& tracked) const {
    switch (tracked.state) {
      case match::Tracked::State::opening:
        return fmt::format("ct state {}new", not_equal(tracked.negated));
      case match::Tracked::State::related:
        return fmt::format("ct state {}related", not_equal(tracked.negated));
      case match::Tracked::State::untracked:
        break;
    }
    return fmt::format("ct state {}untracked", not_equal(tracked.negated));
  }
  std::string operator()(const match::Label& label) const {
    return fmt::format("ct label {}{}", label.negated ? "! " : "", label.number);
  }
  std::string operator()(const match::InWords& words) const { return words.nft; }
  std::string operator()(const match::DontFragment& /*bit*/) const {
    return "ip frag-off & 0x4000 != 0";
  }
  std::string operator()(const match::NoRoute& /*route*/) const {
    return "fib daddr . mark oif missing";
  }
  std::string operator()(const match::LeavesElsewhere& elsewhere) const {
    return fmt::format("fib daddr . mark oifname != {}", names_set(elsewhere.interfaces));
  }
  std::string operator()(const match::SentByUser& sent) const {
    std::vector<std::string> numbers;
    for (const UserSetting& user : sent.users) {
      numbers.push_back(std::to_string(user.id));
    }
    return fmt::format("meta skuid {}", set_of(numbers));
  }
  std::string operator()(const match::SentByCgroup& sent) const {
    return fmt::format("socket cgroupv2 level {} {}", sent.cgroup.level(),
                       nft_string(sent.cgroup.nft_path));
  }
  std::string operator()(const match::Redirect& redirect) const {
    return redirect.family == Family::v4 ? "icmp type redirect" : "icmpv6 type nd-redirect";
  }
  std::string operator()(const match::LookedUp& pair) const {
    const bool v4 = pair.family == Family::v4;
    return fmt::format("{0} saddr . {0} daddr @{1}", v4 ? "ip" : "ip6",
                       name_set(pair.set, v4 ? Family::v4 : Family::v6));
  }
  // Offsets in bits from the ICMP header, which is 8 bytes; then follows the datagram's own header.
  std::string operator()(const match::QuotesDatagram& quotes) const {
    const bool v4 = quotes.family == Family::v4;
    std::string text = v4 ? "icmp type destination-unreachable icmp code port-unreachable "
                            "@th,64,8 0x45 @th,136,8 17"
                          : "icmpv6 type destination-unreachable icmpv6 code port-unreachable "
                            "@th,112,8 17";
    if (!quotes.ports.all()) {
      text += fmt::format(" @th,{},16 {}", v4 ? 240 : 400, set_of(words(quotes.ports, "-")));
    }
    return text;
  }
};

std::string set_mark(Mark mark) {
  return fmt::format("meta mark set meta mark & {:#010x} | {:#x}", ~mark.mask, mark.value);
}

struct NftAction {
  std::string operator()(const act::Accept& /*verdict*/) const { return "accept"; }
  std::string operator()(const act::Drop& /*verdict*/) const { return "drop"; }
  std::string operator()(const act::Return& /*verdict*/) const { return "return"; }
  std::string operator()(const act::Goto& to) const { return "goto " + to.chain; }
  std::string operator()(const act::Jump& to) const { return "jump " + to.chain; }
  std::string operator()(const act::Count& count) const {
    return fmt::format("counter name \"{}\"", count.counter);
  }
  std::string operator()(const act::SetMark& set) const { return set_mark(set.mark); }
  std::string operator()(const act::SetLabel& label) const {
    return fmt::format("ct label set {}", label.number);
  }
  // Where there is no listener the rule ends at tproxy.
  std::string operator()(const act::Tproxy& tproxy) const {
    return fmt::format("tproxy {}to :{} {} accept", tproxy.family ? "ip " : "", tproxy.port,
                       set_mark(tproxy.mark));
  }
  std::string operator()(const act::ForgetSooner& /*timeouts*/) const {
    return "ct timeout set \"closing\"";
  }
  std::string operator()(const act::Reset& /*verdict*/) const { return "reject with tcp reset"; }
  std::string operator()(const act::Unreachable& /*verdict*/) const {
    return "reject with icmpx type port-unreachable";
  }
  std::string operator()(const act::SpeakForQuoted& speak) const {
    return speak.family == Family::v4 ? "ip saddr set @th,192,32" : "ip6 saddr set @th,256,128";
  }
};

std::string line_of(const Step& step) {
  std::string line;
  for (const Condition& condition : step.when) {
    line += std::visit(NftCondition{}, condition) + " ";
  }
  for (const Action& action : step.then) {
    line += std::visit(NftAction{}, action) + " ";
  }
  line.back() = '\n';
  return line;
}

void print(std::string& out, const Chain& chain) {
  out += comment(chain.why, "\t");
  out += fmt::format("\tchain {} {{\n", chain.name);
  for (const Hook& hook : chain.hooks) {
    out += fmt::format("\t\t{}\n", nft_hook(hook));
  }
  for (const Step& step : chain.steps) {
    out += comment(step.why, "\t\t") + "\t\t" + line_of(step);
  }
  out += "\t}\n";
}

}  // namespace

std::string print_name_set(const std::string& name) {
  const bool v4 = name == name_set(name.substr(name.rfind('-') + 1), Family::v4);
  return fmt::format("\tset {} {{\n\t\ttype {} . {}\n\t\tflags timeout\n\t}}\n", name,
                     v4 ? "ipv4_addr" : "ipv6_addr", v4 ? "ipv4_addr" : "ipv6_addr");
}

std::string nft_hook(const Hook& hook) {
  return fmt::format("type {} hook {} priority {}; policy accept;", hook.type, name_of(hook.point),
                     hook.nft_priority);
}

std::string print_nft(const Plan& plan) {
  return "# Declared first, so that the deletion never fails: a new table takes the old one's "
         "place\n"
         "# in one transaction.\n"
         "table inet weir\n"
         "delete table inet weir\n\n" +
         print_nft_table(plan);
}

std::string print_nft_table(const Plan& plan) {
  std::string out = "table inet weir {\n";
  for (const std::string& counter : plan.counters) {
    out += fmt::format("\tcounter {} {{ }}\n", counter);
  }
  bool apart = !plan.counters.empty();
  if (plan.closing) {
    out += std::exchange(apart, true) ? "\n" : "";
    out += fmt::format(
        "\t# A connection that weir carries has two entries in connection tracking, where a\n"
        "\t# forwarded one has one: they are forgotten sooner after its end (seconds).\n"
        "\tct timeout closing {{\n"
        "\t\tprotocol tcp\n"
        "\t\tl3proto inet\n"
        "\t\tpolicy = {{ close : {}, time_wait : {} }}\n"
        "\t}}\n",
        plan.closing->close, plan.closing->time_wait);
  }
  std::string why =
      "\t# Clients, and addresses that they have looked up under names that a rule decides about:\n"
      "\t# weir puts them in before it hands on the DNS answer.\n";
  for (const std::string& name : name_sets_of(plan)) {
    out += std::exchange(apart, true) ? "\n" : "";
    out += std::exchange(why, "") + print_name_set(name);
  }
  for (const Chain& chain : plan.chains) {
    out += std::exchange(apart, true) ? "\n" : "";
    print(out, chain);
  }
  out += "}\n";
  return out;
}

std::string render_nft(const Ruleset& ruleset) { return print_nft(for_nft(make_plan(ruleset))); }

}  // namespace weir::firewall
