#include "rules/prefix_index.h"

#include <algorithm>
#include <compare>
#include <map>
#include <tuple>

namespace weir {

class PrefixIndex::Nodes {
 public:
  static constexpr std::uint32_t outermost = 0;

  explicit Nodes(PrefixIndex& index) : index_(index) { index.nodes_.emplace_back(); }

  // Of a prefix with these numbers, ascending, within that of the node `around`.
  std::uint32_t within(std::uint32_t around, std::span<const Entry> entries) {
    What what{.final = index_.nodes_[around].final, .wider = around, .numbers = {}};
    for (const Entry& entry : entries) {
      if (entry.number >= what.final) {
        break;
      }
      if (entry.is_final) {
        what.final = entry.number;
      } else if (what.numbers.empty() || what.numbers.back() != entry.number) {
        what.numbers.push_back(entry.number);
      }
    }
    while (what.wider != none && first_of(what.wider) >= what.final) {
      what.wider = index_.nodes_[what.wider].wider;
    }
    if (what.numbers.empty() && what.wider != none &&
        what.final == index_.nodes_[what.wider].final) {
      return what.wider;
    }
    const auto [known, is_new] = known_.try_emplace(what);
    if (is_new) {
      known->second = add(what);
    }
    return known->second;
  }

 private:
  struct What {
    std::uint32_t final;
    std::uint32_t wider;
    std::vector<std::uint32_t> numbers;
    auto operator<=>(const What&) const = default;
  };

  // The lowest of its own that are not final.
  [[nodiscard]] std::uint32_t first_of(std::uint32_t number) const {
    const auto own = index_.own(index_.nodes_[number]);
    return own.empty() ? none : own.front();
  }

  std::uint32_t add(const What& what) {
    Node node{.final = what.final,
              .wider = what.wider,
              .kinds = what.wider == none ? 0 : index_.nodes_[what.wider].kinds};
    for (const std::uint32_t number : what.numbers) {
      node.kinds |= kind_of(number);
    }
    if (what.numbers.size() == 1) {
      node.own = what.numbers.front();
    } else if (!what.numbers.empty()) {
      node.own = several | static_cast<std::uint32_t>(index_.numbers_.size());
      index_.numbers_.push_back(static_cast<std::uint32_t>(what.numbers.size()));
      index_.numbers_.insert(index_.numbers_.end(), what.numbers.begin(), what.numbers.end());
    }
    index_.nodes_.push_back(node);
    return static_cast<std::uint32_t>(index_.nodes_.size() - 1);
  }

  PrefixIndex& index_;
  std::map<What, std::uint32_t> known_;
};

// Cuts the addresses of one family. `open_` are the prefixes that the current address is in, the
// narrowest last.
template <typename Number>
class PrefixIndex::Maker {
 public:
  explicit Maker(Nodes& nodes) : nodes_(nodes) { cut(Number{}); }

  // All of one prefix. REQUIRES: called in the order of first addresses, of two that are the same
  // the wider first.
  void add(const NumberRange<Number>& range, std::span<const Entry> entries) {
    while (!open_.empty() && !(range.first <= open_.back().last)) {
      leave();
    }
    open_.push_back({range.last, nodes_.within(innermost(), entries)});
    cut(range.first);
  }

  [[nodiscard]] RangeTable<Number> made() {
    while (!open_.empty()) {
      leave();
    }
    return RangeTable<Number>(ranges_);
  }

 private:
  struct Open {
    Number last;
    std::uint32_t node;
  };

  [[nodiscard]] std::uint32_t innermost() const {
    return open_.empty() ? Nodes::outermost : open_.back().node;
  }

  // From that address on, the innermost prefix is the narrowest.
  void cut(const Number& from) {
    if (!ranges_.empty() && ranges_.back().begin == from) {
      ranges_.pop_back();
    }
    if (ranges_.empty() || ranges_.back().value != innermost()) {
      ranges_.push_back({from, innermost()});
    }
  }

  void leave() {
    const Number after = number_after(open_.back().last);
    open_.pop_back();
    if (after != Number{}) {  // there are addresses behind it
      cut(after);
    }
  }

  Nodes& nodes_;
  std::vector<typename RangeTable<Number>::Range> ranges_;
  std::vector<Open> open_;
};

PrefixIndex::PrefixIndex(std::vector<Entry> entries) {
  if (entries.empty()) {
    return;
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.prefix.address, a.prefix.length, a.number) <
           std::tie(b.prefix.address, b.prefix.length, b.number);
  });
  Nodes nodes(*this);
  const auto of_family = [&entries](Family family, auto maker, auto range_of) {
    for (std::size_t i = 0, end = 0; i < entries.size(); i = end) {
      const Prefix& prefix = entries[i].prefix;
      end = i + 1;
      while (end < entries.size() && entries[end].prefix == prefix) {
        ++end;
      }
      if (prefix.address.family() == family) {
        maker.add(range_of(prefix), std::span(entries).subspan(i, end - i));
      }
    }
    return maker.made();
  };
  v4_ = of_family(Family::v4, Maker<Narrow>(nodes), narrow_range);
  v6_ = of_family(Family::v6, Maker<Wide>(nodes), wide_range);
  nodes_.shrink_to_fit();
  numbers_.shrink_to_fit();
}

}  // namespace weir
