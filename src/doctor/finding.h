// What one check of `weir doctor` found: a line for people, an object for machines. Plain values;
// any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir::doctor {

enum class Level : std::uint8_t { ok, warn, fail };

struct Finding {
  std::string name;  // the check's
  Level level = Level::ok;
  std::string text;  // what it means
  std::string fix;   // the command that fixes it; empty: none does
};
using Findings = std::vector<Finding>;

[[nodiscard]] inline std::string_view name_of(Level level) {
  switch (level) {
    case Level::warn:
      return "warn";
    case Level::fail:
      return "FAIL";
    case Level::ok:
      break;
  }
  return "ok";
}

}  // namespace weir::doctor
