// A rule is shadowed when, on each of its ports, an earlier rule takes every flow it could get.
//
// Comparing all pairs would be slow where thousands of rules share a port; the same candidate
// tables that matching uses lead to the few earlier rules that could cover one: a rule that covers
// another includes the other's first prefix.
#include <algorithm>
#include <set>

#include "rules/candidates.h"
#include "rules/conditions.h"
#include "rules/port_intervals.h"
#include "rules/rule_set.h"

namespace weir {
namespace {

struct Shadow {
  bool somewhere_free = false;
  std::set<RuleNumber> by;
};

Address first_address(const AddressMatch& match) {
  return match.include().empty() ? Address{} : match.include().front().address;
}

// The earlier rule of an interval that takes all that `number` could get there.
std::optional<RuleNumber> shadower(const Candidates& candidates,
                                   std::span<const Conditions> conditions, RuleNumber number) {
  const Conditions& wanted = conditions[number];
  return candidates.first(
      first_address(wanted.client()), first_address(wanted.destination()),
      [&](RuleNumber earlier) { return earlier < number && conditions[earlier].covers(wanted); });
}

std::string names_of(std::span<const RuleSettings> rules, const std::set<RuleNumber>& numbers) {
  constexpr std::size_t glance = 3;
  std::string out;
  std::size_t named = 0;
  for (const RuleNumber number : numbers) {
    if (named == glance) {
      return out + " and others";
    }
    out += (named++ == 0 ? "[rule " : ", [rule ") + rules[number].name + "]";
  }
  return out;
}

}  // namespace

std::vector<Diagnostic> shadowed_rules(std::span<const RuleSettings> rules) {
  std::vector<Conditions> conditions;
  conditions.reserve(rules.size());
  for (const RuleSettings& rule : rules) {
    conditions.emplace_back(rule);
  }
  std::vector<Shadow> shadows(rules.size());
  std::set<std::vector<RuleNumber>> known;  // lists already looked at
  const auto look = [&](Port, const std::set<RuleNumber>& here) {
    const std::vector<RuleNumber> list(here.begin(), here.end());
    if (list.empty() || !known.insert(list).second) {
      return;
    }
    const auto always = std::find_if(
        list.begin(), list.end(), [&](RuleNumber number) { return conditions[number].always(); });
    const Candidates candidates({list.begin(), always}, conditions);
    for (auto number = list.begin(); number != list.end(); ++number) {
      auto by = shadower(candidates, conditions, *number);
      if (!by && number > always) {
        by = *always;
      }
      if (by) {
        shadows[*number].by.insert(*by);
      } else {
        shadows[*number].somewhere_free = true;
      }
    }
  };
  each_interval(rules, Protocol::tcp, look);
  each_interval(rules, Protocol::udp, look);

  std::vector<Diagnostic> out;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!shadows[i].somewhere_free && !shadows[i].by.empty()) {
      out.push_back({Diagnostic::Severity::warning, rules[i].place,
                     "[rule " + rules[i].name + "] never matches: " +
                         names_of(rules, shadows[i].by) + " before it takes all of its flows"});
    }
  }
  return out;
}

}  // namespace weir
