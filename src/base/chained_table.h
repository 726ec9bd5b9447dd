// A hash table whose entries carry their own links: one pointer an entry and about one a bucket,
// where a table with nodes takes four times that and a second cache line for every look.
//
// T has a member `chained`, of the type of the links: std::unique_ptr<T> where the table owns its
// entries, T* where another object does. Hash tells an entry's hash; entries are found by a hash
// and a predicate. Never shrinks. One thread.
//
// scan() looks at a table piece by piece while it goes on changing. It goes through the buckets by
// their number read backwards (the lowest bit counts most): where the table doubles meanwhile, the
// two buckets that one becomes lie next to each other in that order, so that what was looked at
// stays behind and what was not lies ahead.
//
// Part of what owns the table. One thread.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace weir {

template <typename T, typename Hash>
class ChainedTable {
 public:
  using Link = decltype(T::chained);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  // The entry of that hash that `matches`, or null.
  template <typename Matches>
  [[nodiscard]] T* find(std::uint64_t hash, const Matches& matches) const {
    if (buckets_.empty()) {
      return nullptr;
    }
    for (T* at = address(buckets_[bucket_of(hash)]); at != nullptr; at = address(at->chained)) {
      if (matches(*at)) {
        return at;
      }
    }
    return nullptr;
  }

  // REQUIRES: no equal one is in the table.
  void insert(Link entry) {
    if (size_ >= buckets_.size()) {
      grow();
    }
    push(std::move(entry));
    ++size_;
  }

  // Takes that entry out. REQUIRES: it is in the table.
  Link extract(const T& entry) {
    Link* at = &buckets_[bucket_of(Hash{}(entry))];
    while (address(*at) != &entry) {
      assert(*at && "not in the table");
      at = &address(*at)->chained;
    }
    Link out = std::move(*at);
    *at = std::move(out->chained);
    out->chained = nullptr;
    --size_;
    return out;
  }

  // Some entry, or null when there is none.
  [[nodiscard]] T* any() const {
    for (const Link& bucket : buckets_) {
      if (bucket) {
        return address(bucket);
      }
    }
    return nullptr;
  }

  // REQUIRES: `visit` leaves the table as it is.
  template <typename Visit>
  void each(const Visit& visit) const {
    for (const Link& bucket : buckets_) {
      for (T* at = address(bucket); at != nullptr; at = address(at->chained)) {
        visit(*at);
      }
    }
  }

  // Visits the next entries, somewhat more than `max` at the most, and says where to go on; 0, as
  // at the beginning: that was all. Entries that are there from the beginning to the end are
  // visited once. REQUIRES: `visit` leaves the table as it is.
  template <typename Visit>
  [[nodiscard]] std::uint64_t scan(std::uint64_t at, std::size_t max, const Visit& visit) const {
    if (buckets_.empty()) {
      return 0;
    }
    const std::uint64_t mask = buckets_.size() - 1;
    std::size_t visited = 0;
    for (std::size_t buckets = 0; buckets < max_buckets && visited < max; ++buckets) {
      for (T* entry = address(buckets_[at & mask]); entry != nullptr;
           entry = address(entry->chained)) {
        visit(*entry);
        ++visited;
      }
      at = backwards(backwards(at | ~mask) + 1);
      if (at == 0) {
        break;
      }
    }
    return at;
  }

 private:
  static constexpr std::size_t min_buckets = 16;
  static constexpr std::size_t max_buckets = 1'024;  // of one scan(): most may be empty

  // The bits in the opposite order.
  static std::uint64_t backwards(std::uint64_t bits) {
    bits = ((bits >> 1) & 0x5555555555555555U) | ((bits & 0x5555555555555555U) << 1);
    bits = ((bits >> 2) & 0x3333333333333333U) | ((bits & 0x3333333333333333U) << 2);
    bits = ((bits >> 4) & 0x0f0f0f0f0f0f0f0fU) | ((bits & 0x0f0f0f0f0f0f0f0fU) << 4);
    return __builtin_bswap64(bits);
  }

  static T* address(const Link& link) { return link ? &*link : nullptr; }
  [[nodiscard]] std::size_t bucket_of(std::uint64_t hash) const {
    return static_cast<std::size_t>(hash) & (buckets_.size() - 1);
  }

  void push(Link entry) {
    Link& bucket = buckets_[bucket_of(Hash{}(*entry))];
    entry->chained = std::move(bucket);
    bucket = std::move(entry);
  }

  void grow() {
    std::vector<Link> before(buckets_.empty() ? min_buckets : buckets_.size() * 2);
    before.swap(buckets_);
    for (Link& bucket : before) {
      while (bucket) {
        Link entry = std::move(bucket);
        bucket = std::move(entry->chained);
        push(std::move(entry));
      }
    }
  }

  std::vector<Link> buckets_;  // a power of two of them
  std::size_t size_ = 0;
};

}  // namespace weir
