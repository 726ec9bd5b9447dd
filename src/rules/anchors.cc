#include "rules/anchors.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

namespace weir {
namespace {

using By = Anchor::By;

// A list with more prefixes than this is filed once, for all rules that have it.
constexpr std::size_t many_prefixes = 64;

bool is_long(const PrefixList& list) { return list.size > many_prefixes; }

bool is_an_end(By by) { return by == By::client || by == By::destination; }

struct PrefixHash {
  std::size_t operator()(const Prefix& prefix) const {
    return hash_of(prefix.address) + prefix.length;
  }
};

// How many rules share a prefix, or a long list.
class Crowds {
 public:
  explicit Crowds(std::span<const RuleSettings> rules) {
    for (const RuleSettings& rule : rules) {
      for (const RuleCondition& condition : rule.conditions) {
        each(condition.type().index, condition.within(), [](std::size_t& count) { ++count; });
      }
    }
  }

  // The most rules that are found by what this one is found by.
  [[nodiscard]] std::size_t around(By by, const ConditionType::Within& within) {
    std::size_t max = 0;
    each(by, within, [&](std::size_t& count) { max = std::max(max, count); });
    return max;
  }

 private:
  template <typename F>
  void each(By by, const ConditionType::Within& within, F visit) {
    for (const PrefixList& list : within.lists) {
      if (is_long(list)) {
        visit(lists_[{by, list.list}]);
        continue;
      }
      list.each(list.list, [&](const Prefix& prefix) {
        visit((by == By::client ? clients_ : destinations_)[prefix]);
      });
    }
  }

  using Counts = std::unordered_map<Prefix, std::size_t, PrefixHash>;
  Counts clients_, destinations_;
  std::map<std::pair<By, const void*>, std::size_t> lists_;
};

}  // namespace

Anchors::Anchors(std::span<const RuleSettings> rules) {
  Crowds crowds(rules);
  std::map<std::pair<By, const void*>, ListNumber> known;
  std::vector<PrefixIndex::Entry> clients;
  std::vector<PrefixIndex::Entry> destinations;
  const auto number_of = [&](By by, const PrefixList& list) {
    const auto [entry, is_new] =
        known.emplace(std::pair(by, list.list), static_cast<ListNumber>(known.size()));
    const ListNumber number = entry->second;
    if (is_new) {
      list.each(list.list, [&](const Prefix& prefix) {
        (by == By::client ? clients : destinations).push_back({prefix, number});
      });
    }
    return number;
  };
  anchors_.reserve(rules.size());
  for (const RuleSettings& rule : rules) {
    Anchor& anchor = anchors_.emplace_back();
    ConditionType::Within within;
    std::size_t min = 0;
    for (const RuleCondition& condition : rule.conditions) {
      auto its = condition.within();
      const By by = condition.type().index;
      const std::size_t around = is_an_end(by) && !its.lists.empty() ? crowds.around(by, its) : 0;
      if (around != 0 && (min == 0 || around < min)) {
        min = around;
        within = std::move(its);
        anchor.by = by;
        anchor.exactly = within.exactly;
        anchor.condition = &condition;
      }
    }
    anchor.is_all = anchor.exactly && std::all_of(rule.conditions.begin(), rule.conditions.end(),
                                                  [&anchor](const RuleCondition& condition) {
                                                    return condition.type().index == By::ports ||
                                                           &condition == anchor.condition;
                                                  });
    for (const PrefixList& list : within.lists) {
      if (is_long(list)) {
        anchor.lists.push_back(number_of(anchor.by, list));
      } else {
        list.each(list.list, [&](const Prefix& prefix) { anchor.prefixes.push_back(prefix); });
      }
    }
  }
  clients_ = PrefixIndex(std::move(clients));
  destinations_ = PrefixIndex(std::move(destinations));
}

}  // namespace weir
