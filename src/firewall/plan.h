// What happens to a packet, as chains of steps: pure data, built once from the ruleset, in the
// kernel's terms and in no tool's words. lower.h turns it into what a tool can do, print_nft.h and
// print_iptables.h write it, one line a step, and evaluate.h answers what becomes of a packet.
//
// A new condition or action is a struct and a place in its variant here; the compiler then asks for
// its words in both printers, and for its meaning in evaluate.cc.
//
// Plain values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "firewall/ruleset.h"
#include "weir/endpoint.h"
#include "weir/units.h"

namespace weir::firewall {

enum class Layer4 : std::uint8_t { tcp, udp, icmp };  // icmp: of either family
enum class Side : std::uint8_t { source, destination };

// Conditions: each holds or does not hold for one packet.
namespace match {

struct Protocol4 {
  Layer4 protocol = Layer4::tcp;
};
// Protocol and destination port. A protocol without ports does not match.
struct Flow {
  Ports tcp;
  Ports udp;
};
// Of the flags FIN, SYN, RST and ACK only SYN is set: the packet opens a connection.
struct Opening {
  bool negated = false;
};
// The name of the interface; `ppp*` is every one that begins so.
struct InInterface {
  std::vector<std::string> names;
  bool negated = false;
};
struct OutInterface {
  std::vector<std::string> names;
};
struct OfFamily {
  Family family = Family::v4;
};
// The address lies in one of the prefixes, which are of one family: no packet of the other matches,
// negated or not.
struct Within {
  Side side = Side::destination;
  std::vector<Prefix> prefixes;
  bool negated = false;
  bool as_set = false;  // iptables: a set of the kernel's (ipset.h)
};
// The destination lies in one of the prefixes. In text, for Prefix takes an IPv4 address within an
// IPv6 one for IPv4.
struct Reserved {
  Family family = Family::v4;
  std::vector<std::string> prefixes;
};
// What a rule's conditions say of both addresses, for either family. Only before lower().
struct Ends {
  std::optional<Addresses> v4;
  std::optional<Addresses> v6;
};
enum class Kind : std::uint8_t { local, broadcast, anycast, multicast };
// What the address is to this machine's routing.
struct AddressKind {
  Side side = Side::destination;
  std::vector<Kind> kinds;
  bool negated = false;
  bool on_inbound_link = false;  // to the interface that the packet came in by alone
};
struct PacketMark {
  Mark mark;
};
// The mark of the socket that the packet is for, or that sends it.
struct SocketMark {
  Mark mark;
};
// The packet is for a transparent socket; or for one that is bound to no address (a listener).
struct ForSocket {
  enum class What : std::uint8_t { transparent, wildcard } what = What::transparent;
  // iptables: leaves out listeners, and can give the packet the socket's mark.
  bool bound = false;
  bool restores_mark = false;
};
// Connection tracking. What is not tracked matches nothing but `untracked`, negated or not.
struct Direction {
  bool reply = false;
};
struct Translated {};  // its destination, by another table
struct Confirmed {     // the kernel knew the flow before this packet
  bool negated = false;
};
struct Tracked {
  enum class State : std::uint8_t { opening, related, untracked } state = State::opening;
  bool negated = false;
};
struct Label {
  int number = 0;
  bool negated = false;
};
struct DontFragment {};  // IPv4
// Routing has no route to the destination, or forbids it.
struct NoRoute {};
// Routing sends what is for the destination out by none of these.
struct LeavesElsewhere {
  std::vector<std::string> interfaces;
};
struct SentByUser {
  std::vector<UserSetting> users;
};
struct SentByCgroup {
  Cgroup cgroup;
};
// An ICMP redirect.
struct Redirect {
  Family family = Family::v4;
};
// An ICMP error, port unreachable, about a datagram to one of these ports.
struct QuotesDatagram {
  Family family = Family::v4;
  Ports ports;
};

}  // namespace match

// Copied and destroyed in steps.cc alone: a variant of so many types costs every file that does it
// a second to compile.
struct Condition
    : std::variant<match::Protocol4, match::Flow, match::Opening, match::InInterface,
                   match::OutInterface, match::OfFamily, match::Within, match::Reserved,
                   match::Ends, match::AddressKind, match::PacketMark, match::SocketMark,
                   match::ForSocket, match::Direction, match::Translated, match::Confirmed,
                   match::Tracked, match::Label, match::DontFragment, match::NoRoute,
                   match::LeavesElsewhere, match::SentByUser, match::SentByCgroup, match::Redirect,
                   match::QuotesDatagram> {
  using variant::variant;
  Condition(const Condition& other);
  Condition(Condition&& other) noexcept;
  Condition& operator=(const Condition& other);
  Condition& operator=(Condition&& other) noexcept;
  ~Condition();
};

namespace act {

struct Accept {};  // ends the hook's chain
struct Drop {};
struct Return {};
struct Goto {
  std::string chain;
};
struct Jump {
  std::string chain;
};
struct Count {
  std::string counter;
};
// The bits of `mark.mask` become `mark.value`; others stay.
struct SetMark {
  Mark mark;
};
struct SetLabel {
  int number = 0;
};
// Hands the packet to the listener, marks and accepts it.
struct Tproxy {
  Port port = 0;
  Mark mark;                     // as SetMark
  std::optional<Family> family;  // of this one only
  enum class WithoutListener : std::uint8_t { next_step, drop } without_listener{};
};
// Connection tracking forgets the connection's end as soon as Plan::closing says.
struct ForgetSooner {};
struct Reset {};        // TCP RST
struct Unreachable {};  // ICMP port unreachable
// An ICMP error leaves from the address that the datagram it quotes was for.
struct SpeakForQuoted {
  Family family = Family::v4;
};

}  // namespace act

struct Action : std::variant<act::Accept, act::Drop, act::Return, act::Goto, act::Jump, act::Count,
                             act::SetMark, act::SetLabel, act::Tproxy, act::ForgetSooner,
                             act::Reset, act::Unreachable, act::SpeakForQuoted> {
  using variant::variant;
  Action(const Action& other);
  Action(Action&& other) noexcept;
  Action& operator=(const Action& other);
  Action& operator=(Action&& other) noexcept;
  ~Action();
};

struct Step {
  std::vector<Condition> when;  // all of them; none: always
  std::vector<Action> then;
  std::string why = {};  // in lines; empty: the step before says it
  std::vector<Condition> unless =
      {};                 // with `when`: goes on as if there were no weir. Before lower()
  std::size_t row = 0;    // of the configuration's rule that it is
  bool optional = false;  // for kernels that can do it
};

struct Hook {
  enum class Point : std::uint8_t { prerouting, input, forward, output } point{};
  int priority = 0;               // among the chains of one place, ascending
  std::string_view type;          // nft's
  std::string_view nft_priority;  // the priority in nft's words
};
[[nodiscard]] std::string_view name_of(Hook::Point point);

struct Chain {
  std::string name;
  std::string why = {};
  std::vector<Hook> hooks = {};  // none: others lead here
  std::vector<Step> steps = {};
  std::string_view table = {};  // iptables
};

struct Plan {
  std::optional<Family> family = {};  // none: both
  Port port = 0;
  Mark mark = {};
  Mark bypass_mark = {};
  Ruleset::Gateway gateway = Ruleset::Gateway::serves;
  std::vector<std::string> counters = {};
  std::optional<ClosingTimeouts> closing = {};
  std::vector<Chain> chains = {};
  // For tools that cannot ask the routes, or compare with one prefix after another.
  Ruleset::ByRoutes by_routes = {};
  Ruleset::LongLists long_lists = Ruleset::LongLists::are_rules;

  [[nodiscard]] const Chain* find(std::string_view name, std::string_view table = {}) const;
  [[nodiscard]] Mark both_marks() const {
    return {mark.value | bypass_mark.value, mark.mask | bypass_mark.mask};
  }
};

// In nft's order of things, for both families.
[[nodiscard]] Plan make_plan(const Ruleset& ruleset);

}  // namespace weir::firewall
