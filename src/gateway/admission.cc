#include "gateway/admission.h"

#include <algorithm>
#include <cassert>

namespace weir {
namespace {

// Descriptors that flows may not have: logs, the admin socket and its clients, name lookups; and
// each worker's listeners and loop, the pipes of its bulk flows and the sockets that answer
// clients.
constexpr std::uint64_t reserve = 200;
constexpr std::uint64_t reserve_of_worker = 350;

// A quarter at most is reserved, where the limit is small.
std::uint64_t for_flows(std::uint64_t descriptors, std::uint64_t workers) {
  const std::uint64_t wanted = reserve + workers * reserve_of_worker;
  return std::max<std::uint64_t>(descriptors - std::min(wanted, descriptors / 4), 8);
}

// How many clients may be counted at once.
constexpr std::uint64_t most_counted = 131'072;

std::uint64_t salted(Protocol protocol, std::uint64_t hash) {
  return protocol == Protocol::tcp ? hash : hash * 0x9e3779b97f4a7c15U;
}

}  // namespace

Admission::Admission(std::uint64_t descriptors, std::uint64_t workers)
    // A TCP flow has two sockets.
    : workers_(std::max<std::uint64_t>(workers, 1)),
      auto_max_flows_(for_flows(descriptors, workers) * 31 / 32 / 2),
      most_udp_sockets_(for_flows(descriptors, workers) * 3 / 4),
      clients_(most_counted) {}

std::uint64_t Admission::client_key(const Flow& flow, std::uint64_t rule) {
  return salted(flow.protocol, hash_of(flow.client.address) ^ (rule * 0xd1b54a32d192ed03U));
}

Admission::Verdict Admission::admit(const Flow& flow, const RuleEntry& rule, const Limits& limits) {
  auto& live = live_[static_cast<std::size_t>(flow.protocol)];
  if (live.fetch_add(1, std::memory_order_relaxed) >= limits.max_flows) {
    live.fetch_sub(1, std::memory_order_relaxed);
    return Verdict::max_flows;
  }
  Verdict verdict = Verdict::admitted;
  if (!clients_.try_add(client_key(flow, 0), limits.max_flows_per_client)) {
    live.fetch_sub(1, std::memory_order_relaxed);
    return Verdict::max_flows_per_client;
  }
  const auto in_rule = rule.tally->live.fetch_add(1, std::memory_order_relaxed);
  if (rule.max_flows != 0 && in_rule >= rule.max_flows) {
    verdict = Verdict::rule_max_flows;
  } else if (rule.max_flows_per_client != 0 &&
             !clients_.try_add(client_key(flow, rule.key), rule.max_flows_per_client)) {
    verdict = Verdict::rule_max_flows_per_client;
  }
  if (verdict != Verdict::admitted) {
    rule.tally->live.fetch_sub(1, std::memory_order_relaxed);
    clients_.subtract(client_key(flow, 0));
    live.fetch_sub(1, std::memory_order_relaxed);
    return verdict;
  }
  rule.upstream_tally->live.fetch_add(1, std::memory_order_relaxed);
  return verdict;
}

void Admission::release(const Flow& flow, const RuleEntry& rule) {
  rule.upstream_tally->live.fetch_sub(1, std::memory_order_relaxed);
  rule.tally->live.fetch_sub(1, std::memory_order_relaxed);
  if (rule.max_flows_per_client != 0) {
    clients_.subtract(client_key(flow, rule.key));
  }
  clients_.subtract(client_key(flow, 0));
  [[maybe_unused]] const auto before =
      live_[static_cast<std::size_t>(flow.protocol)].fetch_sub(1, std::memory_order_relaxed);
  assert(before > 0 && "a flow was released twice");
}

void Admission::adopt(const Flow& flow, const RuleEntry& rule) {
  live_[static_cast<std::size_t>(flow.protocol)].fetch_add(1, std::memory_order_relaxed);
  static_cast<void>(clients_.try_add(client_key(flow, 0)));
  rule.tally->live.fetch_add(1, std::memory_order_relaxed);
  if (rule.max_flows_per_client != 0) {
    static_cast<void>(clients_.try_add(client_key(flow, rule.key)));
  }
  rule.upstream_tally->live.fetch_add(1, std::memory_order_relaxed);
}

bool Admission::take_udp_socket() {
  if (udp_sockets_.fetch_add(1, std::memory_order_relaxed) >= most_udp_sockets_) {
    give_back_udp_socket();
    return false;
  }
  return true;
}

bool Admission::udp_sockets_are_scarce() const {
  return udp_sockets_.load(std::memory_order_relaxed) > most_udp_sockets_ - most_udp_sockets_ / 8;
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
