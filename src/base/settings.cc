#include "weir/settings.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace weir {

Settings::Settings(std::string name, SourceLocation location, std::span<const Key> keys)
    : name_(std::move(name)), location_(std::move(location)) {
  for (const Key& key : keys) {
    if (!key.default_value.empty()) {
      auto value = parse_value(key, key.default_value, location_);
      assert(value.ok() && "a row's default does not fit its own bounds");
      defaults_.try_emplace(std::string(key.name), 1, std::move(value).value());
    }
  }
}

void Settings::add(std::string_view key, Value value) {
  given_[std::string(key)].push_back(std::move(value));
}

void Settings::edit(std::string_view key, const std::function<void(Value&)>& change) {
  if (const auto found = given_.find(key); found != given_.end()) {
    std::for_each(found->second.begin(), found->second.end(), change);
  }
}

void Settings::remove(std::string_view key, const SourceLocation& location) {
  const auto found = given_.find(key);
  if (found == given_.end()) {
    return;
  }
  std::erase_if(found->second, [&](const Value& value) { return value.location == location; });
  if (found->second.empty()) {
    given_.erase(found);
  }
}

bool Settings::given(std::string_view key) const { return given_.contains(key); }

std::vector<std::string_view> Settings::given_keys() const {
  std::vector<std::string_view> out;
  out.reserve(given_.size());
  for (const auto& [key, values] : given_) {
    out.push_back(key);
  }
  return out;
}

SourceLocation Settings::location_of(std::string_view key) const {
  const auto found = given_.find(key);
  return found == given_.end() ? location_ : found->second.front().location;
}

const std::vector<Value>& Settings::all(std::string_view key) const {
  static const std::vector<Value> none;
  if (const auto found = given_.find(key); found != given_.end()) {
    return found->second;
  }
  const auto found = defaults_.find(key);
  return found == defaults_.end() ? none : found->second;
}

const Value& Settings::only(std::string_view key) const {
  const std::vector<Value>& values = all(key);
  assert(values.size() == 1 && "a key without value and default was read");
  return values.front();
}

std::int64_t Settings::number(std::string_view key) const { return only(key).number; }

Milliseconds Settings::duration(std::string_view key) const {
  return Milliseconds{only(key).number};
}

bool Settings::yes(std::string_view key) const { return only(key).number != 0; }

Mark Settings::mark(std::string_view key) const { return only(key).mark; }

const std::string& Settings::text(std::string_view key) const { return only(key).text; }

std::string Settings::text_or_empty(std::string_view key) const {
  const std::vector<Value>& values = all(key);
  return values.empty() ? "" : values.front().text;
}

namespace {

bool same(const std::vector<Value>& a, const std::vector<Value>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Value& x, const Value& y) {
    return x.text == y.text && same(x.items, y.items);
  });
}

}  // namespace

bool Settings::same_values(const Settings& other) const {
  return name_ == other.name_ && std::equal(given_.begin(), given_.end(), other.given_.begin(),
                                            other.given_.end(), [](const auto& a, const auto& b) {
                                              return a.first == b.first && same(a.second, b.second);
                                            });
}

}  // namespace weir
