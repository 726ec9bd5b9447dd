#include "gateway/tcp_flows.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/transparent.h"

namespace weir {
namespace {

// The most that one read takes; limits.buffer may make it less.
constexpr std::size_t buffer_size = std::size_t{128} * 1024;

}  // namespace

TcpFlows::TcpFlows(FlowServices& services, Port port)
    : services_(services),
      port_(port),
      buffer_(std::make_unique_for_overwrite<std::uint8_t[]>(buffer_size)),
      shared_{
          .buffer = {buffer_.get(), buffer_size}, .pipes = pipes_, .most_stashed = buffer_size} {}

TcpFlows::~TcpFlows() = default;

void TcpFlows::bury() {
  ended_.clear();
  raced_.clear();
}

void TcpFlows::accept(Accepted accepted) {
  Flow flow{.protocol = Protocol::tcp,
            .client = accepted.client,
            .destination = accepted.destination,
            .interface = 0};
  if (services_.snapshot()->needs_interface()) {
    flow.interface = inbound_interface(accepted.socket.get(), flow.client.family());
  }
  FlowCore core = services_.open(flow);
  const auto finding = services_.loop_guard().look(flow, port_);
  core.generation = finding.generation;
  if (finding.is_loop) {
    services_.reasons().add(Reason::loop);
    refuse(core, accepted.socket, End::loop, finding.why());
    return;
  }
  if (const auto verdict = services_.admit(core); verdict != Admission::Verdict::admitted) {
    refuse(core, accepted.socket, End::limit, text_of(verdict));
    return;
  }
  auto flow_object = std::make_unique<TcpFlow>(*this, std::move(core), std::move(accepted.socket));
  flow_object->place = flows_.size();
  flows_.push_back(std::move(flow_object));
  flows_.back()->start();
}

void TcpFlows::refuse(const FlowCore& core, Descriptor& client, End end, std::string_view error) {
  close_with_reset(client);
  services_.write(core, services_.describe(core), end, error);
}

void TcpFlows::ended(TcpFlow& flow) {
  const std::size_t place = flow.place;
  ended_.push_back(std::move(flows_[place]));
  if (place + 1 != flows_.size()) {
    flows_[place] = std::move(flows_.back());
    flows_[place]->place = place;
  }
  flows_.pop_back();
}

void TcpFlows::each(const Visit& visit) const {
  for (const auto& flow : flows_) {
    visit({flow->core(), flow->bytes(), [&flow]() { return flow->record(); }});
  }
}

bool TcpFlows::end(std::uint64_t sequence, End why) {
  const auto found = std::find_if(flows_.begin(), flows_.end(), [&](const auto& flow) {
    return flow->core().sequence == sequence;
  });
  if (found == flows_.end()) {
    return false;
  }
  (*found)->end(why);
  return true;
}

void TcpFlows::end_all(End end) {
  while (!flows_.empty()) {
    flows_.back()->end(end);
  }
}

}  // namespace weir
