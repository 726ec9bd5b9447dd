// A configuration as every command takes it: read with the registry's policies, with the warnings
// that need rules and upstreams together, and its findings on stderr. Blocking reads; main thread.
#pragma once

#include <optional>
#include <string>

#include "config/load.h"
#include "sets/list_source.h"
#include "sets/set_table.h"

namespace weir {

// What the registry's policies make of [upstream] sections.
[[nodiscard]] Schema registry_schema();

// `before`: the sets in force, which stay what they are where their lists have become unusable;
// null: there are none.
[[nodiscard]] Loaded load(const std::string& file, const SetTable* before = nullptr);

// Reads the sets of what was loaded, and binds its rules to them. Lists that cannot be used are
// errors, and then nothing is left of it.
void load_sets_of(Loaded& loaded, const SetTable* before, const OpenList& open = open_list);

// Prints every finding to stderr, one line each. None: there was an error among them.
[[nodiscard]] std::optional<Configuration> load_or_report(const std::string& file);

}  // namespace weir
