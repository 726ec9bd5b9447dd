#include "flow/snapshot.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <utility>

#include "upstream/assembly.h"

namespace weir {
namespace {

// Stands for an upstream that the configuration no longer has, while a flow through it lives: its
// name and how it mapped. Nothing new goes through it.
class PastUpstream final : public Upstream {
 public:
  PastUpstream(const std::string& name, Mapping mapping)
      : Upstream({.name = name, .type = "past", .mapping = mapping}) {}
  [[nodiscard]] std::vector<std::string> describe(const Flow&) const override { return {}; }

 protected:
  [[nodiscard]] Route do_route(const Flow&, const Target&,
                               std::span<const std::shared_ptr<Server>>) const override {
    Route none;
    none.verdict = Route::Verdict::no_server;
    return none;
  }
};

// The members of a group; none of others.
std::span<const std::shared_ptr<Upstream>> members_of(const Upstream& upstream) {
  return upstream.profile().via ? std::span<const std::shared_ptr<Upstream>>()
                                : upstream.dependencies();
}

// What a flow is counted for once a member has taken it.
void add_members(RuleEntry& entry, CounterRegistry& upstreams) {
  std::vector<RuleEntry> taken;
  for (const auto& member : members_of(*entry.upstream)) {
    RuleEntry& one = taken.emplace_back(entry);
    one.member = member->name();
    one.member_tally = upstreams.get(member->name());
    one.taken_by = member.get();
  }
  entry.by_member = std::move(taken);
}

}  // namespace

Result<std::shared_ptr<const Snapshot>> Snapshot::Maker::make(Configuration configuration,
                                                              const Snapshot* previous) const {
  std::shared_ptr<Snapshot> made(new Snapshot());
  made->configuration_ = std::make_shared<const Configuration>(std::move(configuration));
  const Configuration& from = *made->configuration_;

  made->limits_ = from.limits;
  if (made->limits_.max_flows == 0) {
    made->limits_.max_flows = auto_max_flows;
  }
  if (made->limits_.max_flows_per_client == 0) {
    made->limits_.max_flows_per_client = std::max<std::uint64_t>(made->limits_.max_flows / 4, 1);
  }
  UpstreamAssembly::Previous before;
  if (previous != nullptr) {
    before.sections = previous->configuration().upstreams;
    before.upstreams = previous->upstreams();
  }
  UpstreamAssembly assembly(from.upstreams, servers, before);
  if (auto taken = made->take_upstreams(*this, assembly); !taken) {
    return taken.error();
  }
  MachineHere here = MachineHere::read();
  here.devices = devices;
  here.sets = live_sets == nullptr ? from.set_table : live_sets->over(from.set_table);
  made->rules_ = std::make_shared<const FittedRules>(
      made->configuration_, std::make_shared<const MachineHere>(std::move(here)));
  return std::shared_ptr<const Snapshot>(std::move(made));
}

std::shared_ptr<const Snapshot> Snapshot::refit(const Snapshot& previous,
                                                const std::shared_ptr<const MachineHere>& machine) {
  auto rules = previous.rules_->refitted(machine);
  if (rules == nullptr) {
    return nullptr;
  }
  std::shared_ptr<Snapshot> made(new Snapshot(previous));
  made->rules_ = std::move(rules);
  return made;
}

Snapshot::Renewed Snapshot::Maker::renew(const Snapshot& previous) const {
  std::shared_ptr<Snapshot> made(new Snapshot());
  made->configuration_ = previous.configuration_;
  made->limits_ = previous.limits_;
  made->rules_ = previous.rules_;
  const Configuration& from = *made->configuration_;
  UpstreamAssembly assembly(from.upstreams, servers,
                            {.sections = from.upstreams,
                             .upstreams = previous.upstreams(),
                             .outside = UpstreamAssembly::Previous::Outside::left});
  [[maybe_unused]] const auto taken = made->take_upstreams(*this, assembly);
  assert(taken.ok() && "an upstream that cannot be renewed stays as it was");
  return {.snapshot = std::move(made), .not_renewed = assembly.not_renewed()};
}

std::shared_ptr<const Snapshot> Snapshot::Maker::for_inherited(
    const Snapshot& current, std::span<const RuleBinding> bindings) const {
  std::shared_ptr<Snapshot> made(new Snapshot(current));
  made->entries_.clear();
  made->passing_.clear();
  for (const RuleBinding& binding : bindings) {
    const auto rule =
        std::find_if(current.entries_.begin(), current.entries_.end(),
                     [&](const RuleEntry& entry) { return entry.name == binding.rule; });
    const auto upstream =
        std::find_if(current.upstreams_.begin(), current.upstreams_.end(), [&](const auto& one) {
          return one->name() == binding.upstream && one->profile().mapping == binding.mapping;
        });
    RuleEntry entry = rule != current.entries_.end() ? *rule : RuleEntry{};
    if (rule == current.entries_.end()) {
      entry.name = binding.rule;
      entry.counters = rules.get(binding.rule);
      entry.log = current.configuration().log.flows;
      entry.key = std::hash<std::string>{}(binding.rule);
    }
    entry.upstream = upstream != current.upstreams_.end()
                         ? *upstream
                         : std::make_shared<PastUpstream>(binding.upstream, binding.mapping);
    entry.upstream_counters = upstreams.get(binding.upstream);
    entry.place = made->entries_.size();
    entry.by_member.clear();
    add_members(entry, upstreams);
    if (!binding.member.empty()) {
      entry.member = binding.member;
      entry.member_tally = upstreams.get(binding.member);
    }
    made->entries_.push_back(std::move(entry));
  }
  return made;
}

// Upstreams in the order of their sections, then the built-ins; and the rules that use them.
Result<> Snapshot::take_upstreams(const Maker& maker, UpstreamAssembly& assembly) {
  const Configuration& from = *configuration_;
  for (const Settings& settings : from.upstreams) {
    auto upstream = assembly.get(settings.name());
    if (!upstream) {
      return upstream.error();
    }
    upstreams_.push_back(std::move(upstream).value());
  }

  const auto entry_for = [&](const std::string& name, const std::string& use) {
    const auto found = assembly.get(use);
    assert(found.ok() && "the configuration let a dangling upstream name pass");
    const auto& upstream = found.value();
    return RuleEntry{.name = name,
                     .upstream = upstream,
                     .counters = maker.rules.get(name),
                     .upstream_counters = maker.upstreams.get(upstream->name()),
                     .log = from.log.flows,
                     .max_flows = 0,
                     .max_flows_per_client = 0,
                     .key = std::hash<std::string>{}(name)};
  };
  for (const RuleSettings& rule : from.rules) {
    RuleEntry entry = entry_for(rule.name, rule.use);
    entry.log = rule.log.value_or(from.log.flows);
    entry.max_flows = rule.max_flows.value_or(0);
    entry.max_flows_per_client = rule.max_flows_per_client.value_or(0);
    host_rules_.add(rule, *entry.upstream);
    entries_.push_back(std::move(entry));
  }
  entries_.push_back(entry_for(default_rule_name, from.gateway.default_use));
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    entries_[i].place = i;
    add_members(entries_[i], maker.upstreams);
  }
  const RuleEntry plain = entry_for({}, "transparent");
  for (const RuleEntry& entry : entries_) {
    passing_.push_back(entry);
    passing_.back().upstream = plain.upstream;
    passing_.back().upstream_counters = plain.upstream_counters;
    passing_.back().by_member.clear();
  }
  server_addresses_ = maker.servers.addresses();
  upstreams_.insert(upstreams_.end(), assembly.builtins().begin(), assembly.builtins().end());
  return Ok{};
}

Snapshot::Choice Snapshot::decide(const Flow& flow, const ClientDevice& device,
                                  const KnownHost& host) const {
  const RuleSet::Decision decision = rules_->decide(flow, device, host);
  return {.entry = decision.rule ? entries_[*decision.rule] : entries_.back(),
          .may_change = decision.may_change};
}

const RuleEntry& taken_by(const Snapshot& snapshot, const RuleEntry& entry,
                          const Upstream* member) {
  if (member == nullptr) {
    return entry;
  }
  const std::vector<RuleEntry>& all = snapshot.entries()[entry.place].by_member;
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const RuleEntry& one) { return one.taken_by == member; });
  return found == all.end() ? entry : *found;
}

std::vector<Upstream::Handling> handlings_of(const Snapshot& snapshot) {
  std::vector<Upstream::Handling> out;
  out.reserve(snapshot.entries().size());
  for (const RuleEntry& entry : snapshot.entries()) {
    out.push_back(entry.upstream->handling());
  }
  return out;
}

}  // namespace weir
