#include "firewall/rule_counts.h"

#include <utility>

namespace weir::firewall {

void RuleCounts::read(const Ruleset& ruleset, std::optional<Backend> backend) {
  bool all_read = true;
  for (const auto one : {Backend::nft, Backend::iptables}) {
    if (backend && one != *backend) {
      continue;
    }
    const auto counters = read_counters(ruleset, one);
    all_read = all_read && counters.ok();
    if (!counters || !counters.value()) {
      continue;
    }
    counted_.clear();
    for (const auto& counter : *counters.value()) {
      if (counter.verdict != Verdict::intercept) {
        counted_[counter.name] = {.packets = counter.packets, .bytes = counter.bytes};
      }
    }
    return;
  }
  if (all_read) {
    counted_.clear();  // no rules are there
  }
}

Counts RuleCounts::all() const {
  Counts out = counted_;
  for (auto& [rule, count] : out) {
    if (const auto earlier = before_.find(rule); earlier != before_.end()) {
      count.packets += earlier->second.packets;
      count.bytes += earlier->second.bytes;
    }
  }
  return out;
}

// What had no rule in the one before either is forgotten: names that come and go must not pile up.
void RuleCounts::replaced() {
  if (!counted_.empty()) {
    std::erase_if(before_, [this](const auto& one) { return !counted_.contains(one.first); });
  }
  for (const auto& [rule, count] : std::exchange(counted_, {})) {
    before_[rule].packets += count.packets;
    before_[rule].bytes += count.bytes;
  }
}

}  // namespace weir::firewall
