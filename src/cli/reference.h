// The reference, made of what the program itself reads: weir(1) and the shells' completions of the
// command table, weir.ini(5) of the rows of the keys. So neither can disagree with the program. The
// build installs what this prints.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weir/result.h"

namespace weir {

// A counted reason, or an end of a flow, as an operator reads it.
struct Event {
  std::string_view name;
  std::string_view meaning;  // Markdown
  bool error = false;        // of an end: `log = errors` writes it
};
[[nodiscard]] std::vector<Event> reasons();
[[nodiscard]] std::vector<Event> ends();

struct CommandOption {
  std::string short_name;  // "-c", or none
  std::string name;        // "--config"; of a positional "client"
  std::string description;
  std::vector<std::string> choices;
  enum class Takes : std::uint8_t { nothing, value, file } takes = Takes::nothing;
  bool positional = false;
  bool repeats = false;
  std::string names;  // "rules": completed by what `weir names rules` prints
};

struct Command {
  std::string name;
  std::string description;
  std::vector<CommandOption> options;
};

// `what`: man, ini, bash, zsh, fish, events.
[[nodiscard]] Result<std::string> reference(std::string_view what,
                                            const std::vector<Command>& commands);

[[nodiscard]] std::string manual_of_commands(const std::vector<Command>& commands);
[[nodiscard]] std::string manual_of_keys();
[[nodiscard]] std::string table_of_events();
[[nodiscard]] std::string bash_completion(const std::vector<Command>& commands);
[[nodiscard]] std::string zsh_completion(const std::vector<Command>& commands);
[[nodiscard]] std::string fish_completion(const std::vector<Command>& commands);

}  // namespace weir
