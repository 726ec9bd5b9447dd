#include "flow/udp/replier.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/transparent.h"
#include "flow/flow_counting.h"
#include "flow/server_news.h"
#include "flow/udp/datagram_run.h"
#include "flow/udp/seats.h"
#include "relay/error_queue.h"

namespace weir {
namespace {

// A flow that has answered this often is worth the system calls that make many datagrams cheap.
constexpr std::uint8_t heavy_after = 64;
constexpr int heavy_receive_buffer = 4 * 1024 * 1024;
// How often one socket may fill the batch in one turn.
constexpr int max_batches = 2;
// A read that fills its room has to be followed by another one, which tells whether that was all.
constexpr std::size_t min_room = 8;
// What every IPv6 path takes behind the headers of IPv6 and UDP, in bytes (RFC 8200, section 5).
constexpr std::size_t always_fits_v6 = 1280 - 40 - 8;

bool is_unreachable(int code) {
  return code == ECONNREFUSED || code == EHOSTUNREACH || code == ENETUNREACH;
}

void tune(UdpSocket& socket, std::size_t received, const SocketCalls& calls) {
  if (socket.marks.tuned) {
    return;
  }
  socket.marks.received = static_cast<std::uint8_t>(socket.marks.received + received);
  if (socket.marks.received < heavy_after) {
    return;
  }
  socket.marks.tuned = true;
  const int fd = socket.descriptor.get();
  if (socket.decoders() == nullptr) {  // else every datagram has its own header
    static_cast<void>(set_option(fd, SOL_UDP, UDP_GRO, 1, calls));
  }
  static_cast<void>(set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, heavy_receive_buffer, calls));
}

}  // namespace

Replier::Replier(const Parts& parts, std::uint32_t mark)
    : parts_(parts),
      reply_sockets_(
          max_reply_sockets,
          [this](const Endpoint& destination, int code) { on_raw(destination, code); },
          parts.calls),
      raw_(mark, parts.calls) {}

void Replier::on_raw(const Endpoint& destination, int code) {
  if (ReplySockets::is_shortage(code)) {
    parts_.reasons.add(Reason::out_of_descriptors);
    return;
  }
  parts_.reasons.add(Reason::reply_socket_taken);
  parts_.log.info("answering for " + destination.text() +
                  " through a raw socket: cannot bind it here (" + std::strerror(code) + ")");
}

void Replier::receive(UdpSocket& socket) {
  // Of a connected socket, which hands the error out before the answers it has queued.
  int icmp = 0;
  bool drained = false;
  for (int i = 0; i < max_batches && !drained; ++i) {
    if (queue_.empty() || DatagramBatch::slots - used_ < min_room) {
      flush();
      used_ = 0;
    }
    const std::size_t room = DatagramBatch::slots - used_;
    const int received = batch_.receive(socket.descriptor.get(), used_);
    if (received < 0) {
      drained = errno == EAGAIN;
      if (is_unreachable(errno) && socket.is_connected()) {
        icmp = errno;
      }
      if (errno == EMSGSIZE) {
        parts_.widths.narrowed(socket.only_flow());
      }
      continue;  // others are about the path, and the kernel has drawn its conclusions
    }
    const auto count = static_cast<std::size_t>(received);
    const std::size_t first = used_;
    used_ += count;
    for (std::size_t slot = first; slot < first + count; ++slot) {
      if (socket.decoders() == nullptr) {
        take(socket, slot);
      } else {
        take_decoded(socket, slot);
      }
    }
    tune(socket, count, parts_.calls);
    // The kernel looked and found no more; but behind an error there may be answers still.
    drained = count < room && icmp == 0;
  }
  if (!drained) {
    parts_.poll.unschedule(socket.watch);
    parts_.poll.reschedule(socket.watch, EPOLLIN);
  }
  if (icmp != 0) {
    parts_.owner.on_unreachable(*socket.only_flow(), icmp);
  }
}

// Queues what the server side sent in `slot` for the client.
void Replier::take(UdpSocket& socket, std::size_t slot) {
  UdpFlow* flow = socket.only_flow();
  if (flow == nullptr) {
    const Endpoint peer = batch_.peer(slot);
    flow = parts_.flows.find(socket.holder.client, peer);
    flow = flow != nullptr ? flow : parts_.peers.open(socket, peer);
    if (flow == nullptr) {
      return;  // counted by the limit that was reached
    }
  }
  if ((batch_.header(slot).msg_flags & MSG_TRUNC) != 0) {
    parts_.reasons.add(Reason::datagram_truncated);
    return;
  }
  const auto payload = batch_.payload(slot);
  const DatagramControl control = control_of(batch_.header(slot));
  if (payload.size() > always_fits_v6 &&
      parts_.widths.exceeds_back(*flow, batch_.peer(slot), payload.size(), control.segment)) {
    return;
  }
  if (flow->is_to_dns_port()) {
    note_answers(*flow, payload, control.segment);
  }
  send(*flow, payload, control.segment, control.tos);
}

// The same for what comes with a header, or through a relay.
void Replier::take_decoded(UdpSocket& socket, std::size_t slot) {
  Endpoint peer = batch_.peer(slot);
  const UdpRelay* relay = socket.relay();
  if (relay != nullptr && peer != relay->connection().endpoint) {
    parts_.reasons.add(Reason::relay_unexpected_source);
    return;
  }
  if ((batch_.header(slot).msg_flags & MSG_TRUNC) != 0) {
    parts_.reasons.add(Reason::datagram_truncated);
    return;
  }
  if (socket.flows == 0) {
    parts_.reasons.add(Reason::relay_stale_reply);
    return;
  }
  auto payload = batch_.payload(slot);
  for (const DatagramCodec* codec : *socket.decoders()) {
    const auto decoded = codec->decode(payload);
    if (decoded.verdict != DatagramCodec::Decoded::Verdict::payload) {
      parts_.reasons.add(decoded.verdict == DatagramCodec::Decoded::Verdict::fragment
                             ? Reason::relay_fragment
                             : Reason::relay_malformed);
      return;
    }
    payload = payload.subspan(decoded.header);
    if (decoded.peer.port != 0) {
      peer = decoded.peer;
    }
  }
  UdpFlow* flow = socket.only_flow();
  if (flow != nullptr) {
    const Endpoint expected = flow->encapsulation ? flow->encapsulation->peer : Endpoint{};
    if (relay != nullptr && expected.port != 0 && peer != expected) {
      parts_.reasons.add(Reason::relay_unexpected_source);
      return;
    }
    if (Relays::match_answer(socket, payload) == Relays::Asker::former_flow) {
      parts_.reasons.add(Reason::relay_stale_reply);
      return;
    }
  } else {
    flow = parts_.flows.find(socket.holder.client, peer);
    flow = flow != nullptr ? flow : parts_.peers.open(socket, peer);
  }
  if (flow == nullptr) {
    return;  // counted by the limit that was reached
  }
  if (flow->is_to_dns_port()) {
    note_answers(*flow, payload, 0);
  }
  send(*flow, payload, 0, control_of(batch_.header(slot)).tos);
}

// What comes from port 53. A peer that the client has not written to teaches nothing.
void Replier::note_answers(UdpFlow& flow, std::span<const std::uint8_t> payload,
                           std::uint16_t segment) {
  parts_.lingering.answered(flow, payload, segment);
  if (!flow.marks.unasked && parts_.lookups.are_wanted()) {
    each_datagram(payload, segment, [&](std::span<const std::uint8_t> datagram) {
      parts_.lookups.answered(flow.core.flow.client.address, datagram);
    });
  }
}

// Queues a datagram, or several, for the client.
void Replier::send(UdpFlow& flow, std::span<const std::uint8_t> payload, std::uint16_t segment,
                   std::uint8_t tos) {
  const Endpoint& client = flow.core.flow.client;
  const Endpoint& destination = flow.core.flow.destination;
  const int fd = reply_sockets_.get(destination, parts_.now);
  if (fd != ReplySockets::raw) {
    queue_.add(
        fd, client, payload, segment, flow,
        tos == 0 ? DatagramQueue::Marking{} : DatagramQueue::Marking::like(tos, client.family()));
    return;
  }
  parts_.lookups.settle();
  each_datagram(payload, segment, [&](std::span<const std::uint8_t> piece) {
    if (const int code = raw_.send_udp(destination, client, piece, tos); code != 0) {
      count_lost(1, code);
    } else {
      count_sent(flow, 1, piece.size());
    }
  });
}

// Also when a flow ends, and so while a batch is being looked at: its slots are not free yet.
void Replier::flush() {
  parts_.lookups.settle();
  queue_.flush();
}

void Replier::on_sent(DatagramQueue::Sender& sender, std::uint64_t datagrams, std::uint64_t bytes) {
  count_sent(static_cast<UdpFlow&>(sender), datagrams, bytes);
}

void Replier::on_not_sent(DatagramQueue::Sender&, std::uint64_t datagrams, int code) {
  count_lost(datagrams, code);
}

void Replier::count_sent(UdpFlow& flow, std::uint64_t datagrams, std::uint64_t bytes) {
  if (flow.traffic.packets_down == 0) {
    note_first_byte(flow.core, parts_.now);
    if (flow.socket->relay() == nullptr) {  // which was a success when it opened, and may last
      note_first_answer(flow.core, parts_.now);
    }
    note_latency(flow.core, Latency::first_byte, flow.core.first_byte_us);
    note_heard(parts_.clients, flow);
  }
  if (flow.core.server) {
    flow.core.server->health.note_heard(parts_.now);
  }
  flow.traffic.packets_down += datagrams;
  flow.traffic.bytes_down += bytes;
  flow.last_activity = parts_.now;
  flow.marks.waiting = false;
  note_moved(flow.core, {{.bytes_down = bytes, .packets_down = datagrams}});
}

void Replier::count_lost(std::uint64_t datagrams, int code) {
  parts_.reasons.add(
      code == EAGAIN || code == ENOBUFS ? Reason::send_buffer_full : Reason::reply_failed,
      datagrams);
}

void Replier::read_errors(UdpSocket& socket) {
  while (const auto error = next_icmp_error(socket.descriptor.get(), parts_.calls)) {
    UdpFlow* flow = parts_.flows.find(socket.holder.client, error->peer);
    if (error->is_too_big) {
      parts_.widths.narrowed(flow);
    }
    if (is_unreachable(error->code) && flow != nullptr) {
      parts_.owner.on_unreachable(*flow, error->code);
    }
  }
}

int Replier::read_relay_errors(UdpSocket& socket) {
  int code = 0;
  while (const auto error = next_icmp_error(socket.descriptor.get(), parts_.calls)) {
    if (is_unreachable(error->code) && error->peer == socket.relay()->connection().endpoint) {
      code = error->code;
    }
  }
  return code;
}

void Replier::network_changed(const Surroundings* surroundings) {
  flush();
  reply_sockets_.forget([&](const Address& destination) {
    return surroundings != nullptr && surroundings->is_own(destination);
  });
  raw_.reset();
}

}  // namespace weir
