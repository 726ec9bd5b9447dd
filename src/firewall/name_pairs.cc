#include "firewall/name_pairs.h"

#include <algorithm>
#include <utility>

namespace weir::firewall {
namespace {

using std::chrono::seconds;

// The kernel's clock for a pair begins when it is written: some time after ours.
constexpr seconds kernel_is_behind{60};
// A pair that has longer to go is not written anew for less: the gateway decides meanwhile.
constexpr seconds worth_writing{5};
// Nor has an answer to wait for it.
constexpr seconds soon_over{1};
constexpr seconds between_sweeps{1};
// An address may be another device's by then, and the gateway would know.
constexpr seconds longest_pair = std::chrono::hours(1);

}  // namespace

void NamePairs::add(const std::vector<NameRule>& rules) {
  for (const NameRule& rule : rules) {
    for (const Family family : {Family::v4, Family::v6}) {
      std::string name = name_set(rule.set, family);
      const auto standing = std::find_if(sets_.begin(), sets_.end(),
                                         [&](const Set& set) { return *set.name == name; });
      if (standing != sets_.end()) {
        standing->rule = rule;  // what is in its lists may be another thing
      } else {
        sets_.push_back({.rule = rule,
                         .name = std::make_shared<const std::string>(std::move(name)),
                         .family = family});
      }
    }
  }
}

void NamePairs::keep(const std::vector<NameRule>& rules) {
  std::erase_if(sets_, [&](const Set& set) {
    return std::none_of(rules.begin(), rules.end(),
                        [&](const NameRule& rule) { return rule.set == set.rule.set; });
  });
}

void NamePairs::clear(const std::string& set, std::vector<NameSetChange>& out) {
  for (Set& each : sets_) {
    if (*each.name == set) {
      each.pairs.clear();
      each.is_known = true;
      out.push_back({.what = NameSetChange::What::take_out_all, .set = each.name});
    }
  }
}

std::vector<std::string> NamePairs::sets(Which which) const {
  std::vector<std::string> out;
  for (const Set& set : sets_) {
    if (which == Which::all || !set.is_known) {
      out.push_back(*set.name);
    }
  }
  return out;
}

void NamePairs::decide(const NamePair& pair, const PairNames& known, Instant now,
                       std::vector<NameSetChange>& out) {
  Instant until{};
  for (const PairNames::Name& name : known.names) {
    until = std::max(until, name.until);
  }
  until = std::min(until, now + longest_pair);
  for (Set& set : sets_) {
    if (!set.is_known || set.family != pair.address.family()) {
      continue;
    }
    const bool belongs =
        known.are_all && until > now &&
        std::all_of(known.names.begin(), known.names.end(), [&](const PairNames::Name& name) {
          return name.until <= now || set.rule.takes(*name.text);
        });
    if (belongs) {
      put(set, pair, until, now, out);
    } else if (set.pairs.erase(pair) != 0) {
      out.push_back({.what = NameSetChange::What::take_out, .set = set.name, .pair = pair});
    }
  }
}

void NamePairs::put(Set& set, const NamePair& pair, Instant until, Instant now,
                    std::vector<NameSetChange>& out) {
  const auto found = set.pairs.find(pair);
  const Instant before = found == set.pairs.end() ? Instant{} : found->second;
  if (before > now + worth_writing && until < before + worth_writing) {
    return;
  }
  if (found == set.pairs.end() && !has_room(set, now)) {
    ++left_out_;
    return;
  }
  set.pairs[pair] = until;
  out.push_back({.set = set.name,
                 .pair = pair,
                 .timeout = std::chrono::duration_cast<Milliseconds>(until - now),
                 .is_urgent = before <= now + soon_over});
}

bool NamePairs::has_room(Set& set, Instant now) const {
  if (set.pairs.size() >= most_ && now >= set.swept + between_sweeps) {
    set.swept = now;
    std::erase_if(set.pairs, [&](const auto& one) { return one.second + kernel_is_behind <= now; });
  }
  return set.pairs.size() < most_;
}

std::vector<NamePair> NamePairs::pairs() const {
  std::unordered_map<NamePair, char, NamePair::Hash> all;
  for (const Set& set : sets_) {
    for (const auto& [pair, until] : set.pairs) {
      all.emplace(pair, char{});
    }
  }
  std::vector<NamePair> out;
  out.reserve(all.size());
  for (const auto& [pair, unused] : all) {
    out.push_back(pair);
  }
  return out;
}

}  // namespace weir::firewall
