#include "gateway/flow_services.h"

#include <utility>

namespace weir {

FlowServices::FlowServices(std::size_t worker, EdgePoll& poll, Deadlines& deadlines,
                           Admission& admission, LoopGuard& loop_guard, Log& log, FlowIds ids)
    : worker_(worker),
      poll_(poll),
      deadlines_(deadlines),
      admission_(admission),
      loop_guard_(loop_guard),
      log_(log),
      ids_(std::move(ids)) {}

FlowCore FlowServices::open(const Flow& flow) {
  FlowCore core;
  core.flow = flow;
  core.sequence = ids_.next();
  core.snapshot = snapshot_;
  core.rule = &snapshot_->choose(flow);
  core.opened = poll_.now();
  return core;
}

Admission::Verdict FlowServices::admit(const FlowCore& core) {
  const auto verdict = admission_.admit(core.flow, *core.rule, core.snapshot->limits());
  if (verdict == Admission::Verdict::admitted) {
    core.rule->tally->of(worker_).flows.add();
    core.rule->upstream_tally->of(worker_).flows.add();
  } else {
    reasons_.add(reason_of(verdict));
  }
  return verdict;
}

void FlowServices::closed(const FlowCore& core) { admission_.release(core.flow, *core.rule); }

void FlowServices::moved(const FlowCore& core, std::uint64_t bytes_up, std::uint64_t bytes_down,
                         std::uint64_t packets_up, std::uint64_t packets_down) {
  for (Tally* tally : {core.rule->tally.get(), core.rule->upstream_tally.get()}) {
    Tally::Part& part = tally->of(worker_);
    part.bytes_up.add(bytes_up);
    part.bytes_down.add(bytes_down);
    part.packets_up.add(packets_up);
    part.packets_down.add(packets_down);
  }
}

std::string FlowServices::id_of(const FlowCore& core) const { return ids_.text(core.sequence); }

void FlowServices::took(const FlowCore& core, Latency latency, std::int64_t us) {
  core.rule->tally->of(worker_).of(latency).add(us);
  core.rule->upstream_tally->of(worker_).of(latency).add(us);
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
  record.duration_us = core.since_opened(poll_.now());
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
  if (log_.format() == LogFormat::json) {
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
    reasons_.add(Reason::record_lost, log_.records(std::move(records_), lines_));
    records_.clear();
    lines_ = 0;
  }
}

}  // namespace weir
