#include "firewall/print_iptables.h"

#include <fmt/format.h>

#include <cassert>

#include "firewall/ipset.h"
#include "firewall/lower.h"
#include "firewall/words.h"

namespace weir::firewall {

namespace {

std::string value_mask(Mark mark) { return fmt::format("{:#x}/{:#x}", mark.value, mark.mask); }

std::string_view inverted(bool negated) { return negated ? "! " : ""; }

std::string_view address_type(match::Kind kind) {
  switch (kind) {
    case match::Kind::local:
      return "LOCAL";
    case match::Kind::broadcast:
      return "BROADCAST";
    case match::Kind::anycast:
      return "ANYCAST";
    case match::Kind::multicast:
      break;
  }
  return "MULTICAST";
}

std::string_view name_of(match::Tracked::State state) {
  switch (state) {
    case match::Tracked::State::opening:
      return "NEW";
    case match::Tracked::State::related:
      return "RELATED";
    case match::Tracked::State::untracked:
      break;
  }
  return "UNTRACKED";
}

// One of weir's interfaces, or lo.
std::string interface(const std::vector<std::string>& names) {
  assert(names.size() == 1);
  return names.front() == "lo" ? "lo" : iptables_interface(names.front());
}

struct IptablesCondition {
  Family family;

  std::string operator()(const match::Protocol4& is) const {
    switch (is.protocol) {
      case Layer4::tcp:
        return "-p tcp";
      case Layer4::udp:
        return "-p udp";
      case Layer4::icmp:
        break;
    }
    return family == Family::v4 ? "-p icmp" : "-p ipv6-icmp";
  }
  std::string operator()(const match::Flow& flow) const {
    const Ports& ports = flow.udp.empty() ? flow.tcp : flow.udp;
    const std::string_view protocol = flow.udp.empty() ? "tcp" : "udp";
    return ports.all() ? fmt::format("-p {}", protocol)
                       : fmt::format("-p {} -m multiport --dports {}", protocol,
                                     fmt::join(words(ports, ":"), ","));
  }
  std::string operator()(const match::Opening& opening) const {
    return fmt::format("-m tcp {}--tcp-flags FIN,SYN,RST,ACK SYN", inverted(opening.negated));
  }
  std::string operator()(const match::InInterface& in) const { return "-i " + interface(in.names); }
  std::string operator()(const match::OutInterface& out) const {
    return "-o " + interface(out.names);
  }
  std::string operator()(const match::Within& within) const {
    const bool source = within.side == Side::source;
    if (within.as_set) {
      return fmt::format("-m set --match-set {} {}", set_name(within.prefixes),
                         source ? "src" : "dst");
    }
    return fmt::format("{} {}", source ? "-s" : "-d", words(within.prefixes).front());
  }
  std::string operator()(const match::Reserved& reserved) const {
    return "-d " + reserved.prefixes.front();
  }
  std::string operator()(const match::AddressKind& kind) const {
    std::vector<std::string_view> kinds;
    for (const match::Kind each : kind.kinds) {
      kinds.push_back(address_type(each));
    }
    return fmt::format("-m addrtype {}--{}-type {}{}", inverted(kind.negated),
                       kind.side == Side::source ? "src" : "dst", fmt::join(kinds, ","),
                       kind.on_inbound_link ? " --limit-iface-in" : "");
  }
  std::string operator()(const match::PacketMark& is) const {
    return "-m mark --mark " + value_mask(is.mark);
  }
  std::string operator()(const match::ForSocket& socket) const {
    return socket.restores_mark ? "-m socket --transparent --restore-skmark"
                                : "-m socket --transparent";
  }
  std::string operator()(const match::Direction& direction) const {
    return fmt::format("-m conntrack --ctdir {}", direction.reply ? "REPLY" : "ORIGINAL");
  }
  std::string operator()(const match::Translated& /*dnat*/) const {
    return "-m conntrack --ctstate DNAT";
  }
  std::string operator()(const match::Confirmed& confirmed) const {
    return fmt::format("-m conntrack {}--ctstatus CONFIRMED", inverted(confirmed.negated));
  }
  std::string operator()(const match::Tracked& tracked) const {
    return fmt::format("-m conntrack {}--ctstate {}", inverted(tracked.negated),
                       name_of(tracked.state));
  }
  std::string operator()(const match::Label& label) const {
    return fmt::format("-m connlabel {}--label {}", inverted(label.negated), label.number);
  }
  std::string operator()(const match::InWords& words) const {
    assert(words.any_of.size() == 1);
    return words.any_of.front().iptables;
  }
  // The bit is in the second word of the IP header.
  std::string operator()(const match::DontFragment& /*bit*/) const {
    return "-m u32 --u32 4&0x4000=0x4000";
  }
  std::string operator()(const match::Redirect& redirect) const {
    return redirect.family == Family::v4 ? "-p icmp -m icmp --icmp-type redirect"
                                         : "-p ipv6-icmp -m icmp6 --icmpv6-type redirect";
  }
  std::string operator()(const match::SentByUser& sent) const {
    return fmt::format("-m owner --uid-owner {}", sent.users.front().id);
  }
  std::string operator()(const match::SentByCgroup& sent) const {
    return fmt::format("-m cgroup --path {}", sent.cgroup.path);
  }
  // What for_iptables() leaves none of.
  template <typename Other>
  std::string operator()(const Other& /*other*/) const {
    assert(false);
    return "";
  }
};

struct IptablesAction {
  std::string operator()(const act::Accept& /*verdict*/) const { return "-j ACCEPT"; }
  std::string operator()(const act::Drop& /*verdict*/) const { return "-j DROP"; }
  std::string operator()(const act::Return& /*verdict*/) const { return "-j RETURN"; }
  std::string operator()(const act::Goto& to) const { return "-g " + to.chain; }
  std::string operator()(const act::Jump& to) const { return "-j " + to.chain; }
  std::string operator()(const act::Count& count) const {
    return "-m comment --comment " + count.counter;
  }
  std::string operator()(const act::SetMark& set) const {
    return "-j MARK --set-xmark " + value_mask(set.mark);
  }
  std::string operator()(const act::SetLabel& label) const {
    return fmt::format("-m connlabel --label {} --set", label.number);
  }
  std::string operator()(const act::Tproxy& tproxy) const {
    return fmt::format("-j TPROXY --on-port {} --tproxy-mark {}", tproxy.port,
                       value_mask(tproxy.mark));
  }
  std::string operator()(const act::Reset& /*verdict*/) const {
    return "-j REJECT --reject-with tcp-reset";
  }
  std::string operator()(const act::Unreachable& /*verdict*/) const { return "-j REJECT"; }
  // What for_iptables() leaves none of.
  template <typename Other>
  std::string operator()(const Other& /*other*/) const {
    assert(false);
    return "";
  }
};

std::string line_of(const Step& step, Family family) {
  std::string line;
  for (const Condition& condition : step.when) {
    line += " " + std::visit(IptablesCondition{family}, condition);
  }
  for (const Action& action : step.then) {
    line += " " + std::visit(IptablesAction{}, action);
  }
  return line + "\n";
}

}  // namespace

std::string print_iptables(const Plan& plan) {
  std::string out;
  for (const std::string_view table : {"mangle", "filter"}) {
    const std::vector<std::string> chains = chains_in(plan, table);
    if (chains.empty()) {
      continue;
    }
    out += fmt::format("*{}\n", table);
    for (const std::string& chain : chains) {
      out += fmt::format(":{} - [0:0]\n", chain);
    }
    for (const Chain& chain : plan.chains) {
      if (chain.table != table) {
        continue;
      }
      out += chain.steps.empty() ? "" : comment(chain.why, "");
      for (const Step& step : chain.steps) {
        if (!step.optional) {
          out += comment(step.why, "");
          out += fmt::format("-A {}{}", chain.name, line_of(step, *plan.family));
        }
      }
    }
    out += "COMMIT\n";
  }
  return out;
}

std::string print_optional(const Plan& plan) {
  std::string out;
  for (const Chain& chain : plan.chains) {
    for (const Step& step : chain.steps) {
      if (step.optional) {
        out += fmt::format("-I {}{}", chain.name, line_of(step, *plan.family));
      }
    }
  }
  return out;
}

std::string render_iptables(const Ruleset& ruleset, Family family) {
  return print_iptables(for_iptables(make_plan(ruleset), family));
}

std::string render_masqueraded(const Ruleset& ruleset, Family family) {
  return print_optional(for_iptables(make_plan(ruleset), family));
}

}  // namespace weir::firewall
