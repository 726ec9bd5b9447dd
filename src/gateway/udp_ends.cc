// How a UDP flow ends: by its deadline, by what was heard of its server, or on request.
#include <algorithm>
#include <cassert>
#include <string_view>
#include <utility>

#include "gateway/server_news.h"
#include "gateway/udp_flows.h"

namespace weir {
namespace {

constexpr std::chrono::seconds after_answer{1};

}  // namespace

void UdpFlow::on_deadline(Instant now) { socket->all.on_deadline(*this, now); }

// It waits for an answer again, if it did not.
void UdpFlows::note_question(UdpFlow& flow) {
  answered_.remove(flow);
  withdraw_relay(*flow.socket);
}

// A DNS flow with as many answers as questions ends soon; every other flow only notes the time.
void UdpFlows::note_answer(UdpFlow& flow) {
  note_question(flow);
  if (flow.packets_down < flow.packets_up) {
    return;
  }
  answered_.add(flow);
  offer_relay(*flow.socket);
  most_answered_ = std::min(most_answered_, services_.admission().most_done(
                                                *flow.core.rule, flow.core.snapshot->limits()));
  flow.arm(services_.deadlines(), due(flow), services_.poll().now());
}

Instant UdpFlows::due(const UdpFlow& flow) const {
  const Timeouts& timeouts = flow.core.snapshot->timeouts();
  if (flow.core.flow.destination.port != dns_port) {
    return flow.last_activity + timeouts.udp_idle;
  }
  return flow.last_activity + (flow.answered != 0
                                   ? std::min<Milliseconds>(after_answer, timeouts.dns_idle)
                                   : timeouts.dns_idle);
}

void UdpFlows::on_deadline(UdpFlow& flow, Instant now) {
  if (const Instant when = due(flow); now < when) {
    flow.arm(services_.deadlines(), when, now);
    return;
  }
  const bool unanswered = flow.waiting && flow.core.flow.destination.port == dns_port;
  if (flow.packets_down == 0 || unanswered) {
    const bool relayed = flow.socket->relay != nullptr;
    note_silent_end(flow.core, relayed ? Reached::through_relay : Reached::directly, now);
  }
  end(flow, flow.answered != 0 ? End::closed : End::idle, {});
}

FlowRecord UdpFlows::record(const UdpFlow& flow) const {
  FlowRecord out = services_.describe(flow.core);
  if (flow.wrapping) {
    out.connect_us = flow.wrapping->connect_us;
    out.handshake_us = flow.wrapping->handshake_us;
  }
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
  if (why != End::closed) {
    withdraw_relay(*flow.socket);  // nobody else is to have what this one ended by
  }
  services_.write(flow.core, record(flow), why, error);
  if (flow.core.server) {
    flow.core.server->bytes_up.fetch_add(flow.bytes_up, std::memory_order_relaxed);
    flow.core.server->bytes_down.fetch_add(flow.bytes_down, std::memory_order_relaxed);
    flow.core.server->packets_up.fetch_add(flow.packets_up, std::memory_order_relaxed);
    flow.core.server->packets_down.fetch_add(flow.packets_down, std::memory_order_relaxed);
  }
  take_out(flow);
}

void UdpFlows::take_out(UdpFlow& flow) {
  flow.over = true;
  answered_.remove(flow);
  flow.disarm(services_.deadlines());
  if (flow.core.server) {
    flow.core.server->flows_active.fetch_sub(1, std::memory_order_relaxed);
  }
  services_.closed(flow.core);
  UdpSocket& socket = *flow.socket;
  late_ -= flow.late ? 1 : 0;
  ended_.push_back(flows_.extract(flow));
  if (socket.relay) {
    socket.relay->forget(flow);
  }
  if (--socket.flows == 0 && !rest(socket)) {
    release(socket);
  }
}

LoopGuard::OwnSocket UdpSocket::own() const {
  const Endpoint anyone;
  const Endpoint& peer = relay != nullptr       ? relay->endpoint()
                         : only_flow != nullptr ? only_flow->core.remote
                                                : anyone;
  return {Protocol::udp, local, peer, generation};
}

void UdpFlows::release(UdpSocket& socket) {
  services_.poll().forget(socket);
  if (socket.relay) {
    socket.relay->close();
    services_.admission().give_back_udp_socket();
  }
  if (socket.descriptor.valid()) {
    services_.loop_guard().closed(socket.own());
  }
  services_.admission().give_back_udp_socket();
  if (socket.is_mapping) {
    mappings_.extract(socket);
  }
  socket.descriptor.reset();
  const std::uint32_t place = socket.place;
  closed_.push_back(std::move(sockets_[place]));
  if (place + 1 != sockets_.size()) {
    sockets_[place] = std::move(sockets_.back());
    sockets_[place]->place = place;
  }
  sockets_.pop_back();
}

void UdpFlows::end_turn() {
  flush_answers();
  end_answered();
}

// A busy resolver opens a flow for every question: those that have been answered must not take the
// descriptors, or what limits allow, from those that wait for their answer.
void UdpFlows::end_answered() {
  constexpr int most_in_a_turn = 256;
  const bool scarce = services_.admission().udp_sockets_are_scarce();
  if (scarce) {
    release_resting();
  }
  for (int i = 0; i < most_in_a_turn && answered_.size() > (scarce ? 0 : most_answered_); ++i) {
    end(answered_.oldest(), End::closed, {});
  }
  most_answered_ = UINT64_MAX;
}

void UdpFlows::bury() {
  finished_dials_.clear();  // which know their relays
  ended_.clear();
  closed_.clear();
}

void UdpFlows::each(const Visit& visit) const {
  flows_.each([&](UdpFlow& flow) {
    visit({flow.core, flow.bytes_up + flow.bytes_down, [&]() { return record(flow); }});
  });
}

bool UdpFlows::end(std::uint64_t sequence, End why) {
  UdpFlow* found = nullptr;
  flows_.each([&](UdpFlow& flow) {
    if (flow.core.sequence == sequence) {
      found = &flow;
    }
  });
  if (found == nullptr) {
    return false;
  }
  end(*found, why, {});
  return true;
}

void UdpFlows::end_all(End why) {
  std::vector<UdpFlow*> all;
  all.reserve(flows_.size());
  flows_.each([&](UdpFlow& flow) { all.push_back(&flow); });
  for (UdpFlow* flow : all) {
    end(*flow, why, {});
  }
  release_resting();
}

}  // namespace weir
