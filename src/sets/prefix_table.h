// The prefixes of a set: which of them has an address in it, and from which line it comes. Both
// families; prefixes may overlap, nest and touch.
//
// A lookup takes as many steps as the address has bits, at most; 1.4 million prefixes take about
// 20 MiB (sets/prefix_rows.h says how). Built by the thread that loads, then immutable: any thread
// asks.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/prefix.h"
#include "sets/prefix_rows.h"

namespace weir {

struct AddressRange {  // of one family, and not backwards
  Address first;
  Address last;
  friend bool operator==(const AddressRange&, const AddressRange&) = default;
};

// A prefix of the table. `row` says nothing outside of the table it came from.
struct PrefixMatch {
  Prefix prefix;
  Origin origin;
  std::uint32_t row = 0;
};

class PrefixTable {
 public:
  using NarrowRows = PrefixRows<Narrow>;
  using WideRows = PrefixRows<Wide>;

  PrefixTable() = default;
  // Both finished.
  PrefixTable(NarrowRows narrow, WideRows wide);

  [[nodiscard]] std::size_t size() const { return narrow_.size() + wide_.size(); }
  [[nodiscard]] std::size_t bytes() const { return narrow_.bytes() + wide_.bytes(); }
  // In the order of their addresses, IPv4 first. REQUIRES: index < size().
  [[nodiscard]] PrefixMatch at(std::size_t index) const;

  [[nodiscard]] bool contains(const Address& address) const;
  // The longest prefix that has the address in it.
  [[nodiscard]] std::optional<PrefixMatch> find(const Address& address) const;
  // The longest of those that a predicate takes.
  template <std::predicate<const PrefixMatch&> Accept>
  [[nodiscard]] std::optional<PrefixMatch> find(const Address& address,
                                                const Accept& accept) const {
    auto found = find(address);
    while (found && !accept(*found)) {
      found = wider(*found);
    }
    return found;
  }
  [[nodiscard]] std::optional<PrefixMatch> exact(const Prefix& prefix) const;

  // Whether every address of it is in the table, and whether any is.
  [[nodiscard]] bool covers(const Prefix& prefix) const;
  [[nodiscard]] bool covers(const PrefixTable& other) const;
  [[nodiscard]] bool intersects(const Prefix& prefix) const;
  [[nodiscard]] bool intersects(const PrefixTable& other) const;

  // The next of the fewest ranges that make up the table's addresses of a family: they neither
  // overlap nor touch, and come in order. `position` is where to go on; a reader begins with 0,
  // and takes as many at a time as it likes. The ends are of that family as bytes: the last address
  // of ::fffe:0:0/95 is one that text and family() take for IPv4.
  [[nodiscard]] std::optional<AddressRange> next_range(Family family,
                                                       std::uint32_t& position) const;

 private:
  [[nodiscard]] std::optional<PrefixMatch> wider(const PrefixMatch& match) const;

  NarrowRows narrow_;
  WideRows wide_;
};

// Collects prefixes in any order.
class PrefixTableBuilder {
 public:
  static constexpr std::size_t max = PrefixTable::NarrowRows::none;  // of one family

  // False: there are `max` already. What went in before stays.
  bool add(const Prefix& prefix, Origin origin);
  bool add(const AddressRange& range, Origin origin);
  [[nodiscard]] std::size_t added() const { return narrow_.size() + wide_.size(); }
  [[nodiscard]] PrefixTable build() &&;

 private:
  PrefixTable::NarrowRows narrow_;
  PrefixTable::WideRows wide_;
};

}  // namespace weir
