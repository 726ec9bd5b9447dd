// What servers answer. The answers of a whole turn are gathered from all server-side sockets and
// sent at its end, because they come from many sockets but leave through few.
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/transparent.h"
#include "gateway/server_news.h"
#include "gateway/udp_flows.h"
#include "relay/error_queue.h"

namespace weir {
namespace {

// A flow that has answered this often is worth the system calls that make many datagrams cheap.
constexpr std::uint8_t heavy_after = 64;
constexpr int heavy_receive_buffer = 4 * 1024 * 1024;
// How often one socket may fill the batch in one turn.
constexpr int most_batches = 2;
// A read that fills its room has to be followed by another one, which tells whether that was all.
constexpr std::size_t least_room = 8;

}  // namespace

void UdpSocket::on_events(std::uint32_t events) { all.on_socket_events(*this, events); }

void UdpFlows::Downwards::on_sent(DatagramQueue::Sender& flow, std::uint64_t datagrams,
                                  std::uint64_t bytes) {
  all.sent_down(static_cast<UdpFlow&>(flow), datagrams, bytes);
}
void UdpFlows::Downwards::on_not_sent(DatagramQueue::Sender&, std::uint64_t datagrams, int code) {
  all.not_sent_down(datagrams, code);
}

void UdpFlows::on_socket_events(UdpSocket& socket, std::uint32_t events) {
  if (!socket.descriptor.valid()) {
    return;
  }
  if ((events & EPOLLERR) != 0 && !socket.is_connected()) {
    read_icmp_errors(socket);
  }
  if (socket.descriptor.valid()) {
    receive(socket);
  }
}

void UdpFlows::receive(UdpSocket& socket) {
  // Of a connected socket, which hands the error out before the answers it has queued.
  int icmp = 0;
  bool drained = false;
  for (int i = 0; i < most_batches && !drained; ++i) {
    if (DatagramBatch::slots - answers_used_ < least_room) {
      flush_answers();
    }
    const std::size_t room = DatagramBatch::slots - answers_used_;
    const int received = answers_.receive(socket.descriptor.get(), answers_used_);
    if (received < 0) {
      drained = errno == EAGAIN;
      const bool is_unreachable =
          errno == ECONNREFUSED || errno == EHOSTUNREACH || errno == ENETUNREACH;
      if (is_unreachable && socket.is_connected()) {
        icmp = errno;
      }
      continue;  // others are about the path, and the kernel has drawn its conclusions
    }
    const auto count = static_cast<std::size_t>(received);
    const std::size_t first = answers_used_;
    answers_used_ += count;
    for (std::size_t slot = first; slot < first + count && socket.descriptor.valid(); ++slot) {
      if (socket.unwrapped == nullptr) {
        answer(socket, slot);
      } else {
        answer_unwrapped(socket, slot);
      }
    }
    tune(socket, count);
    // The kernel looked and found no more; but behind an error there may be answers still.
    drained = count < room && icmp == 0;
  }
  if (icmp != 0) {
    unreachable(*socket.only_flow, icmp);
  } else if (!drained) {
    services_.poll().forget(socket);
    services_.poll().again(socket, EPOLLIN);
  }
}

void UdpFlows::tune(UdpSocket& socket, std::size_t received) {
  if (socket.tuned) {
    return;
  }
  socket.received = static_cast<std::uint8_t>(socket.received + received);
  if (socket.received < heavy_after || !socket.descriptor.valid()) {
    return;
  }
  socket.tuned = true;
  const int fd = socket.descriptor.get();
  if (socket.unwrapped == nullptr) {  // else every datagram has its own header
    static_cast<void>(set_option(fd, SOL_UDP, UDP_GRO, 1));
  }
  static_cast<void>(set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, heavy_receive_buffer));
}

// Queues what the server side sent in `slot` for the client.
void UdpFlows::answer(UdpSocket& socket, std::size_t slot) {
  UdpFlow* flow = socket.only_flow;
  if (flow == nullptr) {
    const Endpoint peer = answers_.peer(slot);
    flow = find(socket.client, peer);
    flow = flow != nullptr ? flow : open_from_peer(socket, peer);
    if (flow == nullptr) {
      return;  // counted by the limit that was reached
    }
  }
  if ((answers_.header(slot).msg_flags & MSG_TRUNC) != 0) {
    services_.reasons().add(Reason::datagram_truncated);
    return;
  }
  send_down(*flow, answers_.payload(slot), control_of(answers_.header(slot)).segment);
}

// The same for what comes with a header, or through a relay.
void UdpFlows::answer_unwrapped(UdpSocket& socket, std::size_t slot) {
  Endpoint peer = answers_.peer(slot);
  if (socket.relay && peer != socket.relay->endpoint()) {
    services_.reasons().add(Reason::relay_stranger);
    return;
  }
  if ((answers_.header(slot).msg_flags & MSG_TRUNC) != 0) {
    services_.reasons().add(Reason::datagram_truncated);
    return;
  }
  if (socket.flows == 0) {
    services_.reasons().add(Reason::relay_late);
    return;
  }
  auto payload = answers_.payload(slot);
  for (const DatagramCodec* codec : *socket.unwrapped) {
    const auto decoded = codec->decode(payload);
    if (decoded.verdict != DatagramCodec::Decoded::Verdict::payload) {
      services_.reasons().add(decoded.verdict == DatagramCodec::Decoded::Verdict::fragment
                                  ? Reason::relay_fragment
                                  : Reason::relay_malformed);
      return;
    }
    payload = payload.subspan(decoded.header);
    if (decoded.peer.port != 0) {
      peer = decoded.peer;
    }
  }
  UdpFlow* flow = socket.only_flow;
  if (flow != nullptr) {
    const Endpoint& expected = flow->wrapping->peer;
    if (socket.relay && expected.port != 0 && peer != expected) {
      services_.reasons().add(Reason::relay_stranger);
      return;
    }
    if (is_late(socket, payload)) {
      services_.reasons().add(Reason::relay_late);
      return;
    }
  } else {
    flow = find(socket.client, peer);
    flow = flow != nullptr ? flow : open_from_peer(socket, peer);
  }
  if (flow != nullptr) {
    send_down(*flow, payload, 0);
  }
}

// Queues a datagram, or several, for the client.
void UdpFlows::send_down(UdpFlow& flow, std::span<const std::uint8_t> payload,
                         std::uint16_t segment) {
  const Endpoint& client = flow.core.flow.client;
  const Endpoint& destination = flow.core.flow.destination;
  const int fd = reply_sockets_.get(destination, services_.poll().now());
  if (fd != ReplySockets::raw) {
    to_clients_.add(fd, client, payload, segment, flow);
    return;
  }
  const std::size_t step = segment != 0 ? segment : std::max<std::size_t>(payload.size(), 1);
  std::size_t offset = 0;
  do {
    const auto piece = payload.subspan(offset, std::min(step, payload.size() - offset));
    if (const int code = raw_.send_udp(destination, client, piece); code != 0) {
      not_sent_down(1, code);
    } else {
      sent_down(flow, 1, piece.size());
    }
    offset += step;
  } while (offset < payload.size());
}

void UdpFlows::flush_answers() {
  to_clients_.flush();
  answers_used_ = 0;
}

void UdpFlows::sent_down(UdpFlow& flow, std::uint64_t datagrams, std::uint64_t bytes) {
  if (flow.packets_down == 0) {
    flow.core.first_byte_us = flow.core.since_opened(services_.poll().now());
    if (!flow.socket->relay) {  // which was a success when it opened, and may serve for long
      note_first_answer(flow.core, services_.poll().now());
    }
    services_.took(flow.core, Latency::first_byte, flow.core.first_byte_us);
  }
  flow.packets_down += datagrams;
  flow.bytes_down += bytes;
  flow.last_activity = services_.poll().now();
  flow.waiting = false;
  services_.moved(flow.core, 0, bytes, 0, datagrams);
  if (flow.core.flow.destination.port == dns_port && !flow.over) {
    note_answer(flow);
  }
}

void UdpFlows::not_sent_down(std::uint64_t datagrams, int code) {
  services_.reasons().add(
      code == EAGAIN || code == ENOBUFS ? Reason::send_buffer_full : Reason::reply_failed,
      datagrams);
}

void UdpFlows::read_icmp_errors(UdpSocket& socket) {
  while (socket.descriptor.valid()) {
    const auto error = next_icmp_error(socket.descriptor.get());
    if (!error) {
      return;
    }
    const bool is_unreachable =
        error->code == ECONNREFUSED || error->code == EHOSTUNREACH || error->code == ENETUNREACH;
    if (socket.relay) {
      if (is_unreachable && error->peer == socket.relay->endpoint()) {
        on_relay_ended(socket, std::string("ICMP from the relay: ") + std::strerror(error->code));
      }
      continue;
    }
    UdpFlow* flow = find(socket.client, error->peer);
    if (is_unreachable && flow != nullptr) {
      unreachable(*flow, error->code);
    }
  }
}

// The server side says that nobody is there. Where nobody else can be asked the client hears it as
// if there were no gateway.
void UdpFlows::unreachable(UdpFlow& flow, int code) {
  if (flow.over) {
    return;
  }
  if (flow.core.server) {
    flow.core.server->note_failure(services_.poll().now());
  }
  if (ask_another(flow)) {
    return;
  }
  services_.reasons().add(Reason::icmp_from_server);
  tell_unreachable(flow.core.flow, code == ECONNREFUSED ? RawSender::Unreachable::port
                                                        : RawSender::Unreachable::host);
  end(flow, flow.packets_down == 0 ? End::connect_failed : End::server_reset,
      std::string("ICMP: ") + std::strerror(code));
}

// A flood of datagrams that nobody takes must not become one of errors, towards whoever its sources
// belong to.
void UdpFlows::tell_unreachable(const Flow& flow, RawSender::Unreachable what) {
  if (!icmp_allowance_.take(services_.poll().now())) {
    services_.reasons().add(Reason::icmp_rate_limited);
    return;
  }
  if (raw_.send_unreachable(flow.client, flow.destination, what) != 0) {
    services_.reasons().add(Reason::icmp_send_failed);
  }
}

}  // namespace weir
