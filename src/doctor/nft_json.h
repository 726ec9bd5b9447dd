// Reading what `nft -j` prints: nothing in it is taken for granted, so that a newer nft costs a
// finding at most. Pure; any thread.
#pragma once

#include <string>

#include "base/json.h"

namespace weir::doctor {

// "" where there is no such member, or it is no text.
[[nodiscard]] inline std::string text(const Json& value, std::string_view name) {
  const Json* found = value.find(name);
  return found == nullptr ? "" : std::string(found->text().value_or(""));
}

}  // namespace weir::doctor
