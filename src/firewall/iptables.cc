// Three things that nft does and iptables cannot, and what is done instead.
//
// 1. `-m socket` tests a socket's mark only by copying it over the packet's (--restore-skmark), so
//    it is asked only where there is no other way: for UDP, to tell weir's sockets towards servers
//    from those that replies leave from. A datagram that finds a transparent socket thereby loses
//    the mark bits of others; every other packet keeps them.
// 2. Rules that match several prefixes need chains of their own, and a verdict found there must end
//    the rules of weir without ending those of others. So a match in such a chain sets the
//    bypass-mark on the packet, returns, and the next rule leaves for good, for a chain that takes
//    it off again. REJECT is not allowed here at all: the bypass-mark stays on, and `filter`
//    refuses the packet.
// 3. Labels of connection tracking are for some kernels a module more, and used where nothing else
//    will do. That a datagram which looks like an answer is for weir is told by the socket that
//    weir speaks from in its receiver's name, which does not outlive weir.
//
// The shape is nft.cc's: WEIR looks at every packet, WEIR-DECIDE holds the rules in order.
#include "firewall/iptables.h"

#include <fmt/format.h>

#include "firewall/iptables_chains.h"
#include "firewall/iptables_match.h"
#include "firewall/labels.h"
#include "firewall/words.h"

namespace weir::firewall {

namespace {

constexpr std::string_view syn = "-m tcp --tcp-flags FIN,SYN,RST,ACK SYN";
constexpr std::string_view not_syn = "-m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN";

std::string value_mask(std::uint32_t value, std::uint32_t mask) {
  return fmt::format("{:#x}/{:#x}", value, mask);
}

class Writer {
 public:
  Writer(const Ruleset& ruleset, Family family) : ruleset_(ruleset), family_(family) {}

  std::string mangle() {
    begin("mangle");
    entry_of_local();
    own();
    entry();
    decide(Origin::forwarded);
    verdicts();
    if (ruleset_.local && !ruleset_.decisions.empty()) {
      local();
    }
    return std::move(out_) + "COMMIT\n";
  }

  std::string filter() {
    begin("filter");
    const std::string mark = fmt::format(
        "-m mark --mark {}",
        value_mask(ruleset_.bypass_mark.value, ruleset_.bypass_mark.mask | ruleset_.mark.mask));
    add("WEIR", fmt::format("-p tcp {} -j REJECT --reject-with tcp-reset", mark));
    add("WEIR", fmt::format("-p udp {} -j REJECT", mark));
    if (ruleset_.local) {
      add("WEIR-LOCAL", fmt::format("-p tcp {} -j REJECT --reject-with tcp-reset", both_marks()));
      add("WEIR-LOCAL", fmt::format("-p udp {} -j REJECT", both_marks()));
    }
    return std::move(out_) + "COMMIT\n";
  }

 private:
  void add(std::string_view chain, std::string_view rule) {
    out_ += fmt::format("-A {} {}\n", chain, rule);
  }

  void begin(std::string_view table) {
    out_ += fmt::format("*{}\n", table);
    for (const std::string& chain : iptables_chains(ruleset_, family_, table)) {
      out_ += fmt::format(":{} - [0:0]\n", chain);
    }
  }

  [[nodiscard]] std::string bypass_mark() const {
    return value_mask(ruleset_.bypass_mark.value, ruleset_.bypass_mark.mask);
  }

  // What is to be refused of the router's own packets: the bypass-mark alone is on weir's sockets.
  [[nodiscard]] std::string both_marks() const {
    return fmt::format("-m mark --mark {}",
                       value_mask(ruleset_.bypass_mark.value | ruleset_.mark.value,
                                  ruleset_.bypass_mark.mask | ruleset_.mark.mask));
  }

  // What the router itself sends comes in on lo, marked. First of all, for the socket that a UDP
  // reply leaves from would take the mark off; what belongs to a connection finds it by itself.
  void entry_of_local() {
    if (!ruleset_.local || !ruleset_.has(Verdict::intercept)) {
      return;
    }
    out_ += "# what the router itself sends, diverted by WEIR-LOCAL\n";
    add("WEIR", fmt::format("-i lo -m mark --mark {} -g WEIR-INTERCEPT",
                            value_mask(ruleset_.mark.value, ruleset_.mark.mask)));
  }

  // Packets for which a transparent socket exists; see nft.cc. `-m socket` leaves out listeners.
  void own() {
    out_ += "# packets for sockets of weir's own\n";
    add("WEIR", "-p udp -m socket --transparent --restore-skmark -j WEIR-OWN-UDP");
    if (ruleset_.gateway != Ruleset::Gateway::is_down) {
      add("WEIR", "-p tcp -m socket --transparent -g WEIR-OWN-TCP");
    } else {
      // Only connections that a gateway left in TIME_WAIT. New ones of the same client go on.
      add("WEIR", fmt::format("-p tcp {} -m socket --transparent -g WEIR-OWN-TCP", not_syn));
    }
    add("WEIR", fmt::format("-p {} -m socket --transparent -g WEIR-DELIVER",
                            family_ == Family::v4 ? "icmp" : "ipv6-icmp"));
    add("WEIR-OWN-UDP", fmt::format("-m mark --mark {} -g WEIR-DELIVER", bypass_mark()));
    add("WEIR-OWN-UDP", "-j MARK --set-xmark 0x0/0xffffffff");
    if (ruleset_.keeps_datagrams()) {
      add("WEIR-OWN-UDP",
          fmt::format("-p udp -m connlabel --label {} {}", label::carried, tproxy()));
    }
    // An answer from a server is a SYN with ACK, or no SYN: this is a client's new connection.
    if (ruleset_.takes_new()) {
      add("WEIR-OWN-TCP", fmt::format("-p tcp {} {}", syn, tproxy()));
    }
    add("WEIR-OWN-TCP", "-g WEIR-DELIVER");
    add("WEIR-DELIVER", fmt::format("-j MARK --set-xmark {}",
                                    value_mask(ruleset_.mark.value,
                                               ruleset_.mark.mask | ruleset_.bypass_mark.mask)));
    add("WEIR-DELIVER", "-j ACCEPT");
  }

  void entry() {
    out_ += "# what the router sends to itself\n";
    add("WEIR", "-i lo -j RETURN");
    if (ruleset_.decisions.empty()) {
      return;
    }
    out_ += "# the ports that some rule names\n";
    for (const std::string& match : flow_matches(ruleset_.interfaces, ruleset_.tcp, {})) {
      add("WEIR", match + "-g WEIR-DECIDE");
    }
    const bool answers = ruleset_.harms_answers(Protocol::udp);
    for (const std::string& match : flow_matches(ruleset_.interfaces, {}, ruleset_.udp)) {
      add("WEIR", match + (answers ? "-g WEIR-UDP" : "-g WEIR-DECIDE"));
    }
    if (answers) {
      out_ += "# datagrams that answer others go on, unless weir speaks in their receiver's name\n";
      add("WEIR-UDP", "-m conntrack --ctdir REPLY -m socket --transparent -g WEIR-DECIDE");
      add("WEIR-UDP", "-m conntrack --ctdir REPLY -j RETURN");
      add("WEIR-UDP", "-g WEIR-DECIDE");
    }
  }

  void local() {
    out_ += "# what the router itself sends: not weir's sockets, not answers\n";
    add("WEIR-LOCAL", fmt::format("-m mark --mark {} -j RETURN", bypass_mark()));
    add("WEIR-LOCAL", "-o lo -j RETURN");
    add("WEIR-LOCAL", "-m conntrack --ctdir REPLY -j RETURN");
    for (const std::string& match : flow_matches({}, ruleset_.tcp, ruleset_.udp)) {
      add("WEIR-LOCAL", match + "-g WEIR-L-DECIDE");
    }
    decide(Origin::local);
    if (ruleset_.has(Verdict::intercept)) {
      divert_whole_connections();
      out_ += "# the mark routes the packet to lo, where it comes in\n";
      add("WEIR-L-INTERCEPT",
          fmt::format("-j MARK --set-xmark {}",
                      value_mask(ruleset_.mark.value, ruleset_.mark.mask | matched_mask())));
    }
    if (ruleset_.has(Verdict::reject)) {
      add("WEIR-L-REFUSE", fmt::format("-j MARK --set-xmark {}",
                                       value_mask(ruleset_.bypass_mark.value | ruleset_.mark.value,
                                                  ruleset_.bypass_mark.mask | ruleset_.mark.mask)));
    }
  }

  void divert_whole_connections() {
    if (!ruleset_.passes_what_is_under_way()) {
      return;
    }
    clear_matched("WEIR-L-INTERCEPT");
    if (!ruleset_.takes_new()) {
      out_ += "# what began while the gateway served\n";
      add("WEIR-L-INTERCEPT", fmt::format("-m connlabel ! --label {} -j RETURN", label::diverted));
      return;
    }
    out_ += "# a connection from its first packet on, or not at all\n";
    add("WEIR-L-INTERCEPT",
        fmt::format("-p tcp {} -m conntrack ! --ctstate UNTRACKED -m connlabel ! --label {} "
                    "-j RETURN",
                    not_syn, label::diverted));
    add("WEIR-L-INTERCEPT", fmt::format("-m connlabel --label {} --set", label::diverted));
  }

  void decide(Origin origin) {
    if (ruleset_.decisions.empty()) {
      return;
    }
    const std::string chain = std::string(prefix_of(origin)) + "DECIDE";
    const bool to_router = ruleset_.local_services && origin == Origin::forwarded;
    if (origin == Origin::forwarded && ruleset_.harms_answers(Protocol::tcp)) {
      out_ += "# what comes back to a client in a connection that weir does not carry\n";
      add(chain, fmt::format("-p tcp {} -m conntrack --ctdir REPLY -j RETURN", not_syn));
    }
    out_ += to_router ? "# never broadcast and multicast\n"
                      : "# never the router's own addresses, broadcast and multicast\n";
    // For IPv6 the kernel takes MULTICAST together with other types to mean: and, not or.
    add(chain, "-m addrtype --dst-type MULTICAST -j RETURN");
    const std::string_view never = family_ == Family::v4 ? "BROADCAST,ANYCAST" : "ANYCAST";
    if (to_router) {
      add(chain, fmt::format("-m addrtype --dst-type {} -j RETURN", never));
      out_ += "# to the router itself only what opens a connection\n";
      add(chain, fmt::format("-p tcp -m addrtype --dst-type LOCAL {} -j RETURN", not_syn));
    } else {
      add(chain, fmt::format("-m addrtype --dst-type LOCAL,{} -j RETURN", never));
    }
    const auto& exclude = family_ == Family::v4 ? ruleset_.exclude_v4 : ruleset_.exclude_v6;
    if (!exclude.empty()) {
      out_ += "# exclude\n";
    }
    for (const std::string& prefix : words(exclude)) {
      add(chain, fmt::format("-d {} -j RETURN", prefix));
    }
    add(chain, fmt::format("-j MARK --set-xmark {}", value_mask(0, ruleset_.bypass_mark.mask)));
    for (const Decision& decision : ruleset_.decisions) {
      if (origin == Origin::forwarded || decision.interfaces.empty()) {
        write(decision, origin);
      }
    }
  }

  void write(const Decision& decision, Origin origin) {
    const std::string chain = std::string(prefix_of(origin)) + "DECIDE";
    const std::string count = fmt::format("-m comment --comment {} ", counter_name(decision));
    if (decision.row == 0) {
      out_ += fmt::format("# whatever is left: {}\n", name_of(decision.verdict));
      add(chain, count + leave(decision.verdict, origin));
      return;
    }
    const auto& addresses = addresses_in(decision, family_);
    if (!addresses) {
      return;
    }
    out_ += fmt::format("# rule {}: {}\n", printable(decision.name), name_of(decision.verdict));
    for (const std::string& match : flow_matches(decision.interfaces, decision.tcp, decision.udp)) {
      if (!needs_chain(decision, family_)) {
        add(chain, match + count + leave(decision.verdict, origin));
      } else {
        add(chain, fmt::format("{}-j {}", match, chain_of(decision, origin)));
      }
    }
    if (!needs_chain(decision, family_)) {
      return;
    }
    if (decision.verdict != Verdict::drop) {
      add(chain, fmt::format("-m mark --mark {} {}", bypass_mark(),
                             leave_matched(decision.verdict, origin)));
    }
    write_addresses(decision, *addresses, count, origin);
  }

  void write_addresses(const Decision& decision, const Addresses& addresses,
                       const std::string& count, Origin origin) {
    const std::string chain = chain_of(decision, origin);
    const std::string hit = count + (decision.verdict == Verdict::drop
                                         ? "-j DROP"
                                         : fmt::format("-j MARK --set-xmark {}", bypass_mark()));
    for (const std::string& prefix : words(addresses.not_client)) {
      add(chain, fmt::format("-s {} -j RETURN", prefix));
    }
    for (const std::string& prefix : words(addresses.not_destination)) {
      add(chain, fmt::format("-d {} -j RETURN", prefix));
    }
    const bool both = both_ends(addresses);
    for (const std::string& prefix : words(addresses.client)) {
      // By goto, for one prefix covers a client: what the second chain lets through is done here.
      add(chain, both ? fmt::format("-s {} -g {}-TO", prefix, chain)
                      : fmt::format("-s {} {}", prefix, hit));
    }
    for (const std::string& prefix : words(addresses.destination)) {
      add(both ? chain + "-TO" : chain, fmt::format("-d {} {}", prefix, hit));
    }
    if (addresses.client.empty() && addresses.destination.empty()) {
      add(chain, hit);
    }
  }

  // How a packet leaves WEIR-DECIDE, which was entered by goto: RETURN ends weir's rules.
  static std::string leave(Verdict verdict, Origin origin) {
    switch (verdict) {
      case Verdict::bypass:
        return "-j RETURN";
      case Verdict::reject:
        return fmt::format("-g {}REFUSE", prefix_of(origin));
      case Verdict::drop:
        return "-j DROP";
      case Verdict::intercept:
        break;
    }
    return fmt::format("-g {}INTERCEPT", prefix_of(origin));
  }

  // The same for what a rule's own chain has marked.
  static std::string leave_matched(Verdict verdict, Origin origin) {
    return verdict == Verdict::bypass ? "-g WEIR-BYPASS" : leave(verdict, origin);
  }

  // What a verdict has to take off.
  [[nodiscard]] std::uint32_t matched_mask() const {
    return leaves_by_mark(ruleset_, family_) ? ruleset_.bypass_mark.mask : 0;
  }
  void clear_matched(std::string_view chain) {
    if (matched_mask() != 0) {
      add(chain, fmt::format("-j MARK --set-xmark {}", value_mask(0, matched_mask())));
    }
  }

  void verdicts() {
    if (ruleset_.has(Verdict::intercept)) {
      intercept();
    }
    if (ruleset_.has(Verdict::reject)) {
      out_ +=
          "# REJECT is not allowed in this table: filter's WEIR refuses what carries this mark\n";
      add("WEIR-REFUSE", fmt::format("-j MARK --set-xmark {}",
                                     value_mask(ruleset_.bypass_mark.value,
                                                ruleset_.bypass_mark.mask | ruleset_.mark.mask)));
      add("WEIR-REFUSE", "-j ACCEPT");
    }
    if (bypasses_by_mark(ruleset_, family_)) {
      add("WEIR-BYPASS",
          fmt::format("-j MARK --set-xmark {}", value_mask(0, ruleset_.bypass_mark.mask)));
    }
  }

  // See nft.cc for what a gateway that drains gets.
  void intercept_while_draining() {
    out_ += "# the gateway drains: what begins now goes on as if there were no weir\n";
    clear_matched("WEIR-INTERCEPT");
    if (ruleset_.udp.empty()) {
      return;
    }
    add("WEIR-INTERCEPT",
        fmt::format("-p udp -m conntrack ! --ctstatus CONFIRMED -m connlabel --label {} --set "
                    "-j RETURN",
                    label::passing));
    add("WEIR-INTERCEPT",
        fmt::format("-p udp -m connlabel ! --label {} {}", label::passing, tproxy()));
  }

  void intercept() {
    if (!ruleset_.takes_new()) {
      intercept_while_draining();
      return;
    }
    out_ += "# to the listener; without one, TPROXY drops the packet\n";
    clear_matched("WEIR-INTERCEPT");
    for (const std::string_view protocol : {"tcp", "udp"}) {
      if ((protocol == "tcp" ? ruleset_.tcp : ruleset_.udp).empty()) {
        continue;
      }
      const bool from_the_first = protocol == "tcp" && ruleset_.passes_what_is_under_way();
      if (protocol == "udp") {  // by itself: what is not tracked cannot have it
        add("WEIR-INTERCEPT", fmt::format("-p udp -m connlabel --label {} --set", label::carried));
      }
      add("WEIR-INTERCEPT", fmt::format("-p {} {}{}", protocol,
                                        from_the_first ? std::string(syn) + " " : "", tproxy()));
    }
  }

  [[nodiscard]] std::string tproxy() const {
    return fmt::format("-j TPROXY --on-port {} --tproxy-mark {}", ruleset_.port,
                       value_mask(ruleset_.mark.value, ruleset_.mark.mask));
  }

  const Ruleset& ruleset_;
  Family family_;
  std::string out_;
};

}  // namespace

std::string render_iptables(const Ruleset& ruleset, Family family) {
  std::string text = Writer(ruleset, family).mangle();
  if (!iptables_chains(ruleset, family, "filter").empty()) {
    text += Writer(ruleset, family).filter();
  }
  return text;
}

}  // namespace weir::firewall
