// What the firewall has to do, as data: which packets go to the gateway and which it decides by
// itself. One model, built purely from the configuration; two small renderers (print_nft.h,
// print_iptables.h) write it in a tool's words.
//
// The rules keep the configuration's order, so that the first match wins here as it does in the
// gateway. A rule that only the gateway can decide intercepts every packet that could be its own;
// the gateway then looks for the rule again, among all of them. Each condition knows what of it a
// packet filter can check (narrowing.h).
//
// Plain values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/configuration.h"
#include "firewall/cgroups.h"
#include "firewall/match.h"
#include "firewall/name_rules.h"
#include "weir/units.h"
#include "weir/upstream.h"

namespace weir::firewall {

enum class Verdict : std::uint8_t {
  intercept,  // to the gateway
  bypass,     // goes on as if there were no weir
  reject,     // TCP reset, ICMP port unreachable
  drop,       // silence
};
[[nodiscard]] std::string_view name_of(Verdict verdict);

enum class Backend : std::uint8_t { nft, iptables };
[[nodiscard]] std::string_view name_of(Backend backend);

struct Decision {
  std::string name;     // the rule's name, or "(default)"
  std::size_t row = 0;  // the rule's place in the configuration, from 1; 0: the default
  Verdict verdict = Verdict::intercept;
  Ports tcp;
  Ports udp;
  Upstream::Leads leads = Upstream::Leads::elsewhere;
  std::vector<std::string> interfaces;  // empty: any
  std::optional<Addresses> v4;          // none: nothing of this family can match
  std::optional<Addresses> v6;
  std::vector<Condition> also;  // what else a packet must meet
  bool only_inbound = false;    // nothing that the router itself sends can match
  // NameRule::set: only pairs of a client and an address that it has looked up. Empty: all packets.
  // The rule's others go to the gateway, by another decision of that rule.
  std::string looked_up = {};
};

// Seconds that connection tracking remembers a TCP connection after both FINs, and after a reset.
struct ClosingTimeouts {
  unsigned time_wait = 0;
  unsigned close = 0;
  friend bool operator==(const ClosingTimeouts&, const ClosingTimeouts&) = default;
};

struct Ruleset {
  std::string file;  // the configuration it was made from
  Port port = 0;
  Mark mark;
  std::uint32_t table = 0;
  Mark bypass_mark;
  Inbound inbound = Inbound::not_outside;
  std::vector<std::string> interfaces;  // named; `ppp*` is every one that begins so
  std::vector<std::string> towards;     // only what routing sends out by one of these; empty: any
  std::vector<Prefix> exclude_v4;
  std::vector<Prefix> exclude_v6;
  bool local = false;  // also what the router itself sends
  // But not what these send.
  std::vector<UserSetting> exclude_users;
  std::vector<Cgroup> exclude_cgroups;
  bool local_services = false;
  OnFailure on_failure = OnFailure::open;
  // The state of the gateway that the rules are made for: see while_draining and while_down.
  enum class Gateway : std::uint8_t { serves, drains, is_down } gateway = Gateway::serves;
  Ports tcp;  // every port that some rule names
  Ports udp;

  // What the machine adds to the configuration (surroundings.h).
  std::vector<std::string> outside;  // Inbound::not_outside: these are not for clients
  bool all_outside = false;          // and there are no others
  // Policy rules may ask for the interface that a packet came in by, which a rule of nft cannot.
  enum class Lookup : std::uint8_t { by_packet, by_interface } lookup = Lookup::by_packet;
  enum class LongLists : std::uint8_t { are_rules, are_sets } long_lists = LongLists::are_rules;
  std::optional<ClosingTimeouts> closing;  // of what weir carries; none: the kernel's
  // For iptables, which cannot ask the routes: destinations that go by because of them.
  struct ByRoutes {
    std::vector<Prefix> v4;
    std::vector<Prefix> v6;
  } by_routes;

  // First match wins. The last one is the default: for all of the ports above where the file sets
  // it or nothing goes to the gateway; else for those that some rule sends there, and what is left
  // goes on as if there were no weir. Rules at the end that go to the gateway, as the default does,
  // are left to it.
  std::vector<Decision> decisions;
  // What is to be in the sets of pairs that they ask.
  std::vector<NameRule> name_rules;
  // Rules that it would decide alone, and that no packet meets at the moment.
  std::vector<std::string> idle;
  // Some rule rejects, be it in another of its windows, or when a set has something in it.
  bool rejects = false;

  // On the router's own packets that are to come in again; without any, on datagrams that come in
  // and may not be fragmented.
  [[nodiscard]] Mark both_marks() const {
    return {mark.value | bypass_mark.value, mark.mask | bypass_mark.mask};
  }
  [[nodiscard]] bool has(Verdict verdict) const;
  // Whether a decision is for every packet that comes to be decided.
  [[nodiscard]] bool is_for_all(const Decision& decision) const {
    return decision.row == 0 && decision.tcp == tcp && decision.udp == udp;
  }
  // The UDP ports whose datagrams the firewall may have to refuse by itself.
  [[nodiscard]] Ports refused_udp() const;
  [[nodiscard]] bool refuses_tcp() const;
  // Whether some decision would harm what comes back to a client in a flow that weir does not
  // carry: a packet to a port that a rule names, though it opens nothing.
  [[nodiscard]] bool harms_answers(Protocol protocol) const;
  // What it would intercept goes on instead where the router has no route to its destination: the
  // client hears of that as if there were no weir, and may try the other address family.
  [[nodiscard]] bool needs_route(const Decision& decision) const;
  [[nodiscard]] bool needs_routes() const;
  // Whether routes decide about anything.
  [[nodiscard]] bool asks_routes() const;
  // The same for the router's own addresses, which weir would reach from within: an input filter
  // sees its connections come in on lo. Only where the clients' interfaces are named is that meant.
  [[nodiscard]] bool spares_own(const Decision& decision) const;
  // Connections that began without the gateway go on without it, or else are reset.
  [[nodiscard]] bool passes_what_is_under_way() const { return on_failure == OnFailure::open; }
  // What opens a connection is handed to the listener.
  [[nodiscard]] bool takes_new() const { return gateway == Gateway::serves; }
  // Datagrams of flows that the gateway carries are handed to it whatever the decisions say. Not
  // where no rule is for datagrams any more: not every kernel has labels, and TCP needs none.
  [[nodiscard]] bool keeps_datagrams() const { return gateway != Gateway::is_down && !udp.empty(); }
};

// `handlings` has one entry for each of configuration.rules, of the upstream that the rule uses;
// `otherwise` is the same for the gateway's default. `cgroups`: those of firewall.exclude_cgroups
// that are there.
[[nodiscard]] Ruleset make_ruleset(const Configuration& configuration,
                                   std::span<const Upstream::Handling> handlings,
                                   Upstream::Handling otherwise, std::vector<Cgroup> cgroups = {});

// The rules for a gateway that takes no new flows, where on-failure = open: what belongs to flows
// of its own still reaches it, and what begins now goes on as if there were no weir, to its end,
// though the gateway ends and another one starts meanwhile.
[[nodiscard]] Ruleset while_draining(Ruleset ruleset);

// The rules for the time without a gateway, where those above cannot notice by themselves that
// their listener is gone: what was intercepted is let through, or refused, as on-failure says.
[[nodiscard]] Ruleset while_down(Ruleset ruleset);

// Whether a cleanup process has to put them in place when the gateway dies: TPROXY of iptables
// drops what finds no listener, and what the router itself sends is marked before a listener can be
// looked for.
[[nodiscard]] bool needs_cleanup_process(const Ruleset& ruleset, Backend backend);

// The name under which a decision is counted, in the letters that nft and iptables both take:
// "rule-2-web", "rule-2-web-looked-up", "default".
[[nodiscard]] std::string counter_name(const Decision& decision);

}  // namespace weir::firewall
