// Reads and validates a configuration: the file, the files it includes, the lists it names. Reports
// every problem at once. Never guesses, truncates or skips.
//
// No state; blocking reads, on the main thread.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/configuration.h"
#include "config/files.h"
#include "weir/result.h"
#include "weir/upstream.h"

namespace weir {

struct Loaded {
  std::optional<Configuration> configuration;  // none when a diagnostic is an error
  std::vector<Diagnostic> diagnostics;         // in the order of files and lines
};

// `policies` are the registry's rows: what `type =` may say and the keys each takes. `unreadable`
// files (missing, a directory, no permission) are errors with line 0. `shared_keys` are those that
// every [upstream] takes whatever its type; `builtins` are the names that `use =` and `default =`
// may say without a section. `conditions` are the rows of what a [rule] can ask of a flow.
struct Schema {
  std::span<const PolicyType> policies;
  std::span<const Key> upstream_keys;
  std::span<const std::string_view> builtins;
  // What only the policy itself can find wrong with a section (a server that can't be parsed).
  // Asked about every [upstream], also where values were refused already and are therefore missing.
  // The sections are all that were read, for what it goes through.
  std::function<std::vector<Diagnostic>(const Settings&, std::span<const Settings> sections)>
      check_upstream;
  ConditionTypes conditions;
};
[[nodiscard]] Loaded load_configuration(const std::string& file, const Schema& schema);
// From files that need not be the machine's.
[[nodiscard]] Loaded load_configuration(const std::string& file, const Schema& schema,
                                        const Files& files);

// admin.socket, whatever else the configuration says: the gateway may run by an earlier one. Reads
// the file and those that it includes, and nothing that they name. An error: it cannot be read.
[[nodiscard]] Result<std::string> control_socket_in(const std::string& file);
[[nodiscard]] Result<std::string> control_socket_in(const std::string& file, const Files& files);

}  // namespace weir
