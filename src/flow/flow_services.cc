#include "flow/flow_services.h"

#include <utility>

namespace weir {

FlowCore FlowServices::open(const Flow& flow) {
  FlowCore core;
  core.flow = flow;
  core.flow.worker = worker();
  core.sequence = ids_.next();
  core.snapshot = snapshot_;
  core.rule = &snapshot_->choose(flow);
  core.opened = parts_.now;
  if (const auto reason = parts_.passing.why(flow, *core.rule, *snapshot_)) {
    core.rule = &snapshot_->passing(*core.rule);
    parts_.reasons.add(*reason);
  }
  return core;
}

Admission::Verdict FlowServices::admit(FlowCore& core) {
  const auto verdict = try_to_admit(core);
  if (verdict != Admission::Verdict::admitted) {
    parts_.reasons.add(reason_of(verdict));
  }
  return verdict;
}

Admission::Verdict FlowServices::try_to_admit(FlowCore& core, Admission::Place place) {
  const auto key = client_key_of(core.flow.client.address);
  const auto verdict =
      parts_.admission.admit({core.flow.protocol, key}, *core.rule, core.snapshot->limits(), place);
  if (verdict == Admission::Verdict::admitted) {
    core.client = clients_.take(key);
    core.rule->tally->of(parts_.worker).flows.add();
    core.rule->upstream_tally->of(parts_.worker).flows.add();
  }
  return verdict;
}

void FlowServices::adopt(FlowCore& core) {
  const auto key = client_key_of(core.flow.client.address);
  core.client = clients_.take(key);
  parts_.admission.adopt({core.flow.protocol, key}, *core.rule);
}

void FlowServices::closed(const FlowCore& core) {
  parts_.admission.release({core.flow.protocol, clients_.key_of(core.client)}, *core.rule);
  clients_.drop(core.client);
}

void FlowServices::moved(const FlowCore& core, const Traffic& traffic) {
  for (Tally* tally : {core.rule->tally.get(), core.rule->upstream_tally.get()}) {
    each_count([](Counter& to, const std::uint64_t& more) { to.add(more); },
               tally->of(parts_.worker), traffic);
  }
}

int FlowServices::choose_way(const Flow& flow, Route& route) {
  route.way = {};
  if (!parts_.ways.matter(route.remote.family())) {
    return 0;
  }
  const FirewallSettings& firewall = snapshot_->configuration().firewall;
  const int code = parts_.ways.choose(
      flow, route,
      {.bypass = firewall.bypass_mark, .own = firewall.mark.mask | firewall.bypass_mark.mask});
  if (code == PolicyWays::no_socket_can) {
    parts_.reasons.add(Reason::policy_route);
  }
  return code;
}

std::string FlowServices::id_of(const FlowCore& core) const { return ids_.text(core.sequence); }

void FlowServices::took(const FlowCore& core, Latency latency, std::int64_t us) {
  core.rule->tally->of(parts_.worker).of(latency).add(us);
  core.rule->upstream_tally->of(parts_.worker).of(latency).add(us);
}

FlowRecord FlowServices::describe(const FlowCore& core) const {
  FlowRecord record;
  record.id = ids_.text(core.sequence);
  record.protocol = core.flow.protocol;
  record.client = core.flow.client;
  record.destination = core.flow.destination;
  record.rule = core.rule->name;
  record.upstream = core.rule->upstream->name();
  if (core.path) {
    record.server = *core.path;
  } else if (core.server) {
    record.server = core.server->identity().name;
  }
  if (core.remote.port != 0) {
    record.server_address = core.remote.text();
  }
  if (core.source.port != 0) {
    record.source = core.source.text();
  }
  record.first_byte_us = core.first_byte_us;
  record.duration_us = since_opened(core, parts_.now);
  record.time = wall_clock_.at(parts_.now);
  record.opened = record.time - std::chrono::microseconds(record.duration_us);
  record.attempts = core.attempts;
  return record;
}

void FlowServices::write(const FlowCore& core, FlowRecord record, End end, std::string_view error) {
  const LogFlows wanted = core.rule->log;
  if (wanted == LogFlows::none || (wanted == LogFlows::errors && !is_error(end))) {
    return;
  }
  record.end = end;
  record.error = error;
  if (parts_.log.format() == LogFormat::json) {
    append_json(records_, record);
  } else {
    append_text(records_, record);
  }
  records_ += '\n';
  ++lines_;
  constexpr std::size_t batch = std::size_t{64} * 1024;
  if (records_.size() >= batch) {
    flush_records();
  }
}

void FlowServices::flush_records() {
  if (lines_ != 0) {
    parts_.reasons.add(Reason::record_lost, parts_.log.records(std::move(records_), lines_));
    records_.clear();
    lines_ = 0;
  }
}

}  // namespace weir
