#include "config/items.h"

#include <algorithm>
#include <utility>

#include "base/names.h"
#include "base/text.h"

namespace weir {
std::optional<Prefix> prefix_of(std::string_view text, std::string_view key,
                                const SourceLocation& location, Findings& findings) {
  auto prefix = Prefix::parse(text);
  if (!prefix) {
    findings.error(location, quoted(key) + ": " + prefix.error().text());
    return std::nullopt;
  }
  return prefix.value();
}

std::vector<Prefix> prefixes_of(const Settings& settings, std::string_view key,
                                Findings& findings) {
  std::vector<Prefix> out;
  each_item(settings, key, [&](const Value& item) {
    if (auto prefix = prefix_of(item.text, key, item.location, findings)) {
      out.push_back(*prefix);
    }
  });
  return out;
}

std::vector<std::string> interfaces_of(const Settings& settings, std::string_view key,
                                       Findings& findings) {
  std::vector<std::string> out;
  each_item(settings, key, [&](const Value& item) {
    const std::string& name = item.text;
    if (auto why = why_no_interface_pattern(name); !why.empty()) {
      findings.error(item.location, std::move(why));
    } else if (std::find(out.begin(), out.end(), name) != out.end()) {
      findings.warning(item.location, "interface " + name + " is named twice");
    } else {
      out.push_back(name);
    }
  });
  return out;
}

}  // namespace weir
