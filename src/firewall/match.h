// What is asked of a packet: the conditions that the steps of a plan have, and that a rule's own
// conditions become (narrowing.h).
//
// A new one is a struct and a place in the variant here; the compiler then asks for its words in
// both printers, and for its meaning in evaluate.cc. What one rule's condition alone asks needs
// none of that: it brings its words and its meaning along (match::InWords).
//
// Plain values; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/configuration.h"
#include "firewall/cgroups.h"
#include "weir/endpoint.h"
#include "weir/units.h"

namespace weir::firewall {

struct Packet;  // evaluate.h

struct Ports {
  struct Range {
    Port first = 0;
    Port last = 0;
    friend bool operator==(const Range&, const Range&) = default;
  };
  std::vector<Range> ranges;  // ascending, without overlap; adjacent ones are joined
  [[nodiscard]] bool empty() const { return ranges.empty(); }
  [[nodiscard]] bool all() const;
  friend bool operator==(const Ports&, const Ports&) = default;
};

// Conditions on the addresses of one family. Lists are ascending, and no prefix in a list covers
// another, for which nft would refuse it.
struct Addresses {
  std::vector<Prefix> client;  // empty: any
  std::vector<Prefix> not_client;
  std::vector<Prefix> destination;  // empty: any
  std::vector<Prefix> not_destination;
  [[nodiscard]] bool any() const;
  friend bool operator==(const Addresses&, const Addresses&) = default;
};

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
  bool as_set = false;  // in a set that has a name (ipset.h)
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
// What a rule's condition asks in words of its own. Of its alternatives one at least must hold, or
// one of those that follow.
struct InWords {
  struct Alternative {
    std::string iptables;  // one match, with its own -m: "-m mac --mac-source 02:00:5e:10:00:01"
    std::function<bool(const Packet&)> holds;
  };
  std::string nft;  // one expression for all of them: "ether saddr 02:00:5e:10:00:01"
  std::vector<Alternative> any_of;
  // Packets of the other family are not asked: they meet it.
  std::optional<Family> only_for = std::nullopt;
  // No packet of the other one meets it.
  std::optional<Family> of = std::nullopt;
  std::vector<InWords> or_else = {};
};
// Both addresses are a pair in a set that the gateway fills with what clients have looked up
// (name_rules.h).
struct LookedUp {
  std::string set;                    // NameRule::set
  std::optional<Family> family = {};  // none: of either; only before lower()
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
                   match::Tracked, match::Label, match::InWords, match::DontFragment,
                   match::NoRoute, match::LeavesElsewhere, match::SentByUser, match::SentByCgroup,
                   match::Redirect, match::LookedUp, match::QuotesDatagram> {
  using variant::variant;
  Condition(const Condition& other);
  Condition(Condition&& other) noexcept;
  Condition& operator=(const Condition& other);
  Condition& operator=(Condition&& other) noexcept;
  ~Condition();
};

}  // namespace weir::firewall
