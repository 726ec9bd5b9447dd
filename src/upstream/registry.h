// The policies weir has: an explicit table. src/upstream/README.md shows how to add one. The table
// is constant; making upstreams is the main thread's.
#pragma once

#include <span>

#include "weir/upstream.h"

namespace weir {

[[nodiscard]] std::span<const PolicyType> policies();

// The keys that every upstream takes besides its policy's own.
[[nodiscard]] std::span<const Key> upstream_keys();

// Makes the upstream that a section describes. REQUIRES: is_complete(settings), and they were
// checked against the row's keys and upstream_keys(). UpstreamAssembly makes all of a
// configuration, with their lookup.
[[nodiscard]] Result<std::shared_ptr<Upstream>> make_upstream(const Settings& settings,
                                                              ServerPool& pool,
                                                              const UpstreamLookup& others);

// False while the type, or a key that it requires, is missing or was refused.
[[nodiscard]] bool is_complete(const Settings& settings);

// The built-ins `direct`, `transparent`, `bypass`, `reject`, `drop`; null for another name.
[[nodiscard]] std::shared_ptr<Upstream> make_builtin(std::string_view name);
[[nodiscard]] std::span<const std::string_view> builtin_names();

}  // namespace weir
