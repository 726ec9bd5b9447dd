#include "cli/reference.h"

#include <array>
#include <utility>

namespace weir {

Result<std::string> reference(std::string_view what, const std::vector<Command>& commands) {
  using Make = std::string (*)(const std::vector<Command>&);
  constexpr std::array<std::pair<std::string_view, Make>, 6> kinds{
      {{"man", manual_of_commands},
       {"ini", [](const std::vector<Command>&) { return manual_of_keys(); }},
       {"bash", bash_completion},
       {"zsh", zsh_completion},
       {"fish", fish_completion},
       {"events", [](const std::vector<Command>&) { return table_of_events(); }}}};
  for (const auto& [name, make] : kinds) {
    if (name == what) {
      return make(commands);
    }
  }
  return Error("there is no reference '" + std::string(what) +
               "': man, ini, bash, zsh, fish or events");
}

}  // namespace weir
