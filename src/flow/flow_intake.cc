#include "flow/flow_intake.h"

#include <utility>

#include "flow/client_key.h"

namespace weir {

std::uint64_t FlowIntake::client_key_of(const Address& address) const {
  return client_key(address, parts_.in_use.snapshot->limits(), parts_.in_use.neighbours.get());
}

Snapshot::Choice FlowIntake::look(const Flow& flow) const {
  const Snapshot& snapshot = *parts_.in_use.snapshot;
  const bool may_be_named =
      snapshot.host_rules().any() && (flow.host == nullptr || flow.host->is_outer);
  return snapshot.decide(
      flow, parts_.devices.finder(),
      may_be_named ? KnownHost{.state = KnownHost::State::not_yet} : known(flow.host));
}

FlowCore FlowIntake::open(const Flow& flow, const Snapshot::Choice& looked) {
  FlowCore core;
  core.flow = flow;
  core.flow.worker = static_cast<std::uint16_t>(parts_.worker);
  core.sequence = parts_.ids.next();
  core.snapshot = parts_.in_use.snapshot;
  core.rule = &looked.entry;
  if (looked.may_change) {
    if (HostRef looked_up = parts_.lookups.find(flow)) {
      core.flow.host = std::move(looked_up);
    }
    core.rule = &core.snapshot->choose(flow, parts_.devices.finder(), known(core.flow.host));
  }
  core.device = parts_.devices.ref_to(flow.client.address);
  core.opened = parts_.now;
  if (const auto reason = parts_.passing.why(flow, *core.rule, *core.snapshot)) {
    core.rule = &core.snapshot->passing(*core.rule);
    parts_.reasons.add(*reason);
  }
  return core;
}

Admission::Verdict FlowIntake::admit(FlowCore& core) {
  const auto verdict = try_to_admit(core);
  if (verdict != Admission::Verdict::admitted) {
    parts_.reasons.add(reason_of(verdict));
  }
  return verdict;
}

Admission::Verdict FlowIntake::try_to_admit(FlowCore& core, Admission::Slot slot) {
  const auto key = client_key_of(core.flow.client.address);
  const auto verdict =
      parts_.admission.admit({core.flow.protocol, key}, *core.rule, core.snapshot->limits(), slot);
  if (verdict == Admission::Verdict::admitted) {
    core.client = parts_.clients.take(key);
    core.rule->counters->of(parts_.worker).flows.add();
    core.rule->upstream_counters->of(parts_.worker).flows.add();
  }
  return verdict;
}

void FlowIntake::adopt(FlowCore& core) {
  const auto key = client_key_of(core.flow.client.address);
  core.client = parts_.clients.take(key);
  parts_.admission.adopt({core.flow.protocol, key}, *core.rule);
}

void FlowIntake::closed(const FlowCore& core) {
  parts_.admission.release({core.flow.protocol, parts_.clients.key_of(core.client)}, *core.rule);
  parts_.clients.drop(core.client);
}

}  // namespace weir
