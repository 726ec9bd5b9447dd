#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "sets/line_formats.h"
#include "sets/shown.h"

namespace weir {
namespace {

// Takes what is before the separator, and the separator, off the text.
std::string_view cut(std::string_view& text, char separator) {
  const auto at = text.find(separator);
  const std::string_view out = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return out;
}

// Options that leave the meaning of `||name^` as it is: every other one means some requests only.
constexpr std::array<std::string_view, 2> harmless{"important", "all"};

Result<> read_options(std::string_view options, ListItem& item) {
  while (!options.empty()) {
    const std::string_view option = cut(options, ',');
    if (std::find(harmless.begin(), harmless.end(), option) == harmless.end()) {
      return Error("the option " + shown("$" + std::string(option)) +
                   " narrows the line to what a gateway does not see");
    }
    item.is_important = item.is_important || option == "important";
  }
  return Ok{};
}

}  // namespace

bool is_adblock_line(std::string_view text) {
  return text.starts_with("||") || text.starts_with("@@");
}

Result<> read_adblock_line(std::string_view text, std::vector<ListItem>& items) {
  const std::string_view whole = text;
  ListItem item;
  if (text.starts_with("@@")) {
    item.is_exception = true;
    text.remove_prefix(2);
  }
  if (!text.starts_with("||")) {
    return Error(shown(whole) + " is an exception for more than a name: write '@@||NAME^'");
  }
  text.remove_prefix(2);
  std::string_view pattern = cut(text, '$');
  if (pattern.ends_with("^|")) {
    pattern.remove_suffix(1);
  }
  if (!pattern.ends_with('^')) {
    return Error(shown(whole) + " is a pattern of URLs: of those only '||NAME^' is a name");
  }
  pattern.remove_suffix(1);
  if (auto options = read_options(text, item); !options) {
    return options;
  }
  auto what = parse_item(pattern);
  if (!what) {
    return what.error();
  }
  item.what = std::move(what).value();
  if (auto* name = std::get_if<Name>(&item.what)) {
    name->form = name->form == NameForm::exact ? NameForm::both : name->form;
  } else if (item.is_exception) {
    return Error(shown(whole) + " takes an address out: exceptions are for names alone");
  }
  items.push_back(std::move(item));
  return Ok{};
}

}  // namespace weir
