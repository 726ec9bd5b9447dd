// For each port a number: 65,536 of them in pages of 256, of which equal ones are kept once. Two
// reads answer, however many ranges there are.
//
// Part of a RuleSet; immutable once made. Any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "weir/units.h"

namespace weir {

class PortTable {
 public:
  struct Interval {  // up to the next one's first port
    Port first = 0;
    std::uint32_t number = 0;
  };
  // Ascending; the first one begins at port 0.
  explicit PortTable(std::span<const Interval> intervals);

  [[nodiscard]] std::uint32_t operator[](Port port) const {
    return numbers_[pages_[port / page] + port % page];
  }

 private:
  static constexpr std::size_t page = 256;

  std::array<std::uint32_t, 65'536 / page> pages_{};  // where each begins
  std::vector<std::uint32_t> numbers_;
};

}  // namespace weir
