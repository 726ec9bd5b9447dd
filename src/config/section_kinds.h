// The sections that a configuration has and the rows of their keys. Everything that knows a key by
// name is either here or in the .cc that turns the section into values (see sections.h).
//
// Constant; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/condition.h"
#include "weir/settings.h"

namespace weir {

struct SectionKind {
  std::string_view name;
  enum class Naming : std::uint8_t { none, required } naming = Naming::none;  // [rule NAME]
  std::string_view description;
  // Of [upstream] and [rule] only what every configuration has; the rest comes with the schema.
  std::span<const Key> keys;
};

[[nodiscard]] std::span<const SectionKind> section_kinds();

// With those of the conditions where it is [rule], which stand first.
[[nodiscard]] std::vector<Key> keys_of(const SectionKind& kind, ConditionTypes conditions);

// Null for an unknown name.
[[nodiscard]] const SectionKind* find_section_kind(std::string_view name);

}  // namespace weir
