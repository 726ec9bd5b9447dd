#include "flow/admission.h"

#include <algorithm>
#include <cassert>

namespace weir {
namespace {

// How many clients may be counted at once.
constexpr std::uint64_t most_counted = 131'072;

std::uint64_t salted(Protocol protocol, std::uint64_t hash) {
  return protocol == Protocol::tcp ? hash : hash * 0x9e3779b97f4a7c15U;
}

}  // namespace

Admission::Admission(std::uint64_t descriptors, std::uint64_t workers)
    : workers_(std::max<std::uint64_t>(workers, 1)),
      descriptors_(descriptors, workers_),
      clients_(most_counted) {}

std::uint64_t Admission::key_of(const Claim& flow, std::uint64_t rule) {
  return salted(flow.protocol, flow.client ^ (rule * 0xd1b54a32d192ed03U));
}

Admission::Verdict Admission::admit(const Claim& flow, const RuleEntry& rule,
                                    const Limits& limits) {
  auto& live = live_[static_cast<std::size_t>(flow.protocol)];
  if (live.fetch_add(1, std::memory_order_relaxed) >= limits.max_flows) {
    live.fetch_sub(1, std::memory_order_relaxed);
    return Verdict::max_flows;
  }
  if (flow.protocol == Protocol::tcp &&
      !descriptors_.take(Protocol::tcp, DescriptorShares::of_connection)) {
    live.fetch_sub(1, std::memory_order_relaxed);
    return Verdict::out_of_descriptors;
  }
  Verdict verdict = Verdict::admitted;
  if (!clients_.try_add(key_of(flow, 0), limits.max_flows_per_client)) {
    give_back_connection(flow.protocol);
    live.fetch_sub(1, std::memory_order_relaxed);
    return Verdict::max_flows_per_client;
  }
  const auto in_rule = rule.tally->live.fetch_add(1, std::memory_order_relaxed);
  if (rule.max_flows != 0 && in_rule >= rule.max_flows) {
    verdict = Verdict::rule_max_flows;
  } else if (rule.max_flows_per_client != 0 &&
             !clients_.try_add(key_of(flow, rule.key), rule.max_flows_per_client)) {
    verdict = Verdict::rule_max_flows_per_client;
  }
  if (verdict != Verdict::admitted) {
    rule.tally->live.fetch_sub(1, std::memory_order_relaxed);
    clients_.subtract(key_of(flow, 0));
    give_back_connection(flow.protocol);
    live.fetch_sub(1, std::memory_order_relaxed);
    return verdict;
  }
  rule.upstream_tally->live.fetch_add(1, std::memory_order_relaxed);
  return verdict;
}

void Admission::release(const Claim& flow, const RuleEntry& rule) {
  rule.upstream_tally->live.fetch_sub(1, std::memory_order_relaxed);
  rule.tally->live.fetch_sub(1, std::memory_order_relaxed);
  if (rule.max_flows_per_client != 0) {
    clients_.subtract(key_of(flow, rule.key));
  }
  clients_.subtract(key_of(flow, 0));
  give_back_connection(flow.protocol);
  [[maybe_unused]] const auto before =
      live_[static_cast<std::size_t>(flow.protocol)].fetch_sub(1, std::memory_order_relaxed);
  assert(before > 0 && "a flow was released twice");
}

void Admission::adopt(const Claim& flow, const RuleEntry& rule) {
  live_[static_cast<std::size_t>(flow.protocol)].fetch_add(1, std::memory_order_relaxed);
  if (flow.protocol == Protocol::tcp) {
    descriptors_.adopt(Protocol::tcp, DescriptorShares::of_connection);
  }
  static_cast<void>(clients_.try_add(key_of(flow, 0)));
  rule.tally->live.fetch_add(1, std::memory_order_relaxed);
  if (rule.max_flows_per_client != 0) {
    static_cast<void>(clients_.try_add(key_of(flow, rule.key)));
  }
  rule.upstream_tally->live.fetch_add(1, std::memory_order_relaxed);
}

void Admission::give_back_connection(Protocol protocol) {
  if (protocol == Protocol::tcp) {
    descriptors_.give_back(Protocol::tcp, DescriptorShares::of_connection);
  }
}

std::uint64_t Admission::most_done(const RuleEntry& rule, const Limits& limits) const {
  std::uint64_t most = 16'384;
  for (const std::uint64_t limit :
       {limits.max_flows, limits.max_flows_per_client, rule.max_flows, rule.max_flows_per_client}) {
    if (limit != 0) {
      most = std::min(most, limit / 2 / workers_);
    }
  }
  return most;
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
