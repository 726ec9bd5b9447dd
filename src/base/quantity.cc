#include "base/quantity.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <span>

#include "base/text.h"

namespace weir {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

// Largest first: the order in which a duration may name them.
constexpr std::array duration_units{Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000},
                                    Unit{"s", 1'000}, Unit{"ms", 1}};
constexpr std::array size_units{Unit{"GiB", 1LL << 30}, Unit{"MiB", 1LL << 20},
                                Unit{"KiB", 1LL << 10}, Unit{"B", 1}};
constexpr std::array rate_units{Unit{"Gbit", 1'000'000'000}, Unit{"Mbit", 1'000'000},
                                Unit{"Kbit", 1'000}, Unit{"bit", 1}};

constexpr std::string_view decimal_digits = "0123456789";

std::string names_of(std::span<const Unit> units) {
  std::string out;
  for (const Unit& unit : units) {
    out += (out.empty() ? "" : ", ") + std::string(unit.name);
  }
  return out;
}

// What a row of units means to its reader.
struct Quantity {
  std::string_view word;      // "duration"
  std::string_view examples;  // "250ms, 30s"
  std::span<const Unit> units;
  enum class Parts : std::uint8_t { one, many } parts = Parts::one;  // 2h4m has two
};

constexpr Quantity duration{"duration", "250ms, 30s, 5m, 2h4m", duration_units,
                            Quantity::Parts::many};
constexpr Quantity size{"size", "64KiB, 1MiB", size_units};
constexpr Quantity rate{"rate", "512Kbit, 10Mbit", rate_units};

Result<std::int64_t> parse(std::string_view text, const Quantity& quantity) {
  const auto wrong = [&] {
    return Error(quoted(text) + " is not a " + std::string(quantity.word) + " (like " +
                 std::string(quantity.examples) + ")");
  };
  std::int64_t sum = 0;
  std::size_t units_left_from = 0;  // later parts need smaller units
  std::string_view rest = text;
  do {
    const auto digits = std::min(rest.find_first_not_of(decimal_digits), rest.size());
    if (digits == 0) {
      return wrong();
    }
    std::int64_t number = 0;
    const bool fits = std::from_chars(rest.data(), rest.data() + digits, number).ec == std::errc{};
    rest.remove_prefix(digits);
    if (rest.empty()) {
      return Error(quoted(text) + " lacks a unit (" + names_of(quantity.units) + ")");
    }
    const auto letters = std::min(rest.find_first_of(decimal_digits), rest.size());
    const std::string_view name = rest.substr(0, letters);
    rest.remove_prefix(letters);
    std::size_t unit = units_left_from;
    while (unit < quantity.units.size() && quantity.units[unit].name != name) {
      ++unit;
    }
    if (unit == quantity.units.size()) {
      return wrong();
    }
    units_left_from = unit + 1;
    if (!fits || __builtin_mul_overflow(number, quantity.units[unit].factor, &number) ||
        __builtin_add_overflow(sum, number, &sum)) {
      return Error(quoted(text) + " is too large");
    }
  } while (!rest.empty() && quantity.parts == Quantity::Parts::many);
  if (!rest.empty()) {
    return wrong();
  }
  return sum;
}

std::string text_of(std::int64_t value, const Quantity& quantity) {
  if (value == 0) {
    return "0" +
           std::string(quantity.parts == Quantity::Parts::many ? "s" : quantity.units.back().name);
  }
  std::string out;
  for (const Unit& unit : quantity.units) {
    const bool here =
        quantity.parts == Quantity::Parts::many ? value >= unit.factor : value % unit.factor == 0;
    if (here && value != 0) {
      out += std::to_string(value / unit.factor) + std::string(unit.name);
      value %= unit.factor;
    }
  }
  return out;
}

}  // namespace

Result<std::int64_t> parse_number(std::string_view text) {
  const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  const std::string_view digits = hexadecimal ? text.substr(2) : text;
  std::int64_t number = 0;
  // from_chars would take a sign.
  const bool signless = !digits.empty() && digits.front() != '-';
  const auto [end, code] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, hexadecimal ? 16 : 10);
  if (!signless || code == std::errc::invalid_argument || end != digits.data() + digits.size()) {
    return Error(quoted(text) + " is not a number (decimal or 0x)");
  }
  if (code != std::errc{}) {
    return Error(quoted(text) + " is too large");
  }
  return number;
}

Result<std::int64_t> parse_duration(std::string_view text) { return parse(text, duration); }
Result<std::int64_t> parse_size(std::string_view text) { return parse(text, size); }
Result<std::int64_t> parse_rate(std::string_view text) { return parse(text, rate); }

std::string duration_text(std::int64_t milliseconds) { return text_of(milliseconds, duration); }
std::string size_text(std::int64_t bytes) { return text_of(bytes, size); }
std::string rate_text(std::int64_t bits) { return text_of(bits, rate); }

}  // namespace weir
