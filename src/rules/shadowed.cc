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

class Search {
 public:
  explicit Search(std::span<const RuleSettings> rules) {
    conditions_.reserve(rules.size());
    for (const RuleSettings& rule : rules) {
      conditions_.emplace_back(rule);
    }
    shadows_.resize(rules.size());
    const auto visit = [&](Port, const std::set<RuleNumber>& here) {
      compare({here.begin(), here.end()});
    };
    each_interval(rules, Protocol::tcp, visit);
    each_interval(rules, Protocol::udp, visit);
  }

  [[nodiscard]] const std::vector<Shadow>& shadows() const { return shadows_; }

 private:
  // The rules of one interval of ports.
  void compare(const std::vector<RuleNumber>& rules) {
    if (rules.empty() || !known_.insert(rules).second) {
      return;
    }
    const auto always = std::find_if(rules.begin(), rules.end(), [&](RuleNumber number) {
      return conditions_[number].always();
    });
    const Candidates candidates({rules.begin(), always}, conditions_);
    for (auto number = rules.begin(); number != rules.end(); ++number) {
      Shadow& shadow = shadows_[*number];
      if (shadow.somewhere_free) {
        continue;
      }
      auto by = shadower(candidates, *number);
      if (!by && number > always) {
        by = *always;
      }
      if (by) {
        shadow.by.insert(*by);
      } else {
        shadow.somewhere_free = true;
      }
    }
  }

  // The earlier rule that takes all that `number` could get here.
  std::optional<RuleNumber> shadower(const Candidates& candidates, RuleNumber number) {
    const Conditions& wanted = conditions_[number];
    return candidates.first(first_address(wanted.client()), first_address(wanted.destination()),
                            [&](RuleNumber earlier) {
                              if (earlier >= number || comparisons_left_ == 0) {
                                return false;
                              }
                              --comparisons_left_;
                              return conditions_[earlier].covers(wanted);
                            });
  }

  std::vector<Conditions> conditions_;
  std::vector<Shadow> shadows_;
  std::set<std::vector<RuleNumber>> known_;  // lists looked at
  // A warning is worth seconds, not minutes: after this many, the rest counts as free.
  std::size_t comparisons_left_ = 50'000'000;
};

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
  const Search search(rules);
  const auto& shadows = search.shadows();
  std::vector<Diagnostic> out;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!shadows[i].somewhere_free && !shadows[i].by.empty()) {
      out.push_back({Diagnostic::Severity::warning, rules[i].location,
                     "[rule " + rules[i].name + "] never matches: " +
                         names_of(rules, shadows[i].by) + " before it takes all of its flows"});
    }
  }
  return out;
}

}  // namespace weir
