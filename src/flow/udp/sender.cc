#include "flow/udp/sender.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "dial/outbound.h"
#include "flow/flow_counting.h"

namespace weir {
namespace {

// The DSCP is the client's or the upstream's, ECN the client's.
DatagramQueue::Marking marking_of(const UdpSocket& socket, const Endpoint& remote,
                                  std::uint8_t tos) {
  constexpr std::uint8_t ecn = 3;
  if (const auto dscp = socket.options().dscp) {
    if ((tos & ecn) == 0) {
      return {};
    }
    tos = static_cast<std::uint8_t>(*dscp << 2U | (tos & ecn));
  }
  return DatagramQueue::Marking::like(tos, remote.family());
}

}  // namespace

void Sender::send(UdpFlow& flow, std::span<const std::uint8_t> payload, std::uint16_t segment,
                  std::uint8_t tos) {
  UdpSocket& socket = *flow.socket;
  UdpRelay* relay = socket.relay();
  const std::size_t step = segment != 0 ? segment : std::max<std::size_t>(payload.size(), 1);
  if (relay != nullptr && !relay->is_open()) {
    if (!relay->waiting.keep(flow, payload, segment, tos)) {
      parts_.reasons.add(Reason::relay_queue_full, (payload.size() + step - 1) / step);
    }
    return;
  }
  const Endpoint& remote = relay != nullptr ? relay->connection().endpoint : flow.core.remote;
  const auto marking = tos == 0 ? DatagramQueue::Marking{} : marking_of(socket, remote, tos);
  if (flow.encapsulation) {
    send_encapsulated(flow, payload, step, marking);
    return;
  }
  queue_.add(socket.descriptor.get(), socket.is_connected() ? std::nullopt : std::optional(remote),
             payload, segment, flow, marking);
}

void Sender::send_encapsulated(UdpFlow& flow, std::span<const std::uint8_t> payload,
                               std::size_t step, DatagramQueue::Marking marking) {
  UdpSocket& socket = *flow.socket;
  const UdpRelay* relay = socket.relay();
  const auto to =
      socket.is_connected()
          ? std::nullopt
          : std::optional(relay != nullptr ? relay->connection().endpoint : flow.core.remote);
  UdpEncapsulation& encapsulation = *flow.encapsulation;
  std::size_t offset = 0;
  do {
    const auto piece = payload.subspan(offset, std::min(step, payload.size() - offset));
    const std::string& header = encapsulation.begun ? encapsulation.later : encapsulation.first;
    encapsulation.begun = true;
    if (relay != nullptr && relay->lease) {
      relay->lease->queries.asked(piece);
    }
    if (piece.size() <= encapsulation.room && piece.size() + header.size() > encapsulation.room) {
      parts_.reasons.add(Reason::exceeds_mtu);
    }
    queue_.add(socket.descriptor.get(), to,
               {reinterpret_cast<const std::uint8_t*>(header.data()), header.size()}, piece, 0,
               flow, marking);
    offset += step;
  } while (offset < payload.size());
}

// What is told ends flows, and their ends may send, and tell, in their turn.
void Sender::flush() {
  queue_.flush();
  for (const auto& [failed, code] : std::exchange(unreachable_, {})) {
    if (UdpFlow* flow = parts_.flows.find(failed)) {
      parts_.owner.on_unreachable(*flow, code);
    }
  }
  for (const auto& [failed, code] : std::exchange(without_route_, {})) {
    if (UdpFlow* flow = parts_.flows.find(failed)) {
      parts_.owner.on_no_route(*flow, code);
    }
  }
}

void Sender::on_sent(DatagramQueue::Sender& sender, std::uint64_t datagrams, std::uint64_t bytes) {
  auto& flow = static_cast<UdpFlow&>(sender);
  flow.traffic.packets_up += datagrams;
  flow.traffic.bytes_up += bytes;
  // A client that goes on asking a DNS server which does not answer gets another one some time.
  if (!flow.marks.waiting || !flow.is_dns()) {
    flow.last_activity = parts_.now;
  }
  flow.marks.waiting = true;
  note_moved(flow.core, {{.bytes_up = bytes, .packets_up = datagrams}});
}

void Sender::on_not_sent(DatagramQueue::Sender& sender, std::uint64_t datagrams, int code) {
  auto& flow = static_cast<UdpFlow&>(sender);
  // What an earlier datagram earned is reported with none.
  if (datagrams != 0 && is_no_route(code) && !flow.core.server && flow.socket->relay() == nullptr) {
    parts_.reasons.add(Reason::no_route, datagrams);
    if (code == ENETUNREACH) {
      parts_.paths.doubt(*flow.socket);
    }
    if (without_route_.empty() || without_route_.back().flow.sequence != flow.core.sequence) {
      without_route_.push_back({FlowTable::Known(flow), code});
    }
    return;
  }
  switch (code) {
    case ENETUNREACH:
      if (datagrams != 0) {  // no ICMP error: the router itself has no route
        parts_.paths.doubt(*flow.socket);
      }
      [[fallthrough]];
    case ECONNREFUSED:
    case EHOSTUNREACH:
      note_unreachable(flow, datagrams, code);
      break;
    case EMSGSIZE:
      parts_.reasons.add(Reason::datagram_too_big, datagrams);
      parts_.widths.narrowed(datagrams == 0 && flow.socket->is_connected() ? &flow : nullptr);
      break;
    case EAGAIN:
    case ENOBUFS:
      parts_.reasons.add(Reason::send_buffer_full, datagrams);
      break;
    case ENODEV:
    case ENXIO:
    case ENETDOWN:
    case EADDRNOTAVAIL:
    case EINVAL:
      parts_.paths.doubt(*flow.socket);
      [[fallthrough]];
    default:
      parts_.reasons.add(Reason::send_failed, datagrams);
  }
}

void Sender::note_unreachable(const UdpFlow& flow, std::uint64_t datagrams, int code) {
  parts_.reasons.add(Reason::send_failed, datagrams);
  // On a mapping this may be about another peer's datagram; the error queue knows whose.
  if (datagrams == 0 && !flow.socket->is_connected()) {
    return;
  }
  const bool is_known =
      std::any_of(unreachable_.begin(), unreachable_.end(),
                  [&](const Failure& seen) { return seen.flow.sequence == flow.core.sequence; });
  if (!is_known) {
    unreachable_.push_back({FlowTable::Known(flow), code});
  }
}

}  // namespace weir
