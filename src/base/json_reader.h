// Reads a JSON document whose shape is known, such as an answer of this version's gateway. What is
// missing or of another kind reads as empty, and the first such thing is kept: a report is put
// together without a look at each step, and at the end it is whole, or an error.
//
// A view: the document, the mismatch and the names outlive it. Any thread that owns them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace weir {

class JsonReader {
 public:
  // `mismatch` is empty, and stays so while everything is as expected.
  JsonReader(const Json& document, std::string& mismatch)
      : value_(&document), mismatch_(&mismatch) {}

  [[nodiscard]] JsonReader at(std::string_view name) const;  // a member that is always there
  [[nodiscard]] std::optional<JsonReader> find(std::string_view name) const;
  [[nodiscard]] bool is_null() const { return value_->kind() == Json::Kind::null; }

  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::uint64_t number() const;
  [[nodiscard]] double real() const;
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] std::vector<JsonReader> items() const;
  [[nodiscard]] std::vector<std::pair<std::string, JsonReader>> members() const;

 private:
  JsonReader part(const Json& value, std::string_view name) const;
  void note_other_kind(std::string_view expected) const;

  const Json* value_;
  std::string* mismatch_;
  std::string_view name_ = "the document";  // of the value, or of the list that it stands in
};

}  // namespace weir
