// How datagrams move. Both directions gather what one turn brings and send it with few system
// calls: upwards per batch of the listener, downwards at the end of the turn, because answers come
// from many sockets but leave through few.
#include "gateway/udp_flows.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/transparent.h"
#include "gateway/server_news.h"
#include "relay/error_queue.h"

namespace weir {
namespace {

// A flow that has answered this often is worth the system calls that make many datagrams cheap.
constexpr std::uint32_t heavy_after = 64;
constexpr int heavy_receive_buffer = 4 * 1024 * 1024;
// How often one socket may fill the batch in one turn.
constexpr int most_batches = 2;
constexpr Port dns_port = 53;
constexpr std::chrono::seconds after_answer{1};

}  // namespace

void UdpSocket::on_events(std::uint32_t events) { all.on_socket_events(*this, events); }

void UdpFlow::Up::on_sent(std::uint64_t datagrams, std::uint64_t bytes) {
  flow.all.sent_up(flow, datagrams, bytes);
}
void UdpFlow::Up::on_not_sent(std::uint64_t datagrams, int code) {
  flow.all.not_sent_up(flow, datagrams, code);
}
void UdpFlow::Down::on_sent(std::uint64_t datagrams, std::uint64_t bytes) {
  flow.all.sent_down(flow, datagrams, bytes);
}
void UdpFlow::Down::on_not_sent(std::uint64_t datagrams, int code) {
  flow.all.not_sent_down(datagrams, code);
}
void UdpFlow::on_deadline(Instant now) { all.on_deadline(*this, now); }

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
      raw_(bypass_mark) {}

UdpFlows::~UdpFlows() = default;

void UdpFlows::on_datagrams(std::span<const InterceptedDatagram> datagrams) {
  UdpFlow* flow = nullptr;
  for (const auto& datagram : datagrams) {
    const bool same = flow != nullptr && flow->core.flow.client == datagram.client &&
                      flow->core.flow.destination == datagram.destination;
    if (!same) {
      const auto found = flows_.find(Key{datagram.client, datagram.destination});
      flow = found != flows_.end() ? found->get() : open(datagram);
      if (flow == nullptr) {
        continue;
      }
    }
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
    to_servers_.add(socket.descriptor.get(), to, payload, segment, flow.up);
    return;
  }
  UdpWrapping& wrapping = *flow.wrapping;
  std::size_t offset = 0;
  do {
    const auto piece = payload.subspan(offset, std::min(step, payload.size() - offset));
    const std::string& header = wrapping.begun ? wrapping.rest : wrapping.first;
    wrapping.begun = true;
    if (piece.size() <= wrapping.room && piece.size() + header.size() > wrapping.room) {
      services_.reasons().add(Reason::exceeds_mtu);
    }
    to_servers_.add(socket.descriptor.get(), to,
                    {reinterpret_cast<const std::uint8_t*>(header.data()), header.size()}, piece, 0,
                    flow.up);
    offset += step;
  } while (offset < payload.size());
}

void UdpFlows::sent_up(UdpFlow& flow, std::uint64_t datagrams, std::uint64_t bytes) {
  answered_.remove(flow);
  flow.packets_up += datagrams;
  flow.bytes_up += bytes;
  flow.last_activity = services_.poll().now();
  services_.moved(flow.core, bytes, 0, datagrams, 0);
}

void UdpFlows::sent_down(UdpFlow& flow, std::uint64_t datagrams, std::uint64_t bytes) {
  if (flow.packets_down == 0) {
    flow.core.first_byte_us = flow.core.since_opened(services_.poll().now());
    note_first_answer(flow.core, services_.poll().now());
    services_.took(flow.core, Latency::first_byte, flow.core.first_byte_us);
  }
  flow.packets_down += datagrams;
  flow.bytes_down += bytes;
  flow.last_activity = services_.poll().now();
  services_.moved(flow.core, 0, bytes, 0, datagrams);
  if (flow.core.flow.destination.port == dns_port && !flow.over) {
    note_answer(flow);
  }
}

void UdpFlows::Answered::add(UdpFlow& flow) {
  flow.answered = true;
  flow.answered_before = newest;
  flow.answered_after = nullptr;
  (newest != nullptr ? newest->answered_after : oldest) = &flow;
  newest = &flow;
  ++size;
}

void UdpFlows::Answered::remove(UdpFlow& flow) {
  if (!flow.answered) {
    return;
  }
  (flow.answered_before != nullptr ? flow.answered_before->answered_after : oldest) =
      flow.answered_after;
  (flow.answered_after != nullptr ? flow.answered_after->answered_before : newest) =
      flow.answered_before;
  flow.answered = false;
  --size;
}

// A DNS flow with as many answers as questions ends soon; every other flow only notes the time.
void UdpFlows::note_answer(UdpFlow& flow) {
  answered_.remove(flow);
  if (flow.packets_down < flow.packets_up) {
    return;
  }
  answered_.add(flow);
  flow.arm(services_.deadlines(), due(flow), services_.poll().now());
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

void UdpFlows::not_sent_down(std::uint64_t datagrams, int code) {
  services_.reasons().add(
      code == EAGAIN || code == ENOBUFS ? Reason::send_buffer_full : Reason::reply_failed,
      datagrams);
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
  int icmp =
      0;  // of a connected socket, which hands the error out before the answers it has queued
  for (int i = 0; i < most_batches; ++i) {
    if (answers_used_ == DatagramBatch::slots) {
      flush_answers();
    }
    const std::size_t room = DatagramBatch::slots - answers_used_;
    const int received = answers_.receive(socket.descriptor.get(), answers_used_);
    if (received < 0) {
      if (errno == EAGAIN) {
        break;
      }
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
      if (socket.codecs.empty()) {
        answer(socket, slot);
      } else {
        answer_unwrapped(socket, slot);
      }
    }
    socket.received += static_cast<std::uint32_t>(count);
    if (!socket.tuned && socket.received >= heavy_after) {
      socket.tuned = true;
      const int fd = socket.descriptor.get();
      if (socket.codecs.empty()) {  // else every datagram has its own header
        static_cast<void>(set_option(fd, SOL_UDP, UDP_GRO, 1));
      }
      static_cast<void>(set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, heavy_receive_buffer));
    }
    if (count < room && icmp == 0) {
      return;  // drained: the kernel looked and found no more
    }
  }
  if (icmp != 0) {
    unreachable(*socket.only_flow, icmp);
    return;
  }
  services_.poll().forget(socket);
  services_.poll().again(socket, EPOLLIN);
}

// Queues what the server side sent in `slot` for the client.
void UdpFlows::answer(UdpSocket& socket, std::size_t slot) {
  UdpFlow* flow = socket.only_flow;
  if (flow == nullptr) {
    const Endpoint peer = answers_.peer(slot);
    const auto found = flows_.find(Key{socket.client, peer});
    if (found != flows_.end()) {
      flow = found->get();
    } else {
      flow = open_from_peer(socket, peer);
    }
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
  auto payload = answers_.payload(slot);
  for (const DatagramCodec* codec : socket.codecs) {
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
  } else {
    const auto found = flows_.find(Key{socket.client, peer});
    flow = found != flows_.end() ? found->get() : open_from_peer(socket, peer);
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
    to_clients_.add(fd, client, payload, segment, flow.down);
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

void UdpFlows::end_turn() {
  flush_answers();
  while (answered_.size > Answered::most) {
    end(*answered_.oldest, End::closed, {});
  }
}

void UdpFlows::bury() {
  ended_.clear();
  closed_.clear();
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
    const auto found = flows_.find(Key{socket.client, error->peer});
    if (is_unreachable && found != flows_.end()) {
      unreachable(**found, error->code);
    }
  }
}

// The server side says that nobody is there: the client hears it as if there were no gateway.
void UdpFlows::unreachable(UdpFlow& flow, int code) {
  if (flow.over) {
    return;
  }
  services_.reasons().add(Reason::icmp_from_server);
  tell_unreachable(flow.core.flow, code == ECONNREFUSED ? RawSender::Unreachable::port
                                                        : RawSender::Unreachable::host);
  if (flow.core.server) {
    flow.core.server->note_failure(services_.poll().now());
  }
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

Instant UdpFlows::due(const UdpFlow& flow) const {
  const Timeouts& timeouts = flow.core.snapshot->timeouts();
  if (flow.core.flow.destination.port != dns_port) {
    return flow.last_activity + timeouts.udp_idle;
  }
  return flow.last_activity + (flow.answered
                                   ? std::min<Milliseconds>(after_answer, timeouts.dns_idle)
                                   : timeouts.dns_idle);
}

void UdpFlows::on_deadline(UdpFlow& flow, Instant now) {
  if (const Instant when = due(flow); now < when) {
    flow.arm(services_.deadlines(), when, now);
    return;
  }
  note_idle_end(flow.core, flow.packets_down, now);
  end(flow, flow.answered ? End::closed : End::idle, {});
}

FlowRecord UdpFlows::record(const UdpFlow& flow) const {
  FlowRecord out = services_.describe(flow.core);
  out.bytes_up = flow.bytes_up;
  out.bytes_down = flow.bytes_down;
  out.packets_up = flow.packets_up;
  out.packets_down = flow.packets_down;
  return out;
}

void UdpFlows::end(UdpFlow& flow, End why, std::string_view error) {
  assert(!flow.over && "a UDP flow ended twice");
  // Answers of this turn are the flow's still.
  flush_answers();
  flow.over = true;
  answered_.remove(flow);
  flow.disarm(services_.deadlines());
  services_.write(flow.core, record(flow), why, error);
  if (flow.core.server) {
    flow.core.server->flows_active.fetch_sub(1, std::memory_order_relaxed);
    flow.core.server->bytes_up.fetch_add(flow.bytes_up, std::memory_order_relaxed);
    flow.core.server->bytes_down.fetch_add(flow.bytes_down, std::memory_order_relaxed);
    flow.core.server->packets_up.fetch_add(flow.packets_up, std::memory_order_relaxed);
    flow.core.server->packets_down.fetch_add(flow.packets_down, std::memory_order_relaxed);
  }
  services_.closed(flow.core);
  UdpSocket& socket = *flow.socket;
  const auto found = flows_.find(Key{flow.core.flow.client, flow.core.flow.destination});
  auto node = flows_.extract(found);
  ended_.push_back(std::move(node.value()));
  if (socket.relay) {
    socket.relay->forget(flow);
  }
  if (--socket.flows == 0) {
    release(socket);
  }
}

void UdpFlows::release(UdpSocket& socket) {
  services_.poll().forget(socket);
  if (socket.relay) {
    socket.relay->close();
    services_.admission().give_back_udp_socket();
  }
  if (socket.descriptor.valid()) {
    services_.loop_guard().closed(socket.own);
  }
  services_.admission().give_back_udp_socket();
  mappings_.erase(MappingKey{socket.client, socket.rule->upstream.get()});
  socket.descriptor.reset();
  const std::size_t place = socket.place;
  closed_.push_back(std::move(sockets_[place]));
  if (place + 1 != sockets_.size()) {
    sockets_[place] = std::move(sockets_.back());
    sockets_[place]->place = place;
  }
  sockets_.pop_back();
}

void UdpFlows::each(const Visit& visit) const {
  for (const auto& flow : flows_) {
    visit({flow->core, flow->bytes_up + flow->bytes_down, [&]() { return record(*flow); }});
  }
}

bool UdpFlows::end(std::uint64_t sequence, End why) {
  const auto found = std::find_if(flows_.begin(), flows_.end(), [&](const auto& flow) {
    return flow->core.sequence == sequence;
  });
  if (found == flows_.end()) {
    return false;
  }
  end(**found, why, {});
  return true;
}

void UdpFlows::end_all(End why) {
  while (!flows_.empty()) {
    end(**flows_.begin(), why, {});
  }
}

}  // namespace weir
