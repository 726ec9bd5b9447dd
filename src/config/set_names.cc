#include "config/set_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/suggest.h"
#include "base/text.h"
#include "config/files.h"
#include "sets/country_list.h"

namespace weir {
namespace {

// The codes that a comma took apart from the list they belong to.
void join_codes(std::vector<Value>& items) {
  std::vector<Value> out;
  for (Value& item : items) {
    if (!out.empty() && is_country_list(out.back().text) && is_network_code(item.text)) {
      out.back().text += "," + item.text;
    } else {
      out.push_back(std::move(item));
    }
  }
  items = std::move(out);
}

// In one spelling, so that rules which ask for the same share it; as it is where it is wrong, which
// is an error when it is read.
std::string spelled(const std::string& text) {
  const auto list = is_country_list(text) ? parse_country_list(text) : Error("a file");
  if (!list) {
    return text;
  }
  std::string out = list.value().file;
  for (const std::string& code : list.value().wanted) {
    out += (&code == list.value().wanted.data() ? ":" : ",") + code;
  }
  return out;
}

}  // namespace

SetNames::SetNames(std::vector<SetSettings> named) : named_(std::move(named)) {}

void SetNames::resolve(Value& list, Findings& findings) {
  join_codes(list.items);
  for (Value& item : list.items) {
    const std::string_view sign = item.text.starts_with('!') ? "!" : "";
    const std::string_view text = trimmed(std::string_view(item.text).substr(sign.size()));
    if (text.starts_with('@') || is_country_list(text)) {
      const std::string_view named = text.substr(text.starts_with('@') ? 1 : 0);
      if (const auto key = key_of(named, item.location, findings); !key.empty()) {
        item.text = fmt::format("{}@{}", sign, key);
      }
    }
  }
}

std::string SetNames::key_of(std::string_view text, const SourceLocation& location,
                             Findings& findings) {
  if (text.empty()) {
    findings.error(location, "'@' needs the name of a set or of a file");
    return "";
  }
  const auto named = std::find_if(named_.begin(), named_.end(),
                                  [&](const SetSettings& one) { return one.name == text; });
  if (named != named_.end()) {
    used_.insert(named->name);
    return named->name;
  }
  const std::string path = spelled(beside(location.file, std::string(text)));
  SetSettings file{.name = "", .location = location, .files = {{path, location, hint_for(text)}}};
  std::string key = file.key();
  if (keys_.insert(key).second) {
    files_.push_back(std::move(file));
  }
  return key;
}

std::string SetNames::hint_for(std::string_view text) const {
  std::vector<std::string_view> names;
  for (const SetSettings& one : named_) {
    names.push_back(one.name);
  }
  const std::string_view meant = nearest(text, names);
  return meant.empty() ? "" : ", did you mean the set '@" + std::string(meant) + "'?";
}

std::vector<SetSettings> SetNames::take_used(Findings& findings) {
  std::vector<SetSettings> out;
  for (SetSettings& set : std::exchange(named_, {})) {
    if (used_.contains(set.name)) {
      out.push_back(std::move(set));
    } else {
      findings.warning(set.location, "[set " + set.name + "] is used by no rule and not read");
    }
  }
  std::vector<SetSettings> files = std::exchange(files_, {});
  std::move(files.begin(), files.end(), std::back_inserter(out));
  return out;
}

}  // namespace weir
