#include "rules/candidates.h"

#include <utility>

namespace weir {
namespace {

// Up to this many rules, asking each is cheaper than searching for them.
constexpr std::size_t few_rules = 3;

}  // namespace

Candidates::Candidates(std::vector<RuleNumber> rules, const Anchors& anchors) {
  if (rules.size() <= few_rules) {
    asked_in_turn_ = std::move(rules);
    return;
  }
  std::vector<PrefixIndex::Entry> clients;
  std::vector<PrefixIndex::Entry> destinations;
  for (const RuleNumber number : rules) {
    const Anchor& anchor = anchors[number];
    if (anchor.by == Anchor::By::none) {
      asked_in_turn_.push_back(number);
      continue;
    }
    const bool is_client = anchor.by == Anchor::By::client;
    for (const ListNumber list : anchor.lists) {
      (is_client ? client_lists_ : destination_lists_).push_back({list, number});
    }
    for (const Prefix& prefix : anchor.prefixes) {
      (is_client ? clients : destinations).push_back({prefix, number});
    }
  }
  std::sort(client_lists_.begin(), client_lists_.end());
  std::sort(destination_lists_.begin(), destination_lists_.end());
  by_client_ = PrefixIndex(std::move(clients));
  by_destination_ = PrefixIndex(std::move(destinations));
}

}  // namespace weir
