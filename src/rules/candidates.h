// The rules that one interval of ports leaves to look at, in file order.
//
// Problem: hundreds of rules may name the same port, each for another client; asking them one after
// the other makes a flow pay for rules that can't match. Rejected: one bit per rule and address
// range, joined by AND (memory grows with rules times ranges), and a tree over all conditions (as
// fast, but hard to read). Choice: rules that name addresses are found through a table per prefix
// length, keyed by the masked address, of which real lists have a handful of lengths; every other
// rule is asked in turn. Memory is one entry per prefix. Short lists are asked in turn as a whole.
//
// Part of a RuleSet; immutable once made. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "rules/conditions.h"
#include "rules/port_intervals.h"

namespace weir {

class Candidates {
 public:
  // `rules` ascending; `conditions` of all rules, by number.
  Candidates(std::vector<RuleNumber> rules, std::span<const Conditions> conditions);

  // The first rule, in file order, for which `holds(number)` is true. `holds` is asked only about
  // rules that may hold for these addresses.
  template <typename F>
  [[nodiscard]] std::optional<RuleNumber> first(const Address& client, const Address& destination,
                                                F holds) const {
    std::optional<RuleNumber> best;
    const auto ask = [&](const std::vector<RuleNumber>& ascending) {
      for (const RuleNumber number : ascending) {
        if (best && number >= *best) {
          return;
        }
        if (holds(number)) {
          best = number;
          return;
        }
      }
    };
    ask(asked_in_turn_);
    by_client_.each(client, ask);
    by_destination_.each(destination, ask);
    return best;
  }

 private:
  // Rules by the prefixes they include.
  class Table {
   public:
    void add(const Prefix& prefix, RuleNumber number);
    template <typename F>
    void each(const Address& address, F visit) const {
      const auto& lengths = address.is_v4() ? v4_ : v6_;
      for (const auto& [length, rules] : lengths) {
        if (const auto found = rules.find(network_of(address, length)); found != rules.end()) {
          visit(found->second);
        }
      }
    }

   private:
    using Rules = std::unordered_map<Address, std::vector<RuleNumber>, AddressHash>;
    std::map<std::uint8_t, Rules> v4_;
    std::map<std::uint8_t, Rules> v6_;
  };

  std::vector<RuleNumber> asked_in_turn_;
  Table by_client_;
  Table by_destination_;
};

}  // namespace weir
