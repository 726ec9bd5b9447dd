// Numbers filed under prefixes, and found by an address: those of every prefix that has it.
//
// Problem: of thousands of prefixes an address is in two or three, one within the other. Rejected:
// a table for each prefix length (asks for every length that occurs, mostly in vain) and a trie
// over bits (a step for each). Choice: prefixes are apart or nested, so that their ends cut the
// addresses into ranges, each with one narrowest prefix that has it; a prefix knows the next wider
// one around it. One search finds the range, and every further step finds something. Memory is
// linear, however prefixes nest.
//
// A value, immutable once made; any thread may ask.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/address_number.h"
#include "base/prefix.h"
#include "rules/sorted_keys.h"

namespace weir {

class PrefixIndex {
 public:
  struct Entry {
    Prefix prefix;
    std::uint32_t number = 0;
  };

  PrefixIndex() = default;
  explicit PrefixIndex(std::vector<Entry> entries);

  // Calls `visit` with the numbers of each prefix that has the address, ascending, the narrowest
  // prefix first.
  template <typename F>
  void each(const Address& address, F visit) const {
    if (address.is_v4()) {
      each_in(v4_, v4_.empty() ? 0 : narrow(address), visit);
    } else {
      each_in(v6_, v6_.empty() ? Wide{} : wide(address), visit);
    }
  }

  [[nodiscard]] bool empty() const { return nodes_.empty(); }

 private:
  static constexpr std::uint32_t none = UINT32_MAX;

  struct Node {  // a prefix
    std::uint32_t wider = none;
    std::uint32_t first = 0;  // of numbers_
    std::uint32_t count = 0;
  };
  template <typename Number>
  struct Ranges {
    SortedKeys<Number> begins;  // the first one is 0
    std::vector<std::uint32_t> narrowest;
    [[nodiscard]] bool empty() const { return narrowest.empty(); }
  };

  template <typename Number>
  class Maker;

  template <typename Number, typename F>
  void each_in(const Ranges<Number>& ranges, const Number& number, F& visit) const {
    if (ranges.empty()) {
      return;
    }
    std::uint32_t at = ranges.narrowest[ranges.begins.last_up_to(number)];
    while (at != none) {
      const Node& node = nodes_[at];
      visit(std::span(numbers_).subspan(node.first, node.count));
      at = node.wider;
    }
  }

  std::vector<Node> nodes_;
  std::vector<std::uint32_t> numbers_;
  Ranges<Narrow> v4_;
  Ranges<Wide> v6_;
};

}  // namespace weir
