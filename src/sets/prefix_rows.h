// The prefixes of one family in a sorted array, in which each knows the next wider one that it is
// in: 12 bytes an IPv4 prefix, 24 an IPv6 one, with the line that it comes from.
//
// The problem: a million prefixes that overlap and nest as strangers wrote them, an answer in less
// time than a cache miss or two take, the line of the list that matched, and little memory, while
// the old list still serves flows. Weighed and left:
// - DIR-24-8 answers IPv4 in two reads, for 32 MiB of which a list of ten prefixes pays all; IPv6
//   has no such table.
// - Poptrie and LC-trie answer in fewer reads, and pay with nodes that cannot be built in place (at
//   the peak, list and trie both stand in memory) and lose which of two equal answers it was.
// - Merged intervals (base/prefix_set.h, nftables' sets) are the smallest, and have forgotten the
//   prefixes: no line to name, nothing to take out again.
// So: sort rows in place, link each to its parent in one pass, and halve. Prefixes nest or are
// disjoint; of those that begin at or before an address the last one has every match among itself
// and its parents, at most one for each length. Halving begins in a bucket of the first bits, of
// about 16 rows, where there are many.
//
// Filled by one owner, `finish`ed once, and from then on read by any thread.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "sets/number_ranges.h"
#include "sets/origins.h"

namespace weir {

template <typename Number>
class PrefixRows {
 public:
  using Index = std::uint32_t;
  static constexpr Index none = 0xffffff;  // and the most rows there are

  struct Row {
    Number first;
    Origin origin;
    std::uint32_t link = none << 8U;  // the row of the next wider prefix, and the own length
    [[nodiscard]] unsigned length() const { return link & 0xffU; }
    [[nodiscard]] Index wider() const { return link >> 8U; }
    [[nodiscard]] Number last() const { return last_of(first, length()); }
  };
  struct Interval {
    Number first;
    Number last;
  };

  // False: it holds the most already. REQUIRES: not finished.
  bool add(const Number& first, std::uint8_t length, Origin origin) {
    if (rows_.size() >= none) {
      return false;
    }
    rows_.push_back({first, origin, none << 8U | length});
    return true;
  }

  // Of equal prefixes the line read first stays.
  void finish() {
    std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) {
      return a.first != b.first         ? a.first < b.first
             : a.length() != b.length() ? a.length() < b.length()
                                        : a.origin < b.origin;
    });
    rows_.erase(std::unique(rows_.begin(), rows_.end(),
                            [](const Row& a, const Row& b) {
                              return a.first == b.first && a.length() == b.length();
                            }),
                rows_.end());
    link_parents();
    make_buckets();
  }

  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] const Row& operator[](Index index) const { return rows_[index]; }
  [[nodiscard]] std::size_t bytes() const {
    return rows_.size() * sizeof(Row) + buckets_.size() * sizeof(Index);
  }

  // The longest prefix that has the number in it, or none.
  [[nodiscard]] Index find(const Number& number) const {
    Index at = last_up_to(number);
    while (at != none && rows_[at].last() < number) {
      at = rows_[at].wider();
    }
    return at;
  }

  [[nodiscard]] Index exact(const Number& first, unsigned length) const {
    Index at = find(first);
    while (at != none && rows_[at].length() > length) {
      at = rows_[at].wider();
    }
    return at != none && rows_[at].length() == length && rows_[at].first == first ? at : none;
  }

  // Whether every number of the range is in a prefix. REQUIRES: first <= last.
  [[nodiscard]] bool covers(Number first, const Number& last) const {
    while (true) {
      Index at = find(first);
      if (at == none) {
        return false;
      }
      while (rows_[at].wider() != none) {
        at = rows_[at].wider();
      }
      const Number end = rows_[at].last();
      if (last <= end) {
        return true;
      }
      first = number_after(end);
    }
  }

  // Whether any number of the range is in a prefix. REQUIRES: first <= last.
  [[nodiscard]] bool intersects(const Number& first, const Number& last) const {
    const Index at = last_up_to(last);
    return at != none && (first <= rows_[at].first || find(first) != none);
  }

  // The next of the fewest intervals that have the same numbers in them; they neither overlap nor
  // touch, and come in order. `at` is where to go on: 0 at first.
  [[nodiscard]] std::optional<Interval> next_interval(Index& at) const {
    if (at >= rows_.size()) {
      return std::nullopt;
    }
    Interval out{rows_[at].first, rows_[at].last()};
    for (++at; at < rows_.size(); ++at) {
      const Row& row = rows_[at];
      if (row.first <= out.last) {
        continue;  // nested
      }
      if (row.first != number_after(out.last)) {
        break;
      }
      out.last = row.last();
    }
    return out;
  }

 private:
  void link_parents() {
    std::vector<Index> open;  // the prefixes that the row before is in, the widest first
    for (Index i = 0; i < rows_.size(); ++i) {
      while (!open.empty() && rows_[open.back()].last() < rows_[i].first) {
        open.pop_back();
      }
      const Index parent = open.empty() ? none : open.back();
      rows_[i].link = parent << 8U | rows_[i].length();
      open.push_back(i);
    }
  }

  void make_buckets() {
    constexpr std::size_t rows_a_bucket = 16;
    if (rows_.size() < 4 * rows_a_bucket) {
      return;
    }
    const std::uint64_t range = top_of(rows_.back().first) - top_of(rows_.front().first);
    while (range >> shift_ >= rows_.size() / rows_a_bucket) {
      ++shift_;
    }
    buckets_.assign((range >> shift_) + 2, static_cast<Index>(rows_.size()));
    for (auto i = static_cast<Index>(rows_.size()); i-- > 0;) {
      buckets_[bucket_of(rows_[i].first)] = i;
    }
    // An empty bucket begins where the next one does.
    for (std::size_t i = buckets_.size() - 1; i-- > 0;) {
      buckets_[i] = std::min(buckets_[i], buckets_[i + 1]);
    }
  }

  // REQUIRES: the number is at or after the first row's.
  [[nodiscard]] std::size_t bucket_of(const Number& number) const {
    return (top_of(number) - top_of(rows_.front().first)) >> shift_;
  }

  // The last row that begins at or before the number, or none.
  [[nodiscard]] Index last_up_to(const Number& number) const {
    if (rows_.empty() || number < rows_.front().first) {
      return none;
    }
    if (rows_.back().first <= number) {
      return static_cast<Index>(rows_.size() - 1);
    }
    auto begin = rows_.begin();
    auto end = rows_.end();
    if (!buckets_.empty()) {
      const std::size_t bucket = bucket_of(number);
      begin = rows_.begin() + buckets_[bucket];
      end = rows_.begin() + buckets_[bucket + 1];
    }
    const auto after = std::upper_bound(
        begin, end, number, [](const Number& n, const Row& row) { return n < row.first; });
    return static_cast<Index>(after - rows_.begin() - 1);
  }

  std::vector<Row> rows_;
  std::vector<Index> buckets_;  // where the rows begin that share their first bits
  unsigned shift_ = 0;
};

}  // namespace weir
