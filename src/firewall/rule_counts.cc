#include "firewall/rule_counts.h"

#include <utility>

namespace weir::firewall {

namespace {

void add(Counted& to, const Counted& more) {
  to.packets += more.packets;
  to.bytes += more.bytes;
}

}  // namespace

void RuleCounts::read(const Ruleset& ruleset, std::optional<Backend> backend) {
  bool all_read = true;
  for (const auto one : {Backend::nft, Backend::iptables}) {
    if (backend && one != *backend) {
      continue;
    }
    const auto counters = read_counters(ruleset, one);
    all_read = all_read && counters.ok();
    if (counters && counters.value()) {
      take(ruleset, *counters.value());
      return;
    }
  }
  if (all_read) {
    follow({});  // no rules are there
  }
}

void RuleCounts::take(const Ruleset& ruleset, const std::vector<RuleCounter>& counters) {
  Readings now;
  for (const RuleCounter& counter : counters) {
    if (counter.verdict != Verdict::intercept) {
      now[counter.name].counted = {.packets = counter.packets, .bytes = counter.bytes};
    }
  }
  for (const Decision& decision : ruleset.decisions) {
    if (const auto found = now.find(decision.name); found != now.end()) {
      found->second.counter = counter_name(decision);
    }
  }
  for (const std::string& idle : ruleset.idle) {
    now[idle] = {};
  }
  follow(std::move(now));
}

void RuleCounts::follow(Readings now) {
  for (const auto& [rule, last] : last_) {
    const auto found = now.find(rule);
    if (anew_ || found == now.end() || found->second.counter != last.counter ||
        found->second.counted.packets < last.counted.packets) {
      add(before_[rule], last.counted);
    }
  }
  last_ = std::move(now);
  anew_ = false;
}

Counts RuleCounts::all() const {
  Counts out;
  for (const auto& [rule, last] : last_) {
    Counted& total = out[rule];
    total = last.counted;
    if (const auto earlier = before_.find(rule); earlier != before_.end()) {
      add(total, earlier->second);
    }
  }
  return out;
}

// What had no rule in the one before either is forgotten: names that come and go must not pile up.
void RuleCounts::replaced(bool anew) {
  std::erase_if(before_, [this](const auto& one) { return !last_.contains(one.first); });
  anew_ = anew;
}

}  // namespace weir::firewall
