#include "devices/asked_devices.h"

#include <algorithm>
#include <string_view>

#include "devices/why_unknown.h"

namespace weir {
namespace {

constexpr std::string_view by_name = "name:";
constexpr std::string_view by_mac = "mac:";

// As they are written, without their negation.
std::vector<std::string> words_of(const RuleSettings& rule) {
  std::vector<std::string> out;
  for (const auto* items : {&rule.client().include_items, &rule.client().exclude_items}) {
    for (const AddressItem& item : *items) {
      std::string text = item.text();
      if ((text.starts_with(by_name) || text.starts_with(by_mac)) &&
          std::find(out.begin(), out.end(), text) == out.end()) {
        out.push_back(std::move(text));
      }
    }
  }
  return out;
}

std::string why_missing(const std::string& word, const DeviceTable& table) {
  const bool is_remembered = table.book() != nullptr && table.book()->has_source();
  if (word.starts_with(by_name)) {
    const std::string name = word.substr(by_name.size());
    return table.named(name) == nullptr || is_remembered ? why_no_such_name(table, name) : "";
  }
  const auto mac = Mac::parse(word.substr(by_mac.size()));
  return mac && is_remembered ? why_no_such_mac(table, mac.value()) : "";
}

}  // namespace

bool asks_for_devices(const Configuration& configuration) {
  return std::any_of(configuration.rules.begin(), configuration.rules.end(),
                     [](const RuleSettings& rule) { return !words_of(rule).empty(); });
}

bool asks_for_names(const RuleSettings& rule) {
  const std::vector<std::string> words = words_of(rule);
  return std::any_of(words.begin(), words.end(),
                     [](const std::string& word) { return word.starts_with(by_name); });
}

std::vector<MissingDevice> missing_devices(const Configuration& configuration,
                                           const DeviceTable& table) {
  std::vector<MissingDevice> out;
  for (const RuleSettings& rule : configuration.rules) {
    for (std::string& word : words_of(rule)) {
      if (std::string why = why_missing(word, table); !why.empty()) {
        out.push_back({.rule = &rule, .word = std::move(word), .why = std::move(why)});
      }
    }
  }
  return out;
}

}  // namespace weir
