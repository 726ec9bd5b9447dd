// The rules that one interval of ports leaves to look at, in file order.
//
// Problem: thousands of rules may name the same port, each for another client; asking them one
// after the other makes a flow pay for rules that can't match. Rejected: one bit per rule and
// address range, joined by AND (memory grows with rules times ranges), and a tree over all
// conditions (as fast, but hard to read). Choice: each rule has one anchor (anchors.h), and one
// search for each end of the flow finds the rules whose anchor has it; what else they ask is then
// asked. Rules without an anchor are asked in turn, and so are short lists as a whole.
//
// Part of a RuleSet; immutable once made. Any thread.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "rules/anchors.h"
#include "rules/prefix_index.h"

namespace weir {

class Candidates {
 public:
  // How a rule came to be asked: because it may hold, or because its anchor has the flow.
  enum class Found : std::uint8_t { in_turn, by_anchor };
  static constexpr RuleNumber none = UINT32_MAX;

  Candidates() = default;  // no rules

  // `rules` ascending.
  Candidates(std::vector<RuleNumber> rules, const Anchors& anchors);

  // The first rule, in file order, for which `holds(number, found)` is true, of those before
  // `best`; else `best`. `holds` is asked only about rules that may hold for these addresses.
  // `anchors`: the ones that it was made with.
  template <typename F>
  [[nodiscard]] RuleNumber first(const Address& client, const Address& destination,
                                 const Anchors& anchors, F holds, RuleNumber best = none) const {
    // False: no later one of the list can be the first.
    const auto ask = [&](RuleNumber number, Found found) {
      if (number >= best) {
        return false;
      }
      if (holds(number, found)) {
        best = number;
        return false;
      }
      return true;
    };
    for (const RuleNumber number : asked_in_turn_) {
      if (!ask(number, Found::in_turn)) {
        break;
      }
    }
    const auto ask_all = [&](std::span<const RuleNumber> ascending) {
      for (const RuleNumber number : ascending) {
        if (!ask(number, Found::by_anchor)) {
          return;
        }
      }
    };
    by_client_.each(client, ask_all);
    by_destination_.each(destination, ask_all);
    const auto ask_list = [&](const std::vector<Listed>& listed, ListNumber list) {
      auto at = std::lower_bound(listed.begin(), listed.end(), Listed{list, 0});
      while (at != listed.end() && at->list == list && ask(at->rule, Found::by_anchor)) {
        ++at;
      }
    };
    if (!client_lists_.empty()) {
      anchors.each_client_list(client, [&](ListNumber list) { ask_list(client_lists_, list); });
    }
    if (!destination_lists_.empty()) {
      anchors.each_destination_list(destination,
                                    [&](ListNumber list) { ask_list(destination_lists_, list); });
    }
    return best;
  }

 private:
  struct Listed {  // a rule that has a long list
    ListNumber list;
    RuleNumber rule;
    auto operator<=>(const Listed&) const = default;
  };

  std::vector<RuleNumber> asked_in_turn_;
  PrefixIndex by_client_;
  PrefixIndex by_destination_;
  std::vector<Listed> client_lists_;  // ascending
  std::vector<Listed> destination_lists_;
};

}  // namespace weir
