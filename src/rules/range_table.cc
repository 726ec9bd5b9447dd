#include "rules/range_table.h"

namespace weir {
namespace {

// REQUIRES: there is one.
constexpr Narrow number_before(Narrow number) { return number - 1; }
constexpr Wide number_before(const Wide& number) {
  return {number.high - (number.low == 0 ? 1U : 0U), number.low - 1};
}

}  // namespace

template <typename Number>
class RangeTable<Number>::Maker {
 public:
  explicit Maker(RangeTable& out) : out_(out) {}

  // The first range has all that is before the second one. The second and the last one come into
  // two cells, so that each table has fewer ranges than the one around it.
  Table table_of(std::span<const Range> ranges) {
    Table table{.first = static_cast<std::uint32_t>(out_.cells_.size())};
    const Number last = ranges.back().begin;
    table.begin = ranges.size() == 1 ? last : number_before(ranges[1].begin);
    std::uint64_t cells = 2;  // at least, so that no shift is as wide as a number
    while (cells * most_of_cell / 2 < ranges.size()) {
      cells *= 2;
    }
    unsigned shift = 0;
    while (distance(table.begin, last, shift) >= cells) {
      ++shift;
    }
    table.bits = static_cast<std::uint8_t>(std::min(shift, 16U));
    table.dropped = static_cast<std::uint8_t>(shift - table.bits);
    const auto cell_of = [&table, shift](const Number& begin) {
      return static_cast<std::uint32_t>(distance(table.begin, begin, shift));
    };
    table.last = cell_of(last);
    out_.cells_.resize(out_.cells_.size() + table.last + 1);
    std::size_t at = 1;
    for (std::uint32_t cell = 0; cell <= table.last; ++cell) {
      const std::size_t before = at - 1;
      while (at < ranges.size() && cell_of(ranges[at].begin) == cell) {
        ++at;
      }
      const auto its = ranges.subspan(before, at - before);
      const Cell made = its.size() <= most_of_cell ? few(its, table) : many(its);
      out_.cells_[table.first + cell] = made;
    }
    return table;
  }

 private:
  Cell few(std::span<const Range> ranges, const Table& table) {
    const Cell out{.first = static_cast<std::uint32_t>(out_.ranges_.size()),
                   .ranges = static_cast<std::uint16_t>(ranges.size())};
    out_.words_.push_back(0);  // the cell begins in it
    for (const Range& range : ranges.subspan(1)) {
      out_.words_.push_back(place_in(table, range.begin).offset);
    }
    for (const Range& range : ranges) {
      out_.words_.push_back(
          static_cast<std::uint16_t>(std::min<std::uint32_t>(range.value, is_aside)));
    }
    out_.ranges_.insert(out_.ranges_.end(), ranges.begin(), ranges.end());
    return out;
  }

  Cell many(std::span<const Range> ranges) {
    const auto number = static_cast<std::uint32_t>(out_.tables_.size());
    out_.tables_.emplace_back();
    out_.tables_[number] = table_of(ranges);
    return {.first = number};
  }

  RangeTable& out_;
};

template <typename Number>
RangeTable<Number>::RangeTable(std::span<const Range> ranges) {
  root_ = Maker(*this).table_of(ranges);
  words_.resize(words_.size() + most_of_cell);  // a search reads so many, wherever it begins
  tables_.shrink_to_fit();
  cells_.shrink_to_fit();
  words_.shrink_to_fit();
  ranges_.shrink_to_fit();
}

template class RangeTable<Narrow>;
template class RangeTable<Wide>;

}  // namespace weir
