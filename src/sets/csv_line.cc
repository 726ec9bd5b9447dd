#include <string>
#include <utility>

#include "base/text.h"
#include "sets/line_formats.h"
#include "sets/shown.h"

namespace weir {
namespace {

// Takes a column and the comma after it off the text. What follows a closing quote stays with the
// column: no item has it.
std::string_view cut_column(std::string_view& text) {
  std::size_t end = 0;
  for (bool is_quoted = false; end < text.size() && (is_quoted || text[end] != ','); ++end) {
    is_quoted = is_quoted != (text[end] == '"');
  }
  std::string_view out = trimmed(text.substr(0, end));
  text.remove_prefix(end == text.size() ? end : end + 1);
  if (out.size() >= 2 && out.starts_with('"') && out.ends_with('"')) {
    out = trimmed(out.substr(1, out.size() - 2));
  }
  return out;
}

// Columns of text ("DE", "12", "malware") could be names; what has dots is meant as one.
bool is_surely_item(std::string_view column) {
  return column.find_first_of(".:") != std::string_view::npos && parse_item(column).ok();
}

// A list that is separated by commas would lose all but its first item.
Result<> check_rest(std::string_view first, std::string_view rest) {
  const bool is_address = looks_like_address(first);
  const std::string_view second = cut_column(rest);
  if (!is_surely_item(second) || looks_like_address(second) != is_address) {
    return Ok{};
  }
  if (is_address) {
    return Error(shown(first) + " and " + shown(second) +
                 " are two addresses in one line: a range is written A-B, and a list has one item "
                 "a line");
  }
  while (!rest.empty()) {
    if (!is_surely_item(cut_column(rest))) {
      return Ok{};
    }
  }
  return Error("the line lists " + shown(first) + " and others: a list has one item a line");
}

}  // namespace

bool is_csv_line(std::string_view text) {
  return text.starts_with('"') || text.find(',') != std::string_view::npos;
}

Result<> read_csv_line(std::string_view text, std::vector<ListItem>& items, bool& is_heading) {
  const std::string_view first = cut_column(text);
  is_heading = false;
  if (first.empty()) {
    return Error("the first column is empty");
  }
  const bool has_word = first.find_first_of(".:") == std::string_view::npos;
  auto item = parse_item(first);
  if (has_word || !item) {
    is_heading = has_word && first.find_first_not_of("0123456789-/\"") == 0;
    return item ? Error("the first column is the word " + shown(first) +
                        ": it has to be an address or a name")
                : item.error();
  }
  if (auto rest = check_rest(first, text); !rest) {
    return rest;
  }
  items.push_back({.what = std::move(item).value()});
  return Ok{};
}

}  // namespace weir
