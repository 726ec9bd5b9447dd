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
#include <cstdint>
#include <span>
#include <vector>

#include "rules/anchors.h"
#include "rules/listed_rules.h"
#include "rules/prefix_index.h"

namespace weir {

class Candidates {
 public:
  // How a rule came to be asked: because it may hold, or because its anchor has the flow.
  enum class Found : std::uint8_t { in_turn, by_anchor };
  static constexpr RuleNumber none = PrefixIndex::none;

  // Which rules are wanted. `first`: the first one in file order that holds, so that rules behind
  // one that is sure to hold are left out.
  enum class Keep : std::uint8_t { all, first };

  Candidates() = default;  // no rules

  // `rules` ascending.
  Candidates(std::vector<RuleNumber> rules, const Anchors& anchors, Keep keep);

  // The first rule, in file order, for which `holds(number, found)` is true, of those before
  // `best`; else `best`. `holds` is asked only about rules that may hold for these addresses, and
  // with Keep::first not about one that is sure to. `anchors`: the ones that it was made with.
  template <typename F>
  [[nodiscard]] RuleNumber first(const SoughtAddress& client, const SoughtAddress& destination,
                                 const Anchors& anchors, F holds, RuleNumber best = none) const {
    const auto ask_all = [&](std::span<const RuleNumber> ascending, Found found) {
      for (const RuleNumber number : ascending) {
        if (number >= best) {
          return;  // no later one can be the first
        }
        if (holds(number, found)) {
          best = number;
          return;
        }
      }
    };
    if (!is_searched_) {
      ask_all(asked_in_turn_, Found::in_turn);
      return best;
    }
    // All searches come before what they find is looked at: they wait for memory together.
    using Node = PrefixIndex::Node;
    const Node& client_lists =
        client_lists_.empty() ? PrefixIndex::nothing : anchors.client_lists().at(client);
    const Node& destination_lists = destination_lists_.empty()
                                        ? PrefixIndex::nothing
                                        : anchors.destination_lists().at(destination);
    const Node& by_client = by_client_.at(client);
    const Node& by_destination = by_destination_.at(destination);
    best = std::min({best, by_client.final, by_destination.final});
    ask_all(asked_in_turn_, Found::in_turn);
    const auto ask = [&](const PrefixIndex& index, const Node& node) {
      index.each(node, [&](std::span<const RuleNumber> ascending) {
        ask_all(ascending, Found::by_anchor);
      });
    };
    ask(by_client_, by_client);
    ask(by_destination_, by_destination);
    const auto ask_lists = [&](const PrefixIndex& index, const Node& node,
                               const ListedRules& listed) {
      if (!listed.may_have(node.kinds)) {
        return;
      }
      index.each(node, [&](std::span<const ListNumber> lists) {
        for (const ListNumber list : lists) {
          if (listed.may_have(PrefixIndex::kind_of(list))) {
            const ListedRules::Rules& rules = listed.of(list);
            best = std::min(best, rules.final);
            ask_all(listed.others(rules), Found::by_anchor);
          }
        }
      });
    };
    ask_lists(anchors.client_lists(), client_lists, client_lists_);
    ask_lists(anchors.destination_lists(), destination_lists, destination_lists_);
    return best;
  }

 private:
  std::vector<RuleNumber> asked_in_turn_;
  bool is_searched_ = false;  // else all are asked in turn
  PrefixIndex by_client_;
  PrefixIndex by_destination_;
  ListedRules client_lists_;
  ListedRules destination_lists_;
};

}  // namespace weir
