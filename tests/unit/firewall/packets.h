// Arbitrary packets in the world of arbitrary.h, with what the kernel would know of them.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "arbitrary.h"
#include "firewall/evaluate.h"
#include "firewall/labels.h"

namespace weir::firewall {

inline Address address_of(std::string_view text) { return Address::parse(text).value(); }

inline void add_addresses(Arbitrary& arbitrary, Packet& packet, bool v4) {
  const std::vector<std::string> clients =
      v4 ? std::vector<std::string>{"192.0.2.3", "192.0.2.7", "192.0.2.200", "10.9.9.9"}
         : std::vector<std::string>{"fd00:1::7", "fd00:1::99", "fd00:9::1"};
  const std::vector<std::string> servers =
      v4 ? std::vector<std::string>{"198.51.100.9", "198.51.100.200", "203.0.113.7", "192.0.2.7"}
         : std::vector<std::string>{"fd00:2::9", "fd00:3::9", "fd00:3::1", "fd00:1::7"};
  packet.source = {address_of(arbitrary.of(clients)), 41'000};
  packet.destination = {address_of(arbitrary.of(servers)), arbitrary.of(Arbitrary::ports())};
  if (arbitrary.one_in(8)) packet.destination.port = 9'999;
}

// The first packet of a client's flow, to an address elsewhere.
inline Packet arbitrary_opening(Arbitrary& arbitrary) {
  Packet packet;
  add_addresses(arbitrary, packet, arbitrary.one_in(2));
  packet.protocol = arbitrary.one_in(2) ? Layer4::tcp : Layer4::udp;
  packet.opening = packet.protocol == Layer4::tcp;
  packet.in = arbitrary.one_in(2) ? "lan" : "guest1";
  packet.route_out = "wan";
  return packet;
}

// What is said of a packet must fit together as it would in a kernel:
// - what nat translates is not for a socket of weir's;
// - a datagram that answers a flow which weir opened in its peer's name (label spoken_first) has
//   the socket that weir speaks from, which is what iptables looks at;
// - what comes in on lo, diverted, carries both marks and has no transparent socket;
// - answers do not go to reserved places;
// - while weir is down no SYN meets an old connection of its client: iptables lets it pass, nft
//   delivers it;
// - what is not tracked: the tools' answers differ where a label is denied (match::Label).
class ArbitraryPacket {
 public:
  ArbitraryPacket(Arbitrary& arbitrary, const Ruleset& ruleset)
      : arbitrary_(arbitrary), ruleset_(ruleset) {}

  Packet make() {
    const bool v4 = arbitrary_.one_in(2);
    add_addresses(arbitrary_, packet_, v4);
    const std::size_t kind = arbitrary_.below(10);
    packet_.protocol = kind == 0 ? Layer4::icmp : kind < 5 ? Layer4::tcp : Layer4::udp;
    packet_.opening = packet_.protocol == Layer4::tcp && !arbitrary_.one_in(3);
    packet_.dont_fragment = arbitrary_.one_in(2);
    packet_.mark = arbitrary_.one_in(4) ? 0x1'0000 : 0;
    track();
    choose_addresses(v4);
    if (ruleset_.local && arbitrary_.one_in(3)) {
      goes_out();
    } else {
      comes_in();
    }
    packet_.route_out = route_out();
    return packet_;
  }

 private:
  void track() {
    auto& tracking = *packet_.tracking;
    tracking.confirmed = !packet_.opening && !arbitrary_.one_in(3);
    tracking.reply = tracking.confirmed && arbitrary_.one_in(3);
    tracking.translated = arbitrary_.one_in(10);
    if (packet_.protocol == Layer4::udp) {
      if (arbitrary_.one_in(4)) tracking.labels.insert(label::carried);
      if (arbitrary_.one_in(6)) tracking.labels.insert(label::passing);
    }
    if (tracking.confirmed && arbitrary_.one_in(3)) tracking.labels.insert(label::diverted);
    if (packet_.protocol == Layer4::tcp && arbitrary_.one_in(12) && !ruleset_.local) {
      packet_.tracking.reset();
    }
  }

  // Where the destination is.
  void choose_addresses(bool v4) {
    using match::Kind;
    const std::size_t what = arbitrary_.below(12);
    if (what < 2) {
      packet_.kind = Kind::local;
      packet_.local_to_inbound_link = arbitrary_.one_in(2);
    } else if (what == 2) {
      packet_.kind = arbitrary_.of(std::vector{Kind::anycast, Kind::multicast, Kind::broadcast});
      if (packet_.kind == Kind::broadcast && !v4) packet_.kind = Kind::multicast;
    } else if (what == 3 && !is_reply()) {
      packet_.destination.address = address_of(v4 ? "127.0.0.9" : "fe80::9");
      packet_.local_to_inbound_link = arbitrary_.one_in(2);
    }
    packet_.source_is_local = arbitrary_.one_in(6);
  }

  void comes_in() {
    packet_.in = arbitrary_.of(std::vector<std::string>{"lan", "guest1", "wan", "lo"});
    if (packet_.in == "lo") {
      if (packet_.protocol != Layer4::icmp && arbitrary_.one_in(4)) {
        reaches_own_server();
      } else if (is_divertible() && arbitrary_.one_in(2)) {
        packet_.mark |= ruleset_.both_marks().value;
      } else if (packet_.tracking) {
        packet_.tracking->labels.erase(label::diverted);
      }
      return;
    }
    const bool translated = packet_.tracking && packet_.tracking->translated;
    if (packet_.protocol == Layer4::udp && is_reply()) {
      if (arbitrary_.one_in(2) && !translated) {
        packet_.tracking->labels.insert(label::spoken_first);
        packet_.socket = Packet::Socket{};
      }
      return;
    }
    const bool meets_old = packet_.opening && ruleset_.gateway == Ruleset::Gateway::is_down;
    if (!translated && !meets_old && arbitrary_.one_in(3)) {
      packet_.socket = Packet::Socket{.wildcard = arbitrary_.one_in(3)};
      if (!packet_.socket->wildcard && arbitrary_.one_in(2) && !packet_.opening) {
        packet_.socket->mark = ruleset_.bypass_mark.value;
      }
    }
  }

  // What a socket of weir's sends to a server on the router: on lo with the bypass-mark.
  void reaches_own_server() {
    packet_.mark = ruleset_.bypass_mark.value;
    packet_.kind = match::Kind::local;
    packet_.tracking = Packet::Tracking{};
  }

  void goes_out() {
    packet_.out = arbitrary_.one_in(5) ? "lo" : "wan";
    packet_.user = arbitrary_.of(std::vector<std::uint32_t>{0, 107, 108});
    packet_.cgroup = arbitrary_.one_in(3) ? "system.slice/tor.service/worker" : "system.slice";
    if (arbitrary_.one_in(5)) {
      packet_.mark = ruleset_.bypass_mark.value;
      packet_.socket = Packet::Socket{.transparent = false, .mark = packet_.mark};
    }
  }

  // Of a protocol that some rule names.
  [[nodiscard]] bool is_divertible() const {
    return ruleset_.local && ((packet_.protocol == Layer4::tcp && !ruleset_.tcp.empty()) ||
                              (packet_.protocol == Layer4::udp && !ruleset_.udp.empty()));
  }

  [[nodiscard]] bool is_reply() const { return packet_.tracking && packet_.tracking->reply; }

  // What by_routes says, which iptables looks at: other routes out, or none, for these alone.
  std::optional<std::string> route_out() {
    const auto& routes = ruleset_.by_routes;
    for (const auto* list : {&routes.v4, &routes.v6}) {
      for (const Prefix& each : *list) {
        if (each.contains(packet_.destination.address)) {
          packet_.kind.reset();
          return ruleset_.towards.empty() || arbitrary_.one_in(2) ? std::nullopt
                                                                  : std::optional("dsl");
        }
      }
    }
    return "wan";
  }

  Arbitrary& arbitrary_;
  const Ruleset& ruleset_;
  Packet packet_;
};

inline Packet arbitrary_packet(Arbitrary& arbitrary, const Ruleset& ruleset) {
  return ArbitraryPacket(arbitrary, ruleset).make();
}

inline std::string text_of(const Packet& packet) {
  std::ostringstream out;
  out << (packet.protocol == Layer4::tcp   ? "tcp"
          : packet.protocol == Layer4::udp ? "udp"
                                           : "icmp")
      << " " << packet.source.text() << " > " << packet.destination.text()
      << (packet.opening ? " opening" : "") << " in " << packet.in << " out " << packet.out
      << " mark " << std::hex << packet.mark << std::dec;
  if (packet.tracking) {
    out << (packet.tracking->reply ? " reply" : "")
        << (packet.tracking->translated ? " translated" : "")
        << (packet.tracking->confirmed ? " confirmed" : "");
    for (const int label : packet.tracking->labels) out << " label " << label;
  } else {
    out << " untracked";
  }
  if (packet.socket) {
    out << " socket" << (packet.socket->wildcard ? " wildcard" : "") << " mark " << std::hex
        << packet.socket->mark << std::dec;
  }
  if (packet.kind) out << " kind " << static_cast<int>(*packet.kind);
  out << " route " << packet.route_out.value_or("none");
  return out.str();
}

inline std::string text_of(const Outcome& outcome) {
  std::string text(name_of(outcome.end));
  for (const std::string& counter : outcome.counters) text += " " + counter;
  return text;
}

}  // namespace weir::firewall
