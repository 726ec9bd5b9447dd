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

void UdpFlow::on_deadline(Instant now) { all.on_deadline(*this, now); }

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
