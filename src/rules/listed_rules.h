// The rules of one interval of ports that have long lists, by their list: what is left to look at
// once it is known which lists have an address.
//
// Part of Candidates; immutable once made. Any thread.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "rules/port_intervals.h"
#include "rules/prefix_index.h"

namespace weir {

using ListNumber = std::uint32_t;

class ListedRules {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;

  struct Entry {
    ListNumber list = none;
    RuleNumber rule = none;
    bool is_final = false;  // as PrefixIndex has it
    auto operator<=>(const Entry&) const = default;
  };

  // The rules of a list: the first final one, and those before it.
  struct Rules {
    ListNumber list = none;
    RuleNumber final = none;
    std::uint32_t first = 0;  // of the others
    std::uint32_t count = 0;
  };

  ListedRules() = default;
  explicit ListedRules(std::vector<Entry> entries);

  [[nodiscard]] bool empty() const { return by_list_.empty(); }
  // False: it has no rules of any list whose kind is one of these.
  [[nodiscard]] bool may_have(std::uint32_t kinds) const { return (kinds_ & kinds) != 0; }
  // REQUIRES: !empty()
  [[nodiscard]] const Rules& of(ListNumber list) const { return by_list_[place_of(list)]; }
  // Ascending.
  [[nodiscard]] std::span<const RuleNumber> others(const Rules& rules) const {
    return std::span(others_).subspan(rules.first, rules.count);
  }

 private:
  // Where the list is, or would be.
  [[nodiscard]] std::size_t place_of(ListNumber list) const {
    const std::size_t mask = by_list_.size() - 1;
    std::size_t out = list & mask;
    while (by_list_[out].list != list && by_list_[out].list != none) {
      out = (out + 1) & mask;
    }
    return out;
  }

  std::uint32_t kinds_ = 0;     // of its lists, as PrefixIndex has them
  std::vector<Rules> by_list_;  // a power of two, half of them empty at least
  std::vector<RuleNumber> others_;
};

}  // namespace weir
