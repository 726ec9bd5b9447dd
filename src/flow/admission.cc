#include "flow/admission.h"

#include <algorithm>
#include <cassert>

namespace weir {
namespace {

// How many clients may be counted at once.
constexpr std::uint64_t max_counted = 131'072;

// How many descriptors a worker takes at a time. What it has ahead, up to twice as many of each
// protocol, is no other worker's meanwhile: one in sixteen of all, at most.
std::uint32_t batch_of_descriptors(const DescriptorShares& shares, std::uint64_t workers) {
  const std::uint64_t all = shares.max(Protocol::tcp) + shares.sure(Protocol::udp);
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(all / (64 * workers), 1, 16));
}

// What all workers have published of one client.
struct PublishedOfKey {
  SharedCounts& counts;
  std::uint64_t key;

  [[nodiscard]] std::uint64_t get() const { return counts.count(key); }
  [[nodiscard]] bool try_add(std::uint64_t more, std::uint64_t limit) const {
    return counts.try_add(key, limit, more);
  }
  void add(std::uint64_t more) const { static_cast<void>(counts.try_add(key, UINT32_MAX, more)); }
  void subtract(std::uint64_t less) const { counts.subtract(key, less); }
};

std::uint64_t salted(Protocol protocol, std::uint64_t hash) {
  return protocol == Protocol::tcp ? hash : hash * 0x9e3779b97f4a7c15U;
}

}  // namespace

FlowTotals::FlowTotals(std::uint64_t descriptors, std::size_t workers)
    : parts_(std::max<std::size_t>(workers, 1)),
      clients_(max_counted),
      descriptors_(descriptors, parts_.size()) {}

std::uint64_t FlowTotals::live(Protocol protocol) const {
  std::uint64_t out = 0;
  for (const Part& part : parts_) {
    out += part.live[static_cast<std::size_t>(protocol)].own.get();
  }
  return out;
}

Admission::Admission(FlowTotals& all, std::size_t worker)
    : all_(all),
      worker_(worker),
      batch_of_descriptors_(batch_of_descriptors(all.descriptors(), all.workers())) {}

std::uint64_t Admission::key_of(const Claim& flow, std::uint64_t rule) {
  return salted(flow.protocol, flow.client ^ (rule * 0xd1b54a32d192ed03U));
}

Admission::Verdict Admission::admit(const Claim& flow, const RuleEntry& rule, const Limits& limits,
                                    Slot slot) {
  const bool is_tcp = flow.protocol == Protocol::tcp;
  if (!add_live(flow.protocol, limits.max_flows, slot)) {
    return Verdict::max_flows;
  }
  Verdict refused = Verdict::out_of_descriptors;
  if (!is_tcp || take(Protocol::tcp, DescriptorShares::of_connection)) {
    refused = Verdict::max_flows_per_client;
    if (add_client(key_of(flow, 0), limits.max_flows_per_client, slot)) {
      refused = Verdict::rule_max_flows;
      if (add_in_rule(rule)) {
        if (rule.max_flows_per_client == 0 ||
            add_client(key_of(flow, rule.key), rule.max_flows_per_client, Slot::its_own)) {
          rule.upstream_counters->of(worker_).live.add();
          return Verdict::admitted;
        }
        refused = Verdict::rule_max_flows_per_client;
        subtract_in_rule(rule);
      }
      subtract_client(key_of(flow, 0));
    }
    if (is_tcp) {
      give_back(Protocol::tcp, DescriptorShares::of_connection);
    }
  }
  subtract_live(flow.protocol);
  return refused;
}

void Admission::release(const Claim& flow, const RuleEntry& rule) {
  rule.upstream_counters->of(worker_).live.own.subtract();
  subtract_in_rule(rule);
  if (rule.max_flows_per_client != 0) {
    subtract_client(key_of(flow, rule.key));
  }
  subtract_client(key_of(flow, 0));
  if (flow.protocol == Protocol::tcp) {
    give_back(Protocol::tcp, DescriptorShares::of_connection);
  }
  assert(all_.live_of(flow.protocol, worker_).own.get() > 0 && "a flow was released twice");
  subtract_live(flow.protocol);
}

// Flows beyond a limit are published with the next one that is counted.
void Admission::adopt(const Claim& flow, const RuleEntry& rule) {
  all_.live_of(flow.protocol, worker_).add();
  if (flow.protocol == Protocol::tcp) {
    all_.descriptors().adopt(Protocol::tcp, DescriptorShares::of_connection);
  }
  clients_[key_of(flow, 0)].flows.add();
  rule.counters->of(worker_).live.add();
  if (rule.max_flows_per_client != 0) {
    clients_[key_of(flow, rule.key)].flows.add();
  }
  rule.upstream_counters->of(worker_).live.add();
}

bool Admission::add_live(Protocol protocol, std::uint64_t limit, Slot slot) {
  BatchedCount& mine = all_.live_of(protocol, worker_);
  auto& batch_of_live = batch_of_live_[static_cast<std::size_t>(protocol)];
  batch_of_live = batch(limit);
  if (slot != Slot::its_own) {
    add_replacing(mine, all_.published(protocol), batch_of_live);
    return true;
  }
  return try_add(mine, all_.published(protocol), limit, batch_of_live);
}

void Admission::subtract_live(Protocol protocol) {
  subtract(all_.live_of(protocol, worker_), all_.published(protocol),
           batch_of_live_[static_cast<std::size_t>(protocol)]);
}

bool Admission::add_client(std::uint64_t key, std::uint64_t limit, Slot slot) {
  OfClient& client = clients_[key];
  client.batch = batch(limit);
  PublishedOfKey published{all_.clients(), key};
  if (slot == Slot::of_the_same_client) {
    add_replacing(client.flows, published, client.batch);
    return true;
  }
  if (try_add(client.flows, published, limit, client.batch)) {
    return true;
  }
  if (client.flows.own.get() == 0) {
    clients_.erase(key);
  }
  return false;
}

void Admission::subtract_client(std::uint64_t key) {
  const auto found = clients_.find(key);
  assert(found != clients_.end() && "a client without flows loses one");
  PublishedOfKey published{all_.clients(), key};
  subtract(found->second.flows, published, found->second.batch);
  if (found->second.flows.own.get() == 0) {
    clients_.erase(found);
  }
}

bool Admission::add_in_rule(const RuleEntry& rule) {
  BatchedCount& mine = rule.counters->of(worker_).live;
  if (rule.max_flows == 0) {
    mine.add();
    return true;
  }
  return try_add(mine, rule.counters->published_live(), rule.max_flows, batch(rule.max_flows));
}

void Admission::subtract_in_rule(const RuleEntry& rule) {
  subtract(rule.counters->of(worker_).live, rule.counters->published_live(), batch(rule.max_flows));
}

bool Admission::take(Protocol protocol, std::uint32_t count) {
  auto& spare = spare_[static_cast<std::size_t>(protocol)];
  if (spare < count) {
    const std::uint32_t missing = count - spare;
    const std::uint32_t ahead = std::max(kept(protocol), missing);
    if (all_.descriptors().take(protocol, ahead)) {
      spare += ahead;
    } else if (all_.descriptors().take(protocol, missing)) {
      spare = count;
    } else {
      return false;
    }
  }
  spare -= count;
  return true;
}

void Admission::give_back(Protocol protocol, std::uint32_t count) {
  auto& spare = spare_[static_cast<std::size_t>(protocol)];
  spare += count;
  const std::uint32_t ahead = kept(protocol);
  if (spare > 2 * ahead) {
    all_.descriptors().give_back(protocol, spare - ahead);
    spare = ahead;
  }
}

// Where they are scarce, nothing is taken ahead.
std::uint32_t Admission::kept(Protocol protocol) const {
  return batch_of_descriptors_ == 1 || all_.descriptors().are_scarce(protocol)
             ? 0
             : batch_of_descriptors_;
}

std::uint64_t Admission::max_done(const RuleEntry& rule, const Limits& limits) const {
  std::uint64_t max = 16'384;
  for (const std::uint64_t limit :
       {limits.max_flows, limits.max_flows_per_client, rule.max_flows, rule.max_flows_per_client}) {
    if (limit != 0) {
      max = std::min(max, limit / 2 / all_.workers());
    }
  }
  return max;
}

Reason reason_of(Admission::Verdict verdict) {
  switch (verdict) {
    case Admission::Verdict::out_of_descriptors:
      return Reason::out_of_descriptors;
    case Admission::Verdict::max_flows_per_client:
      return Reason::max_flows_per_client;
    case Admission::Verdict::rule_max_flows:
      return Reason::rule_max_flows;
    case Admission::Verdict::rule_max_flows_per_client:
      return Reason::rule_max_flows_per_client;
    default:
      return Reason::max_flows;
  }
}

std::string_view text_of(Admission::Verdict verdict) {
  switch (verdict) {
    case Admission::Verdict::out_of_descriptors:
      return "no descriptors are left for TCP";
    case Admission::Verdict::max_flows_per_client:
      return "max-flows-per-client reached";
    case Admission::Verdict::rule_max_flows:
      return "max-flows of the rule reached";
    case Admission::Verdict::rule_max_flows_per_client:
      return "max-flows-per-client of the rule reached";
    default:
      return "max-flows reached";
  }
}

}  // namespace weir
