#include "firewall/rule_counts.h"

#include <utility>

#include "firewall/install.h"

namespace weir::firewall {

void RuleCounts::read(const Ruleset& ruleset, Instant now) {
  read_at_ = now;
  counted_.clear();
  for (const auto backend : {Backend::nft, Backend::iptables}) {
    const auto there = applied(backend);
    if (!there.ok() || !there.value()) {
      continue;
    }
    const auto counters = read_counters(ruleset, backend);
    if (!counters) {
      return;
    }
    for (const auto& counter : counters.value()) {
      if (counter.verdict != Verdict::intercept) {
        counted_[counter.name] = {.packets = counter.packets, .bytes = counter.bytes};
      }
    }
    return;
  }
}

std::optional<RuleCounts::Count> RuleCounts::of(const std::string& rule) const {
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

// What had no rule in the one before either is forgotten: names that come and go must not pile up.
void RuleCounts::replaced() {
  if (!counted_.empty()) {
    std::erase_if(before_, [this](const auto& one) { return !counted_.contains(one.first); });
  }
  for (const auto& [rule, count] : std::exchange(counted_, {})) {
    before_[rule].packets += count.packets;
    before_[rule].bytes += count.bytes;
  }
  read_at_.reset();
}

}  // namespace weir::firewall
