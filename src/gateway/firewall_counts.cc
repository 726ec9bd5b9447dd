#include "gateway/firewall_counts.h"

#include <utility>

#include "firewall/install.h"
#include "gateway/gateway.h"

namespace weir {

void FirewallCounts::read(const Snapshot& snapshot, Instant now) {
  read_at_ = now;
  counted_.clear();
  for (const auto backend : {firewall::Backend::nft, firewall::Backend::iptables}) {
    const auto there = firewall::applied(backend);
    if (!there.ok() || !there.value()) {
      continue;
    }
    const auto counters = firewall::read_counters(firewall_rules(snapshot), backend);
    if (!counters) {
      return;
    }
    for (const auto& counter : counters.value()) {
      if (counter.verdict != firewall::Verdict::intercept) {
        counted_[counter.name] = {.packets = counter.packets, .bytes = counter.bytes};
      }
    }
    return;
  }
}

std::optional<FirewallCounts::Count> FirewallCounts::of(const std::string& rule) const {
  const auto found = counted_.find(rule);
  if (found == counted_.end()) {
    return std::nullopt;
  }
  Count out = found->second;
  if (const auto earlier = before_.find(rule); earlier != before_.end()) {
    out.packets += earlier->second.packets;
    out.bytes += earlier->second.bytes;
  }
  return out;
}

void FirewallCounts::replaced() {
  for (const auto& [rule, count] : std::exchange(counted_, {})) {
    before_[rule].packets += count.packets;
    before_[rule].bytes += count.bytes;
  }
  read_at_.reset();
}

}  // namespace weir
