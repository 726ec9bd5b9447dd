#include "rules/candidates.h"

#include <utility>

namespace weir {
namespace {

// Up to this many rules, asking each is cheaper than searching for them.
constexpr std::size_t few_rules = 3;

}  // namespace

Candidates::Candidates(std::vector<RuleNumber> rules, const Anchors& anchors, Keep keep) {
  if (rules.size() <= few_rules) {
    asked_in_turn_ = std::move(rules);
    return;
  }
  struct Filed {
    std::vector<PrefixIndex::Entry> prefixes;
    std::vector<ListedRules::Entry> lists;
  };
  Filed by_client;
  Filed by_destination;
  for (const RuleNumber number : rules) {
    const Anchor& anchor = anchors[number];
    if (anchor.by == Anchor::By::none) {
      asked_in_turn_.push_back(number);
      continue;
    }
    Filed& filed = anchor.by == Anchor::By::client ? by_client : by_destination;
    const bool is_final = keep == Keep::first && anchor.is_all;
    for (const ListNumber list : anchor.lists) {
      filed.lists.push_back({list, number, is_final});
    }
    for (const Prefix& prefix : anchor.prefixes) {
      filed.prefixes.push_back({prefix, number, is_final});
    }
  }
  is_searched_ = asked_in_turn_.size() != rules.size();
  by_client_ = PrefixIndex(std::move(by_client.prefixes));
  by_destination_ = PrefixIndex(std::move(by_destination.prefixes));
  client_lists_ = ListedRules(std::move(by_client.lists));
  destination_lists_ = ListedRules(std::move(by_destination.lists));
}

}  // namespace weir
