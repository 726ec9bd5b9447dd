#include "base/json_reader.h"

namespace weir {

JsonReader JsonReader::part(const Json& value, std::string_view name) const {
  JsonReader out(value, *mismatch_);
  out.name_ = name;
  return out;
}

void JsonReader::note_other_kind(std::string_view expected) const {
  if (mismatch_->empty()) {
    *mismatch_ += name_;
    *mismatch_ += " is not ";
    *mismatch_ += expected;
  }
}

JsonReader JsonReader::at(std::string_view name) const {
  static const Json null;
  if (const Json* found = value_->find(name)) {
    return part(*found, name);
  }
  if (mismatch_->empty()) {
    *mismatch_ += name_;
    *mismatch_ += " has no ";
    *mismatch_ += name;
  }
  return part(null, name);
}

std::optional<JsonReader> JsonReader::find(std::string_view name) const {
  const Json* found = value_->find(name);
  return found == nullptr ? std::nullopt : std::optional(part(*found, name));
}

std::string JsonReader::text() const {
  const auto value = value_->text();
  if (!value) {
    note_other_kind("a text");
  }
  return std::string(value.value_or(""));
}

std::uint64_t JsonReader::number() const {
  const auto value = value_->natural();
  if (!value) {
    note_other_kind("a whole number");
  }
  return value.value_or(0);
}

double JsonReader::real() const {
  const auto value = value_->real();
  if (!value) {
    note_other_kind("a number");
  }
  return value.value_or(0);
}

bool JsonReader::boolean() const {
  const auto value = value_->boolean();
  if (!value) {
    note_other_kind("true or false");
  }
  return value.value_or(false);
}

std::vector<JsonReader> JsonReader::items() const {
  if (value_->kind() != Json::Kind::array) {
    note_other_kind("a list");
  }
  std::vector<JsonReader> out;
  for (const Json& item : value_->items()) {
    out.push_back(part(item, name_));
  }
  return out;
}

std::vector<std::pair<std::string, JsonReader>> JsonReader::members() const {
  if (value_->kind() != Json::Kind::object) {
    note_other_kind("an object");
  }
  std::vector<std::pair<std::string, JsonReader>> out;
  for (const Json::Member& member : value_->members()) {
    out.emplace_back(member.name, part(member.value, member.name));
  }
  return out;
}

}  // namespace weir
