#include "rules/prefix_index.h"

#include <algorithm>
#include <tuple>

namespace weir {

// Cuts the addresses of one family. `open_` are the prefixes that the current address is in, the
// narrowest last.
template <typename Number>
class PrefixIndex::Maker {
 public:
  Maker(PrefixIndex& index, Ranges<Number>& ranges) : index_(index), ranges_(ranges) {
    cut(Number{}, none);
  }

  // REQUIRES: called in the order of first addresses, of two that are the same the wider first.
  void add(const NumberRange<Number>& range, std::uint32_t number) {
    leave_those_before(range.first);
    if (!open_.empty() && open_.back().range.first == range.first &&
        open_.back().range.last == range.last) {
      Node& node = index_.nodes_[open_.back().node];
      if (index_.numbers_.back() != number) {
        index_.numbers_.push_back(number);
        ++node.count;
      }
      return;
    }
    const auto made = static_cast<std::uint32_t>(index_.nodes_.size());
    index_.nodes_.push_back({.wider = innermost(),
                             .first = static_cast<std::uint32_t>(index_.numbers_.size()),
                             .count = 1});
    index_.numbers_.push_back(number);
    open_.push_back({range, made});
    cut(range.first, made);
  }

  void finish() {
    while (!open_.empty()) {
      leave();
    }
    ranges_.begins = SortedKeys<Number>(std::move(begins_));
    ranges_.narrowest.shrink_to_fit();
  }

 private:
  struct Open {
    NumberRange<Number> range;
    std::uint32_t node = none;
  };

  [[nodiscard]] std::uint32_t innermost() const { return open_.empty() ? none : open_.back().node; }

  // From that address on, the prefix is the narrowest.
  void cut(const Number& from, std::uint32_t node) {
    if (!begins_.empty() && begins_.back() == from) {
      ranges_.narrowest.back() = node;
    } else {
      begins_.push_back(from);
      ranges_.narrowest.push_back(node);
    }
  }

  void leave() {
    const Number last = open_.back().range.last;
    open_.pop_back();
    const Number after = number_after(last);
    if (after != Number{}) {  // there are addresses behind it
      cut(after, innermost());
    }
  }

  void leave_those_before(const Number& first) {
    while (!open_.empty() && !(first <= open_.back().range.last)) {
      leave();
    }
  }

  PrefixIndex& index_;
  Ranges<Number>& ranges_;
  std::vector<Number> begins_;
  std::vector<Open> open_;
};

PrefixIndex::PrefixIndex(std::vector<Entry> entries) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.prefix.address, a.prefix.length, a.number) <
           std::tie(b.prefix.address, b.prefix.length, b.number);
  });
  nodes_.reserve(entries.size());
  numbers_.reserve(entries.size());
  const auto of_family = [&](Family family, auto& ranges, auto range_of) {
    if (std::none_of(entries.begin(), entries.end(), [family](const Entry& entry) {
          return entry.prefix.address.family() == family;
        })) {
      return;
    }
    Maker maker(*this, ranges);
    for (const Entry& entry : entries) {
      if (entry.prefix.address.family() == family) {
        maker.add(range_of(entry.prefix), entry.number);
      }
    }
    maker.finish();
  };
  of_family(Family::v4, v4_, narrow_range);
  of_family(Family::v6, v6_, wide_range);
}

}  // namespace weir
