// For each address a number, the same for all addresses from one where it begins to the next such.
//
// Problem: a hundred thousand ranges whose table stays in a core's own cache: a read from behind it
// costs twenty times as much. Rejected: halving and trees of sorted keys (a step for each bit, or
// four or five blocks, of whole addresses), and a table for each part of an address (memory for
// addresses that nothing names). Choice: a table of equally wide cells, from the first address
// where something begins to the last one. A cell leads to the few ranges that begin in it, each in
// 32 bits: 16 bits of how far into the cell it begins, and its value. Where these do not say all,
// the range as a whole is looked at. Where too many ranges begin in a cell, it leads to a table of
// its own for them, so that memory is linear, however addresses crowd.
//
// A value, immutable once made; any thread may ask.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/address_number.h"

namespace weir {

// How many times 2^shift lies between them. REQUIRES: from <= to, shift < the width of a number.
[[nodiscard]] constexpr std::uint64_t distance(Narrow from, Narrow to, unsigned shift) {
  return (to - from) >> shift;
}
// UINT64_MAX where it is more.
[[nodiscard]] constexpr std::uint64_t distance(const Wide& from, const Wide& to, unsigned shift) {
  __extension__ using Whole = unsigned __int128;
  const auto whole = [](const Wide& number) { return Whole{number.high} << 64U | number.low; };
  const Whole out = (whole(to) - whole(from)) >> shift;
  return out >> 64U == 0 ? static_cast<std::uint64_t>(out) : UINT64_MAX;
}

template <typename Number>
class RangeTable {
 public:
  struct Range {  // up to the next one's begin
    Number begin{};
    std::uint32_t value = 0;
  };

  RangeTable() = default;  // not to be asked
  // REQUIRES: ascending, the first one begins at 0.
  explicit RangeTable(std::span<const Range> ranges);

  [[nodiscard]] std::uint32_t operator[](const Number& number) const {
    const Table* table = &root_;
    while (true) {
      const Place place = place_in(*table, number);
      const Cell cell = cells_[table->first + place.cell];
      if (cell.ranges != 0) {
        return value_in(cell, number, place.offset, table->dropped != 0);
      }
      table = &tables_[cell.first];
    }
  }

 private:
  static constexpr std::uint16_t most_of_cell = 16;
  static constexpr std::uint16_t is_aside = UINT16_MAX;  // a value that takes more than 16 bits

  struct Table {
    Number begin{};            // of its first cell, to which all before it belongs as well
    std::uint32_t first = 0;   // of its cells
    std::uint32_t last = 0;    // cell, counted from that; all behind it belongs to it as well
    std::uint8_t dropped = 0;  // bits of an address that offsets are without
    std::uint8_t bits = 0;     // of an offset
  };
  struct Cell {
    std::uint32_t first = 0;   // range of it: the one it begins in; or the number of its table
    std::uint16_t ranges = 0;  // 0: it has a table
  };
  struct Place {
    std::uint32_t cell = 0;
    std::uint16_t offset = 0;
  };

  static Place place_in(const Table& table, const Number& number) {
    const std::uint64_t at = distance(table.begin, std::max(number, table.begin), table.dropped);
    const std::uint64_t cell = at >> table.bits;
    if (cell > table.last) {
      return {table.last, UINT16_MAX};
    }
    return {static_cast<std::uint32_t>(cell),
            static_cast<std::uint16_t>(at & ((1U << table.bits) - 1))};
  }

  // All offsets are compared, and what else stands there, without a branch.
  [[nodiscard]] std::uint32_t value_in(Cell cell, const Number& number, std::uint16_t offset,
                                       bool is_rounded) const {
    const auto words = std::span(words_).subspan(std::size_t{cell.first} * 2);
    std::uint16_t up_to = 0;
    for (std::uint16_t i = 0; i < most_of_cell; ++i) {
      const std::uint16_t is_there = i < cell.ranges ? 1 : 0;
      const std::uint16_t is_before = words[i] <= offset ? 1 : 0;
      up_to = static_cast<std::uint16_t>(up_to + static_cast<std::uint16_t>(is_there & is_before));
    }
    std::size_t at = up_to - 1U;
    if (is_rounded && words[at] == offset) {
      while (number < ranges_[cell.first + at].begin) {
        --at;
      }
    }
    const std::uint16_t value = words[cell.ranges + at];
    return value == is_aside ? ranges_[cell.first + at].value : value;
  }

  class Maker;

  Table root_;
  std::vector<Table> tables_;
  std::vector<Cell> cells_;
  std::vector<std::uint16_t> words_;  // of each cell the offsets of its ranges, then their values
  std::vector<Range> ranges_;         // the same as a whole
};

extern template class RangeTable<Narrow>;
extern template class RangeTable<Wide>;

}  // namespace weir
