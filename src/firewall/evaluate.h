// What becomes of a packet under a plan: the meaning of its steps, for tests, `explain` and
// `doctor`. A plan as made, lowered for nft or lowered for iptables is asked alike.
//
// What the kernel would look up (routes, sockets, connection tracking) is said with the packet.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/mac.h"
#include "firewall/plan.h"
#include "weir/endpoint.h"

namespace weir::firewall {

struct Packet {
  Layer4 protocol = Layer4::tcp;
  Endpoint source = {};
  Endpoint destination = {};
  bool opening = false;        // TCP: SYN without FIN, RST and ACK
  bool dont_fragment = false;  // IPv4
  bool redirect = false;       // ICMP
  Mac sender = {};             // of the frame that it came in
  std::string in = {};         // empty: the router itself sends it
  std::string out = {};        // what the router sends: where routing sends it
  std::uint32_t mark = 0;
  std::uint32_t user = 0;   // what the router sends: whose socket
  std::string cgroup = {};  // likewise, a path

  struct Tracking {
    bool reply = false;
    bool translated = false;  // its destination
    bool confirmed = false;   // known before this packet
    bool related = false;     // an error about the flow
    std::set<int> labels = {};
  };
  std::optional<Tracking> tracking = Tracking{};  // none: not tracked
  // The sets of pairs that have its addresses (match::LookedUp).
  std::set<std::string> looked_up = {};

  struct Socket {
    bool transparent = true;
    bool wildcard = false;
    std::uint32_t mark = 0;
  };
  std::optional<Socket> socket = {};

  // What the destination is to routing; none: an address elsewhere.
  std::optional<match::Kind> kind = {};
  bool local_to_inbound_link = false;
  bool source_is_local = false;
  std::optional<std::string> route_out = {};  // the interface that leads to it; none: no route
};

struct Outcome {
  enum class End : std::uint8_t {
    passes,       // goes on as if there were no weir
    to_listener,  // handed over
    to_socket,    // marked, so that the policy route delivers it here
    diverted,     // the router's own, marked, so that it comes in again
    refused,      // RST or ICMP port unreachable
    dropped,
  } end = End::passes;
  Packet packet;  // with the mark and the labels that it has then
  std::vector<std::string> counters;
};
[[nodiscard]] std::string_view name_of(Outcome::End end);

// Whether a socket listens on the plan's port.
enum class Listener : std::uint8_t { is_there, is_missing };

[[nodiscard]] Outcome evaluate(const Plan& plan, Packet packet,
                               Listener listener = Listener::is_there);

}  // namespace weir::firewall
