#include "flow/tcp_flows.h"

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/transparent.h"
#include "flow/destination.h"

namespace weir {
namespace {

// So many dials at a time are a piece of memory.
constexpr std::pmr::pool_options dial_pieces{.max_blocks_per_chunk = 32,
                                             .largest_required_pool_block = 1024};

// The most that one read takes; limits.buffer may make it less.
constexpr std::size_t buffer_size = std::size_t{128} * 1024;

// A client's next attempt comes from another port, and is the same refusal.
std::uint64_t refusal_hash(const Flow& flow, End end) {
  constexpr std::uint64_t spread = 0x9e3779b97f4a7c15U;
  return hash_of(flow.client.address) ^ (hash_of(flow.destination) * spread) ^
         (static_cast<std::uint64_t>(end) << 1U);
}

}  // namespace

TcpFlows::TcpFlows(const Parts& parts)
    : port_(parts.port),
      bulk_(bulk_budget(parts.workers)),
      buffer_(std::make_unique_for_overwrite<std::uint8_t[]>(buffer_size)),
      dns_(parts.lookups),
      shared_{
          .buffer = {buffer_.get(), buffer_size},
          .pipes = pipes_,
          .max_stashed = buffer_size,
          .bulk = bulk_,
          .on_watched = [this](const TcpRelay& relay,
                               std::span<const std::uint8_t> bytes) { dns_.take(relay, bytes); }},
      dial_memory_(dial_pieces),
      parts_{.dial = parts.dial,
             .intake = parts.intake,
             .records = parts.records,
             .relay = shared_,
             .dials = dial_memory_,
             .dns = dns_,
             .server_first = server_first_,
             .all = *this},
      sniffing_({.poll = parts.dial.poll,
                 .timers = parts.dial.timers,
                 .calls = parts.dial.calls,
                 .then = [this](Accepted accepted, Flow flow, const TcpSniffing::Seen& seen) {
                   flow.host = seen.host;
                   enter(std::move(accepted), parts_.intake.open(flow), seen);
                 }}) {}

TcpFlows::~TcpFlows() = default;

void TcpFlows::accept(Accepted accepted) {
  Flow flow{.protocol = Protocol::tcp,
            .dscp = accepted.dscp,
            .client = accepted.client,
            .destination = accepted.destination,
            .interface = 0};
  if (parts_.dial.egress.needs_interface(flow.client.family())) {
    flow.interface = inbound_interface(accepted.socket.get(), flow.client.family());
  }
  const Snapshot::Choice looked = parts_.intake.look(flow);
  if (waits_for_host(flow, looked)) {
    sniffing_.hold(std::move(accepted), flow, parts_.intake.timeouts().sniff);
  } else {
    enter(std::move(accepted), parts_.intake.open(flow, looked), {});
  }
}

bool TcpFlows::waits_for_host(const Flow& flow, const Snapshot::Choice& looked) const {
  return looked.may_change && !is_invalid_destination(flow.destination) &&
         (!server_first_.is_known(flow.destination, parts_.dial.poll.now()) ||
          parts_.intake.may_refuse_by_host(flow));
}

void TcpFlows::enter(Accepted accepted, FlowCore core, const TcpSniffing::Seen& seen) {
  const Flow& flow = core.flow;
  if (is_invalid_destination(flow.destination)) {
    parts_.dial.reasons.add(Reason::invalid_destination);
    refuse(core, accepted.socket, End::invalid_destination, {});
    return;
  }
  const auto finding = parts_.dial.loop_guard.check(flow, port_);
  core.generation = finding.generation;
  if (finding.is_loop) {
    parts_.dial.reasons.add(Reason::loop);
    refuse(core, accepted.socket, End::loop, finding.why());
    return;
  }
  if (const auto verdict = parts_.intake.admit(core); verdict != Admission::Verdict::admitted) {
    refuse(core, accepted.socket, End::limit, text_of(verdict));
    return;
  }
  auto flow_object = std::make_unique<TcpFlow>(parts_, std::move(core), std::move(accepted.socket));
  if (seen.is_silent) {
    flow_object->learn_who_begins();
  }
  TcpFlow& entered = *flow_object;
  flows_.insert(std::move(flow_object));
  entered.start();
}

void TcpFlows::refuse(const FlowCore& core, Descriptor& client, End end, std::string_view error) {
  close_with_reset(client);
  if (refusals_.is_news(refusal_hash(core.flow, end), parts_.dial.poll.now())) {
    parts_.records.write(core, parts_.records.describe(core), end, error);
  }
}

void TcpFlows::each(const Visit& visit) const {
  flows_.each([&](TcpFlow& flow) {
    visit({flow.core(), flow.bytes(), [&]() { return flow.record(); }});
  });
}

std::uint64_t TcpFlows::scan(std::uint64_t at, std::size_t max, const Visit& visit) const {
  return flows_.scan(at, max, [&](TcpFlow& flow) {
    visit({flow.core(), flow.bytes(), [&]() { return flow.record(); }});
  });
}

bool TcpFlows::end(std::uint64_t sequence, End why) {
  TcpFlow* found = flows_.find(NumberHash{}(sequence), [&](const TcpFlow& flow) {
    return flow.core().sequence == sequence;
  });
  if (found == nullptr) {
    return false;
  }
  found->end(why);
  return true;
}

void TcpFlows::end_all(End end) {
  parts_.dial.reasons.add(Reason::draining, sniffing_.size());
  sniffing_.end_all();
  std::vector<TcpFlow*> all;
  all.reserve(flows_.size());
  flows_.each([&](TcpFlow& flow) { all.push_back(&flow); });
  for (TcpFlow* flow : all) {
    flow->end(end);
  }
}

}  // namespace weir
