// `weir check`: is this configuration right? Every problem on stderr, one line each; a summary on
// stdout when there is none. With --json an object on stdout instead of either. Main thread.
#pragma once

#include <cstdint>
#include <string>

#include "config/load.h"

namespace weir {

enum class CheckOutput : std::uint8_t { text, json };

// Returns the exit status.
[[nodiscard]] int run_check(const std::string& file, CheckOutput output);

// {"file": …, "ok": …, "errors": [{"file", "line", "text"}…], "warnings": […], …}; `line` is null
// where a file as a whole is meant.
[[nodiscard]] std::string json_of_check(const std::string& file, const Loaded& loaded);

}  // namespace weir
