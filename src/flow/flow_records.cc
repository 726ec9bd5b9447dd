#include "flow/flow_records.h"

#include <chrono>
#include <utility>

namespace weir {

FlowRecord FlowRecords::describe(const FlowCore& core, std::string_view path) const {
  FlowRecord record;
  record.id = parts_.ids.text(core.sequence);
  record.protocol = core.flow.protocol;
  record.client = core.flow.client;
  record.destination = core.flow.destination;
  record.device = core.device.text();
  if (const HostRef& host = core.flow.host) {
    record.host = host->name;
    record.host_from = text_of(host->from);
    record.has_ech = host->is_outer;
  }
  record.rule = core.rule->name;
  record.upstream = core.rule->upstream->name();
  record.member = core.rule->member;
  if (!path.empty()) {
    record.server = path;
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

void FlowRecords::write(const FlowCore& core, FlowRecord record, End end, std::string_view error) {
  const LogFlows wanted = core.rule->log;
  if (wanted == LogFlows::none || (wanted == LogFlows::errors && !is_error(end))) {
    return;
  }
  record.end = end;
  record.error = error;
  if (parts_.log.format() == LogFormat::json) {
    append_json(written_, record);
  } else {
    append_text(written_, record);
  }
  written_ += '\n';
  ++lines_;
  constexpr std::size_t batch = std::size_t{64} * 1024;
  if (written_.size() >= batch) {
    flush();
  }
}

void FlowRecords::flush() {
  if (lines_ != 0) {
    parts_.reasons.add(Reason::record_lost, parts_.log.records(std::move(written_), lines_));
    written_.clear();
    lines_ = 0;
  }
}

}  // namespace weir
