// The datagrams of clients: found to be of a flow or opening one, and sent on per batch of the
// listener. What opens a flow is in udp_open.cc, what comes back in udp_answers.cc, what ends it in
// udp_ends.cc.
#include "gateway/udp_flows.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

namespace weir {

void UdpFlows::Upwards::on_sent(DatagramQueue::Sender& flow, std::uint64_t datagrams,
                                std::uint64_t bytes) {
  all.sent_up(static_cast<UdpFlow&>(flow), datagrams, bytes);
}
void UdpFlows::Upwards::on_not_sent(DatagramQueue::Sender& flow, std::uint64_t datagrams,
                                    int code) {
  all.not_sent_up(static_cast<UdpFlow&>(flow), datagrams, code);
}

UdpFlows::UdpFlows(FlowServices& services, Port port, std::uint32_t bypass_mark)
    : services_(services),
      port_(port),
      reply_sockets_(most_reply_sockets,
                     [this](const Endpoint& destination, int code) {
                       if (ReplySockets::is_shortage(code)) {
                         services_.reasons().add(Reason::out_of_descriptors);
                         return;
                       }
                       services_.reasons().add(Reason::reply_socket_taken);
                       services_.log().info("answering for " + destination.text() +
                                            " through a raw socket: cannot bind it here (" +
                                            std::strerror(code) + ")");
                     }),
      raw_(bypass_mark),
      spare_(services.deadlines()) {}

UdpFlows::~UdpFlows() = default;

UdpFlow* UdpFlows::find(const Endpoint& client, const Endpoint& destination) const {
  return flows_.find(FlowHash{}(client, destination), [&](const UdpFlow& flow) {
    return flow.core.flow.client == client && flow.core.flow.destination == destination;
  });
}

void UdpFlows::on_datagrams(std::span<const InterceptedDatagram> datagrams) {
  UdpFlow* flow = nullptr;
  for (const auto& datagram : datagrams) {
    const bool same = flow != nullptr && flow->core.flow.client == datagram.client &&
                      flow->core.flow.destination == datagram.destination;
    if (!same) {
      flow = find(datagram.client, datagram.destination);
      if (flow != nullptr && is_left_behind(*flow)) {
        flow = end_left_behind(datagram.client, datagram.destination) ? nullptr : flow;
      }
      flow = flow != nullptr ? flow : open(datagram);
      if (flow == nullptr) {
        continue;
      }
    }
    keep_question(*flow, datagram);
    send_up(*flow, datagram.payload, datagram.segment);
  }
  flush_to_servers();
}

// What sending found out ends flows here and now: later they may be gone.
void UdpFlows::flush_to_servers() {
  to_servers_.flush();
  for (const auto& [failed, code] : std::exchange(unreachable_, {})) {
    unreachable(*failed, code);
  }
}

void UdpFlows::send_up(UdpFlow& flow, std::span<const std::uint8_t> payload,
                       std::uint16_t segment) {
  UdpSocket& socket = *flow.socket;
  const UdpRelay* relay = socket.relay.get();
  const std::size_t step = segment != 0 ? segment : std::max<std::size_t>(payload.size(), 1);
  if (relay != nullptr && !relay->is_open()) {
    if (!socket.relay->keep(flow, payload, segment)) {
      services_.reasons().add(Reason::waiting_too_many, (payload.size() + step - 1) / step);
    }
    return;
  }
  const auto to = socket.is_connected()
                      ? std::nullopt
                      : std::optional(relay != nullptr ? relay->endpoint() : flow.core.remote);
  if (!flow.wrapping) {
    to_servers_.add(socket.descriptor.get(), to, payload, segment, flow);
    return;
  }
  UdpWrapping& wrapping = *flow.wrapping;
  std::size_t offset = 0;
  do {
    const auto piece = payload.subspan(offset, std::min(step, payload.size() - offset));
    const std::string& header = wrapping.begun ? wrapping.rest : wrapping.first;
    wrapping.begun = true;
    if (relay != nullptr && relay->lending) {
      relay->lending->questions.asked(piece);
    }
    if (piece.size() <= wrapping.room && piece.size() + header.size() > wrapping.room) {
      services_.reasons().add(Reason::exceeds_mtu);
    }
    to_servers_.add(socket.descriptor.get(), to,
                    {reinterpret_cast<const std::uint8_t*>(header.data()), header.size()}, piece, 0,
                    flow);
    offset += step;
  } while (offset < payload.size());
}

void UdpFlows::sent_up(UdpFlow& flow, std::uint64_t datagrams, std::uint64_t bytes) {
  note_question(flow);
  flow.packets_up += datagrams;
  flow.bytes_up += bytes;
  // Who goes on asking a DNS server that does not answer shall get another one some time.
  if (!flow.waiting || flow.core.flow.destination.port != dns_port) {
    flow.last_activity = services_.poll().now();
  }
  flow.waiting = true;
  services_.moved(flow.core, bytes, 0, datagrams, 0);
}

void UdpFlows::not_sent_up(UdpFlow& flow, std::uint64_t datagrams, int code) {
  switch (code) {
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
      services_.reasons().add(Reason::send_failed, datagrams);
      // On a mapping this may be about another peer's datagram; the error queue knows whose.
      if (datagrams == 0 && !flow.socket->is_connected()) {
        break;
      }
      if (std::none_of(unreachable_.begin(), unreachable_.end(),
                       [&](const auto& seen) { return seen.first == &flow; })) {
        unreachable_.emplace_back(&flow, code);
      }
      break;
    case EMSGSIZE:
      services_.reasons().add(Reason::datagram_too_big, datagrams);
      break;
    case EAGAIN:
    case ENOBUFS:
      services_.reasons().add(Reason::send_buffer_full, datagrams);
      break;
    default:
      services_.reasons().add(Reason::send_failed, datagrams);
  }
}

}  // namespace weir
