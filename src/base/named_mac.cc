#include "base/named_mac.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace weir {
namespace {

// As it can stand in a rule's list: `client = name:tv, name:printer`.
bool can_stand_in_list(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c >= 0x80;
  });
}

}  // namespace

Result<NamedMac> parse_named_mac(std::string_view text) {
  text = trimmed(text);
  const auto end = std::min(text.find_first_of(blanks), text.size());
  const std::string_view name = text.substr(0, end);
  const std::string_view behind = trimmed(text.substr(end));
  if (behind.empty()) {
    return Error(quoted(text) + " is not a name and a MAC address (like tv 02:00:5e:10:00:01)");
  }
  const auto mac = Mac::parse_device(behind);
  if (!mac) {
    const bool swapped = Mac::parse_device(name).ok();
    return Error(mac.error().text() + (swapped ? ": the name comes first" : ""));
  }
  if (!can_stand_in_list(name)) {
    return Error("the name " + quoted(name) + " may have letters, digits, '-', '_' and '.' alone");
  }
  return NamedMac{.name = std::string(name), .mac = mac.value()};
}

}  // namespace weir
