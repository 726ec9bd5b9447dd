// A hash table whose entries carry their own links: one pointer an entry and about one a bucket,
// where a table with nodes takes four times that and a second cache line for every look.
//
// T has a member `chained`, of the type of the links: std::unique_ptr<T> where the table owns its
// entries, T* where somebody else does. Hash tells an entry's hash; entries are found by a hash and
// a predicate. Never shrinks. One thread.
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
    for (T* at = address(buckets_[place(hash)]); at != nullptr; at = address(at->chained)) {
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
    Link* at = &buckets_[place(Hash{}(entry))];
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

 private:
  static constexpr std::size_t least_buckets = 16;

  static T* address(const Link& link) { return link ? &*link : nullptr; }
  [[nodiscard]] std::size_t place(std::uint64_t hash) const {
    return static_cast<std::size_t>(hash) & (buckets_.size() - 1);
  }

  void push(Link entry) {
    Link& bucket = buckets_[place(Hash{}(*entry))];
    entry->chained = std::move(bucket);
    bucket = std::move(entry);
  }

  void grow() {
    std::vector<Link> before(buckets_.empty() ? least_buckets : buckets_.size() * 2);
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
