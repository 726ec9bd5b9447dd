// A configuration as every command takes it: read with the registry's policies, with the warnings
// that need rules and upstreams together, and its findings on stderr. Blocking reads; main thread.
#pragma once

#include <optional>
#include <string>

#include "config/load.h"

namespace weir {

// Exit status of a command whose configuration is wrong.
inline constexpr int bad_configuration = 2;

// What the registry's policies make of [upstream] sections.
[[nodiscard]] Schema registry_schema();

[[nodiscard]] Loaded load(const std::string& file);

// Prints every finding to stderr, one line each. None: there was an error among them.
[[nodiscard]] std::optional<Configuration> load_or_report(const std::string& file);

}  // namespace weir
