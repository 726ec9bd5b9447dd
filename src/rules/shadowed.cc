// A rule is shadowed when, on each of its ports, an earlier rule takes every flow it could get.
//
// Comparing all pairs would be slow where thousands of rules share a port; the same candidates
// that matching uses lead to the few earlier rules that could cover one: a rule that covers
// another has the other's first prefix among its own.
#include <algorithm>
#include <optional>
#include <set>

#include "rules/anchors.h"
#include "rules/candidates.h"
#include "rules/port_intervals.h"
#include "rules/rule_set.h"

namespace weir {
namespace {

struct Shadow {
  bool somewhere_free = false;
  std::set<RuleNumber> by;
};

// Whether every flow that meets the later rule's conditions, ports aside, meets the earlier one's.
bool covers(const RuleSettings& earlier, const RuleSettings& later) {
  return std::all_of(earlier.conditions.begin(), earlier.conditions.end(),
                     [&](const RuleCondition& condition) {
                       return condition.type().index == ConditionType::Index::ports ||
                              condition.covers(later.find(condition.type()));
                     });
}

// An address that the rule wants at that end; any, where it does not say.
Address first_address(const RuleSettings& rule, ConditionType::Index end) {
  for (const RuleCondition& condition : rule.conditions) {
    const auto within = condition.within();
    if (condition.type().index == end && !within.lists.empty()) {
      return within.lists.front().first;
    }
  }
  return {};
}

class ShadowSearch {
 public:
  explicit ShadowSearch(std::span<const RuleSettings> rules) : rules_(rules), anchors_(rules) {
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
    const auto always = std::find_if(rules.begin(), rules.end(),
                                     [&](RuleNumber number) { return rules_[number].takes_all(); });
    const Candidates candidates({rules.begin(), always}, anchors_, Candidates::Keep::all);
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
    const RuleSettings& wanted = rules_[number];
    const RuleNumber found =
        candidates.first(SoughtAddress(first_address(wanted, ConditionType::Index::client)),
                         SoughtAddress(first_address(wanted, ConditionType::Index::destination)),
                         anchors_, [&](RuleNumber earlier, Candidates::Found) {
                           if (earlier >= number || comparisons_left_ == 0) {
                             return false;
                           }
                           --comparisons_left_;
                           return covers(rules_[earlier], wanted);
                         });
    return found == Candidates::none ? std::nullopt : std::optional(found);
  }

  std::span<const RuleSettings> rules_;
  Anchors anchors_;
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
  const ShadowSearch search(rules);
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
