#include "rules/candidates.h"

#include <utility>

namespace weir {
namespace {

// Up to this many rules, asking each is cheaper than hashing an address per prefix length.
constexpr std::size_t few_rules = 16;

// A rule with more prefixes than this has a set of its own that answers as fast as the table.
constexpr std::size_t many_prefixes = 64;

bool fits_table(std::span<const Prefix> include) {
  return !include.empty() && include.size() <= many_prefixes;
}

}  // namespace

void Candidates::Table::add(const Prefix& prefix, RuleNumber number) {
  auto& rules = (prefix.address.is_v4() ? v4_ : v6_)[prefix.length][prefix.address];
  if (rules.empty() || rules.back() != number) {
    rules.push_back(number);
  }
}

Candidates::Candidates(std::vector<RuleNumber> rules, std::span<const Conditions> conditions) {
  if (rules.size() <= few_rules) {
    asked_in_turn_ = std::move(rules);
    return;
  }
  for (const RuleNumber number : rules) {
    const Conditions& wants = conditions[number];
    const bool client = fits_table(wants.client().include());
    if (client || fits_table(wants.destination().include())) {
      Table& table = client ? by_client_ : by_destination_;
      for (const Prefix& prefix : (client ? wants.client() : wants.destination()).include()) {
        table.add(prefix, number);
      }
    } else {
      asked_in_turn_.push_back(number);
    }
  }
}

}  // namespace weir
