// Numbers filed under prefixes, and found by an address: those of every prefix that has it.
//
// Problem: of thousands of prefixes an address is in two or three, one within the other. Rejected:
// a table for each prefix length (asks for every length that occurs, mostly in vain) and a trie
// over bits (a step for each). Choice: prefixes are apart or nested, so that their ends cut the
// addresses into ranges, each with one narrowest prefix that has it; a prefix knows the next wider
// one around it. One search finds the range, and every further step finds something. Memory is
// linear, however prefixes nest.
//
// Where only the lowest number is wanted that holds, one may be `final`: it holds wherever it is
// found. No greater number of an address that has it is looked at; that is seen to beforehand.
//
// A value, immutable once made; any thread may ask.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/address_number.h"
#include "base/prefix.h"
#include "rules/range_table.h"

namespace weir {

// An address in the form that indexes look for; several are asked for the same one.
struct SoughtAddress {
  explicit SoughtAddress(const Address& address)
      : is_v4(address.is_v4()),
        v4(is_v4 ? narrow(address) : Narrow{}),
        v6(is_v4 ? Wide{} : wide(address)) {}

  bool is_v4;
  Narrow v4;
  Wide v6;
};

class PrefixIndex {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;

  struct Entry {
    Prefix prefix;
    std::uint32_t number = 0;
    bool is_final = false;
  };

  // What an address has: the numbers of its narrowest prefix, and of those around it. Four to a
  // line of memory: with thousands of prefixes a lookup waits for little else.
  struct Node {
    std::uint32_t final = none;  // the lowest that is
    std::uint32_t wider = none;  // where those around it are, in nodes_
    std::uint32_t own = none;    // its own that are not final: the only one, or where several are
    std::uint32_t kinds = 0;     // of all that are not final: a bit for each, by kind_of()
  };
  static const Node nothing;  // of an address that has none
  static constexpr std::uint32_t kind_of(std::uint32_t number) {
    return std::uint32_t{1} << number % 32;
  }

  PrefixIndex() = default;
  // Of one prefix, a number is always final or never. Numbers are below 2^31.
  explicit PrefixIndex(std::vector<Entry> entries);

  [[nodiscard]] const Node& at(const SoughtAddress& address) const {
    if (empty()) {
      return nothing;
    }
    return nodes_[address.is_v4 ? v4_[address.v4] : v6_[address.v6]];
  }

  // Calls `visit` with those that are not final, of each prefix ascending, the narrowest first.
  template <typename F>
  void each(const Node& narrowest, F visit) const {
    for (const Node* node = &narrowest;; node = &nodes_[node->wider]) {
      visit(own(*node));
      if (node->wider == none) {
        return;
      }
    }
  }

  [[nodiscard]] bool empty() const { return nodes_.empty(); }

 private:
  class Nodes;
  static constexpr std::uint32_t several = std::uint32_t{1}
                                           << 31U;  // Node::own: a place in numbers_

  [[nodiscard]] std::span<const std::uint32_t> own(const Node& node) const {
    if (node.own == none) {
      return {};
    }
    if ((node.own & several) == 0) {
      return {&node.own, 1};
    }
    const std::span<const std::uint32_t> there = std::span(numbers_).subspan(node.own & ~several);
    return there.subspan(1, there.front());
  }

  template <typename Number>
  class Maker;

  std::vector<Node> nodes_;  // of equal ones one; the first is of addresses that have none
  std::vector<std::uint32_t> numbers_;  // of nodes that have several: how many, and which
  RangeTable<Narrow> v4_;               // places in nodes_
  RangeTable<Wide> v6_;
};

inline constexpr PrefixIndex::Node PrefixIndex::nothing{};

}  // namespace weir
