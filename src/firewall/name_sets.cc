#include "firewall/name_sets.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "loop/loop.h"

namespace weir::firewall {
namespace {

// While all pairs are looked at, an answer waits for so many of them at the most.
constexpr std::size_t pairs_at_once = 256;
// The kernel may be busy with another program's changes.
constexpr Milliseconds longest_fill{5'000};

}  // namespace

NameSets::NameSets(Source source, std::unique_ptr<NameSetWriter> writer)
    : source_(std::move(source)), writer_(std::move(writer)) {}

// The writer hears of the changes in the order in which they were decided.
NameSets::Learnt NameSets::decide(std::span<const NamePair> pairs, const NamesOf& names_of,
                                  Instant now) {
  std::vector<NameSetChange> changes;
  const std::lock_guard locked(lock_);
  const std::uint64_t left_out = pairs_.left_out();
  for (const NamePair& pair : pairs) {
    if (pair.client.family() == pair.address.family()) {
      pairs_.decide(pair, names_of(pair), now, changes);
    }
  }
  Learnt out{.left_out = pairs_.left_out() - left_out};
  if (changes.empty()) {
    return out;
  }
  const bool is_urgent = std::any_of(changes.begin(), changes.end(),
                                     [](const NameSetChange& each) { return each.is_urgent; });
  const NameSetWriter::Ticket ticket = writer_->submit(std::move(changes));
  out.ticket = is_urgent ? ticket : 0;
  return out;
}

NameSets::Learnt NameSets::learnt(std::span<const NamePair> pairs, const NamesOf& names_of,
                                  Instant now) {
  return has_rules() ? decide(pairs, names_of, now) : Learnt{};
}

void NameSets::begin(const std::vector<NameRule>& rules) {
  const std::lock_guard locked(lock_);
  pairs_.add(rules);
  has_rules_ = pairs_.has_rules();
}

// Lets go of the lock now and then, and lets the kernel follow: answers wait for it meanwhile.
void NameSets::fill(const std::vector<std::string>& anew) {
  std::unordered_set<NamePair, NamePair::Hash> all;
  {
    std::vector<NameSetChange> cleared;
    const std::lock_guard locked(lock_);
    if (!pairs_.has_rules()) {
      return;
    }
    for (const auto& sets : {anew, pairs_.sets(NamePairs::Which::unknown)}) {
      for (const std::string& set : sets) {
        pairs_.clear(set, cleared);
      }
    }
    writer_->submit(std::move(cleared));
    const std::vector<NamePair> in_sets = pairs_.pairs();
    all.insert(in_sets.begin(), in_sets.end());
  }
  const std::vector<NamePair> known = source_.all();
  all.insert(known.begin(), known.end());
  const std::vector<NamePair> pairs(all.begin(), all.end());
  for (std::size_t at = 0; at < pairs.size(); at += pairs_at_once) {
    const auto part = std::span(pairs).subspan(at, std::min(pairs_at_once, pairs.size() - at));
    if (const auto done = decide(part, source_.names_of, clock_now()); done.ticket != 0) {
      static_cast<void>(writer_->wait(done.ticket, longest_fill));
    }
  }
}

void NameSets::take_over(const std::vector<NameRule>& rules) {
  begin(rules);
  std::vector<std::string> sets;
  {
    const std::lock_guard locked(lock_);
    sets = pairs_.sets(NamePairs::Which::all);
  }
  fill(sets);
  finish(rules);
}

void NameSets::finish(const std::vector<NameRule>& rules) {
  const std::lock_guard locked(lock_);
  pairs_.keep(rules);
  has_rules_ = pairs_.has_rules();
}

}  // namespace weir::firewall
