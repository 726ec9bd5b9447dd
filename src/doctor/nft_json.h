// Reading what `nft -j` prints: nothing in it is taken for granted, so that a newer nft costs a
// finding at most. Pure; any thread.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace weir::doctor {

using Json = nlohmann::json;

// Null where the value is no object, or has no such member.
[[nodiscard]] inline const Json* member(const Json& value, const char* name) {
  if (!value.is_object()) {
    return nullptr;
  }
  const auto found = value.find(name);
  return found == value.end() ? nullptr : &*found;
}

// "" where there is no such member, or it is no text.
[[nodiscard]] inline std::string text(const Json& value, const char* name) {
  const Json* found = member(value, name);
  return found != nullptr && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace weir::doctor
