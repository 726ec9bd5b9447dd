// For each address the value of the range that it is in.
#include "rules/range_table.h"

#include <algorithm>
#include <random>

#include "catch.h"

namespace weir {
namespace {

template <typename Number>
using Ranges = std::vector<typename RangeTable<Number>::Range>;

// Sorted, the first one from 0.
template <typename Number>
Ranges<Number> ranges_of(std::vector<Number> begins, std::uint32_t first_value) {
  begins.push_back({});
  std::sort(begins.begin(), begins.end());
  begins.erase(std::unique(begins.begin(), begins.end()), begins.end());
  Ranges<Number> out;
  for (const Number& begin : begins) {
    out.push_back({begin, first_value++});
  }
  return out;
}

template <typename Number>
std::uint32_t expected(const Ranges<Number>& ranges, const Number& number) {
  const auto after =
      std::upper_bound(ranges.begin(), ranges.end(), number,
                       [](const Number& one, const auto& range) { return one < range.begin; });
  return std::prev(after)->value;
}

Narrow before(Narrow number) { return number - 1; }
Wide before(const Wide& number) {
  return {number.high - (number.low == 0 ? 1U : 0U), number.low - 1};
}

// At each begin, beside it, and at both ends of what there is.
template <typename Number>
void check(const Ranges<Number>& ranges, const Number& greatest) {
  const RangeTable<Number> table{std::span(ranges)};
  const auto ask = [&](const Number& number) {
    if (table[number] != expected(ranges, number)) {
      CHECK(table[number] == expected(ranges, number));
    }
  };
  ask({});
  ask(greatest);
  for (const auto& range : ranges) {
    ask(range.begin);
    ask(number_after(range.begin));
    ask(before(range.begin));
  }
  CHECK(table[ranges.back().begin] == ranges.back().value);
}

constexpr Wide greatest_wide{UINT64_MAX, UINT64_MAX};

}  // namespace

TEST_CASE("one range has every address") {
  check<Narrow>(ranges_of<Narrow>({}, 7), UINT32_MAX);
  check<Wide>(ranges_of<Wide>({}, 7), greatest_wide);
}

TEST_CASE("ranges may begin at the first, the second and the last address") {
  check<Narrow>(ranges_of<Narrow>({1, UINT32_MAX}, 0), UINT32_MAX);
  check<Narrow>(ranges_of<Narrow>({UINT32_MAX}, 0), UINT32_MAX);
  check<Wide>(ranges_of<Wide>({{0, 1}, greatest_wide}, 0), greatest_wide);
  check<Wide>(ranges_of<Wide>({{0, UINT64_MAX}, {1, 0}}, 0), greatest_wide);
}

TEST_CASE("an address finds its range among any number of them, however they lie") {
  std::mt19937_64 random(19);
  for (const std::size_t count : {2U, 15U, 16U, 17U, 100U, 1'000U, 20'000U}) {
    for (const unsigned bits : {0U, 4U, 12U, 20U, 28U}) {  // of addresses they are spread over
      std::vector<Narrow> narrow;
      std::vector<Wide> low;
      std::vector<Wide> high;
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t number = random();
        // Most of them crowd at one place.
        const auto place = static_cast<Narrow>(number % 8 == 0 ? number : 0x0a00'0000U);
        narrow.push_back(place + static_cast<Narrow>((number >> 32U) % (1U << bits)));
        low.push_back({0xfd00'0000'0000'0000U + number % 3, number >> (63 - 2 * bits)});
        high.push_back({number >> (63 - 2 * bits), number % 3});
      }
      check<Narrow>(ranges_of(std::move(narrow), 0), UINT32_MAX);
      check<Wide>(ranges_of(std::move(low), 0), greatest_wide);
      check<Wide>(ranges_of(std::move(high), 0), greatest_wide);
    }
  }
}

TEST_CASE("ranges that are twice as wide each time are found") {
  std::vector<Narrow> narrow;
  std::vector<Wide> wide;
  for (unsigned i = 0; i < 32; ++i) {
    narrow.push_back(Narrow{1} << i);
  }
  for (unsigned i = 0; i < 64; ++i) {
    wide.push_back({0, std::uint64_t{1} << i});
    wide.push_back({std::uint64_t{1} << i, 0});
  }
  check<Narrow>(ranges_of(std::move(narrow), 0), UINT32_MAX);
  check<Wide>(ranges_of(std::move(wide), 0), greatest_wide);
}

TEST_CASE("values take 32 bits") {
  std::vector<Narrow> begins;
  for (Narrow i = 0; i < 1'000; ++i) {
    begins.push_back(i * 1'000'003);
  }
  check<Narrow>(ranges_of(begins, 65'000), UINT32_MAX);
  check<Narrow>(ranges_of(begins, UINT32_MAX - 1'000), UINT32_MAX);
}

}  // namespace weir
