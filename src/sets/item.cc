#include "sets/item.h"

#include <type_traits>

#include "base/text.h"
#include "sets/shown.h"

namespace weir {
namespace {

Result<SetItem> parse_range(std::string_view text, std::string_view first, std::string_view last) {
  const auto wrong = [&](const std::string& why) { return Error(shown(text) + " " + why); };
  if (text.find('%') != std::string_view::npos) {
    return wrong("names an interface: a range can't");
  }
  const auto from = Address::parse(first);
  const auto to = Address::parse(last);
  if (!from || !to) {
    return wrong("is no range of two addresses (A-B)");
  }
  if (from.value().family() != to.value().family()) {
    return wrong("has ends of two families");
  }
  if (to.value() < from.value()) {
    return wrong("ends before it begins, did you mean " +
                 shown(std::string(last) + "-" + std::string(first)) + "?");
  }
  return SetItem(AddressRange{from.value(), to.value()});
}

Result<SetItem> parse_prefix(std::string_view text) {
  auto prefix = Prefix::parse(text);
  if (prefix) {
    return SetItem(prefix.value());
  }
  // Its sentence begins with the text as it is, which may be anything.
  const std::string& sentence = prefix.error().text();
  const std::string as_is = quoted(text);
  return Error(sentence.starts_with(as_is) ? shown(text) + sentence.substr(as_is.size())
                                           : sentence);
}

}  // namespace

bool looks_like_address(std::string_view text) {
  return text.find(':') != std::string_view::npos ||
         (text.find_first_not_of("0123456789./- \t") == std::string_view::npos &&
          text.find('.') != std::string_view::npos);
}

Result<SetItem> parse_item(std::string_view text) {
  if (text.find("://") != std::string_view::npos) {
    return Error(shown(text) + " is a URL: write the name or the address that is in it");
  }
  if (!looks_like_address(text)) {
    auto name = Name::parse(text);
    return name ? Result<SetItem>(SetItem(std::move(name).value())) : Result<SetItem>(name.error());
  }
  const auto dash = text.find('-');
  return dash == std::string_view::npos
             ? parse_prefix(text)
             : parse_range(text, trimmed(text.substr(0, dash)), trimmed(text.substr(dash + 1)));
}

std::string written_item(const SetItem& item) {
  return std::visit(
      [](const auto& one) -> std::string {
        using Item = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<Item, Prefix>) {
          return one.text();
        } else if constexpr (std::is_same_v<Item, Name>) {
          return one.written();
        } else {
          return one.first.text() + "-" + one.last.text();
        }
      },
      item);
}

}  // namespace weir
