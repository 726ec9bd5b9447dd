// One value by its row: the words, numbers and lists that keys take.
#include <algorithm>
#include <cassert>
#include <cctype>
#include <limits>
#include <string>
#include <vector>

#include "base/quantity.h"
#include "base/suggest.h"
#include "base/text.h"
#include "weir/settings.h"

namespace weir {
namespace {

// The parts between commas, without the blanks around them.
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> out;
  while (true) {
    const auto comma = text.find(',');
    out.push_back(trimmed(text.substr(0, comma)));
    if (comma == std::string_view::npos) {
      return out;
    }
    text.remove_prefix(comma + 1);
  }
}

// The word of the row's `choices` that the text is, else "".
std::string_view choice(const Key& key, std::string_view text) {
  for (const std::string_view word : split(key.choices)) {
    if (word == text) {
      return word;
    }
  }
  return {};
}

std::string bounds_text(const Key& key) {
  const auto text = [&](std::int64_t n) {
    switch (key.kind) {
      case ValueKind::duration:
        return duration_text(n);
      case ValueKind::size:
        return size_text(n);
      case ValueKind::rate:
        return rate_text(n);
      default:
        return std::to_string(n);
    }
  };
  std::string out =
      key.max == INT64_MAX ? text(key.min) + " or more" : text(key.min) + " to " + text(key.max);
  return key.choices.empty() ? out : out + ", or " + std::string(key.choices);
}

Result<std::int64_t> parse_quantity(const Key& key, std::string_view text) {
  switch (key.kind) {
    case ValueKind::duration:
      return parse_duration(text);
    case ValueKind::size:
      return parse_size(text);
    case ValueKind::rate:
      return parse_rate(text);
    default:
      return parse_number(text);
  }
}

Result<Value> quantity(const Key& key, Value value) {
  if (!choice(key, value.text).empty()) {
    value.is_choice = true;
    return value;
  }
  auto number = parse_quantity(key, value.text);
  if (!number) {
    const auto hint = key.choices.empty() ? "" : did_you_mean(value.text, split(key.choices));
    return Error(number.error().text() + hint, value.location);
  }
  if (number.value() < key.min || number.value() > key.max) {
    return Error(quoted(value.text) + " is out of bounds (" + bounds_text(key) + ")",
                 value.location);
  }
  value.number = number.value();
  return value;
}

Result<Value> mark(Value value) {
  // A value alone is its own mask: those bits, and no others.
  const auto slash = std::min(value.text.find('/'), value.text.size());
  const auto bits = parse_number(std::string_view(value.text).substr(0, slash));
  const auto mask = slash == value.text.size()
                        ? bits
                        : parse_number(std::string_view(value.text).substr(slash + 1));
  constexpr std::int64_t max = std::numeric_limits<std::uint32_t>::max();
  if (!bits || !mask) {
    return Error(quoted(value.text) + " is not a mark (VALUE/MASK, like 0x1/0x1)", value.location);
  }
  if (bits.value() > max || mask.value() > max) {
    return Error(quoted(value.text) + " does not fit into 32 bits", value.location);
  }
  value.mark = {static_cast<std::uint32_t>(bits.value()), static_cast<std::uint32_t>(mask.value())};
  if (value.mark.value == 0) {
    return Error(quoted(value.text) + " marks nothing: the value is 0", value.location);
  }
  if ((value.mark.value & ~value.mark.mask) != 0) {
    return Error(quoted(value.text) + " has bits outside its mask", value.location);
  }
  return value;
}

bool same_letters(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

Result<Value> yes_no(Value value) {
  if (value.text != "yes" && value.text != "no") {
    const auto meant = [&](std::string_view word) { return same_letters(value.text, word); };
    const bool yes = meant("yes") || meant("true") || meant("on") || meant("1");
    const bool no = meant("no") || meant("false") || meant("off") || meant("0");
    return Error(quoted(value.text) + " is not yes or no" +
                     (yes  ? ", did you mean 'yes'?"
                      : no ? ", did you mean 'no'?"
                           : ""),
                 value.location);
  }
  value.number = value.text == "yes" ? 1 : 0;
  return value;
}

Result<Value> word(const Key& key, Value value) {
  if (choice(key, value.text).empty()) {
    const auto words = split(key.choices);
    return Error("unknown word " + quoted(value.text) + did_you_mean(value.text, words) +
                     (words.size() == 1 ? " (known: " : " (one of ") + std::string(key.choices) +
                     ")",
                 value.location);
  }
  return value;
}

Result<Value> list(Value value) {
  for (const std::string_view item : split(value.text)) {
    if (item.empty()) {
      return Error("the list has an empty item", value.location);
    }
    Value one;
    one.text = item;
    one.location = value.location;
    value.items.push_back(std::move(one));
  }
  return value;
}

}  // namespace

Result<Value> parse_value(const Key& key, std::string_view text, const SourceLocation& location) {
  Value value;
  value.text = text;
  value.location = location;
  if (text.empty()) {
    return Error("the value is missing", location);
  }
  switch (key.kind) {
    case ValueKind::number:
    case ValueKind::duration:
    case ValueKind::size:
    case ValueKind::rate:
      return quantity(key, std::move(value));
    case ValueKind::mark:
      return mark(std::move(value));
    case ValueKind::yes_no:
      return yes_no(std::move(value));
    case ValueKind::word:
      return word(key, std::move(value));
    case ValueKind::list:
      return list(std::move(value));
    case ValueKind::text:
      return value;
  }
  assert(false && "a row has no kind");
  return value;
}

}  // namespace weir
