// Completions of commands and options for the shells. Names of rules, upstreams, servers and sets,
// and ids of flows, are those of the running gateway: `weir names` asks it, when the key is
// pressed.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "cli/reference.h"

namespace weir {
namespace {

using Takes = CommandOption::Takes;

// Between single quotes of a shell.
std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return out + "'";
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) {
    out += (out.empty() ? "" : " ") + word;
  }
  return out;
}

std::string names(const std::vector<Command>& commands) {
  std::vector<std::string> all;
  all.reserve(commands.size());
  for (const auto& command : commands) {
    all.push_back(command.name);
  }
  return joined(all);
}

// Text of a zsh specification: brackets and colons are its syntax.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out;
}

// Prints what the option may be, as the running gateway knows it; nothing where none runs.
std::string asking(const CommandOption& option) {
  return "weir names " + option.names + " 2>/dev/null";
}

std::string zsh_action(const CommandOption& option) {
  if (!option.names.empty()) {
    return "{compadd -- ${(f)\"$(" + asking(option) + ")\"}}";
  }
  if (!option.choices.empty()) {
    return "(" + joined(option.choices) + ")";
  }
  return option.takes == Takes::file ? "_files" : " ";
}

}  // namespace

std::string bash_completion(const std::vector<Command>& commands) {
  std::string out =
      "# bash completion of weir; made by `weir reference bash`\n"
      // Not by compgen -W, which would expand what a name holds: some come from DNS.
      "_weir_names() {\n"
      "  local one\n"
      "  while IFS= read -r one; do\n"
      "    if [[ $one == \"$current\"* ]]; then COMPREPLY+=(\"$(printf %q \"$one\")\"); fi\n"
      "  done < <(weir names \"$1\" 2>/dev/null)\n"
      "}\n"
      "_weir() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=\n"
      "  COMPREPLY=()\n"
      "  if ((COMP_CWORD == 1)); then\n"
      "    mapfile -t COMPREPLY < <(compgen -W '" +
      names(commands) +
      "' -- \"$current\")\n"
      "    return\n"
      "  fi\n"
      "  case ${COMP_WORDS[1]}:$before in\n";
  for (const auto& command : commands) {
    for (const auto& option : command.options) {
      if (option.positional || option.takes == Takes::nothing) {
        continue;
      }
      std::string patterns = command.name + ":" + option.name;
      if (!option.short_name.empty()) {
        patterns += " | " + command.name + ":" + option.short_name;
      }
      const std::string how = !option.choices.empty()       ? "-W '" + joined(option.choices) + "'"
                              : option.takes == Takes::file ? "-f"
                                                            : "";
      out += fmt::format("    {})\n", patterns);
      if (!option.names.empty()) {
        out += fmt::format("      _weir_names {}\n", option.names);
      } else if (!how.empty()) {
        out += fmt::format("      mapfile -t COMPREPLY < <(compgen {} -- \"$current\")\n", how);
      }
      out += "      return ;;\n";
    }
  }
  out += "  esac\n  case ${COMP_WORDS[1]} in\n";
  for (const auto& command : commands) {
    std::vector<std::string> words;
    std::string asked;
    for (const auto& option : command.options) {
      if (option.positional) {
        words.insert(words.end(), option.choices.begin(), option.choices.end());
        if (!option.names.empty()) {
          asked += "_weir_names " + option.names + "; ";
        }
      } else {
        words.push_back(option.name);
      }
    }
    out += fmt::format("    {}) {}words='{}' ;;\n", command.name, asked, joined(words));
  }
  return out +
         "  esac\n"
         "  mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
         "}\n"
         "complete -F _weir weir\n";
}

std::string zsh_completion(const std::vector<Command>& commands) {
  std::string out =
      "#compdef weir\n"
      "# made by `weir reference zsh`\n"
      "_weir() {\n"
      "  local -a commands=(\n";
  for (const auto& command : commands) {
    out += "    " + shell_quoted(command.name + ":" + zsh_text(command.description)) + "\n";
  }
  out +=
      "  )\n"
      "  if ((CURRENT == 2)); then\n"
      "    _describe command commands\n"
      "    return\n"
      "  fi\n"
      "  local command=$words[2]\n"
      "  shift words\n"
      "  ((CURRENT--))\n"
      "  case $command in\n";
  for (const auto& command : commands) {
    out += "    " + command.name + ")\n      _arguments";
    std::size_t position = 0;
    for (const auto& option : command.options) {
      const auto description = zsh_text(option.description);
      out += " \\\n        ";
      if (option.positional) {
        const auto where = option.repeats ? std::string("*") : std::to_string(++position);
        out += shell_quoted(where + ":" + zsh_text(option.name) + ":" + zsh_action(option));
        continue;
      }
      const auto value = option.takes == Takes::nothing
                             ? std::string()
                             : ":" + zsh_text(option.name.substr(2)) + ":" + zsh_action(option);
      const auto described = [&](const std::string& word) {
        std::string text = word;
        text += '[';
        text += description;
        text += ']';
        text += value;
        return shell_quoted(text);
      };
      if (!option.short_name.empty()) {
        out += described(option.short_name);
        out += ' ';
      }
      out += described(option.name);
    }
    out += " ;;\n";
  }
  return out +
         "  esac\n"
         "}\n"
         "_weir \"$@\"\n";
}

std::string fish_completion(const std::vector<Command>& commands) {
  std::string out =
      "# fish completion of weir; made by `weir reference fish`\n"
      "complete -c weir -f\n";
  for (const auto& command : commands) {
    out += fmt::format("complete -c weir -n __fish_use_subcommand -a {} -d {}\n", command.name,
                       shell_quoted(command.description));
  }
  for (const auto& command : commands) {
    for (const auto& option : command.options) {
      const auto within =
          fmt::format("complete -c weir -n '__fish_seen_subcommand_from {}'", command.name);
      if (option.positional) {
        if (!option.choices.empty()) {
          out += fmt::format("{} -a {}\n", within, shell_quoted(joined(option.choices)));
        }
        if (!option.names.empty()) {
          out += fmt::format("{} -a {}\n", within, shell_quoted("(" + asking(option) + ")"));
        }
        continue;
      }
      out += within + " -l " + option.name.substr(2);
      if (!option.short_name.empty()) {
        out += " -s " + option.short_name.substr(1);
      }
      if (option.takes != Takes::nothing) {
        out += option.takes == Takes::file ? " -r -F" : " -x";
      }
      if (!option.choices.empty()) {
        out += " -a " + shell_quoted(joined(option.choices));
      }
      if (!option.names.empty()) {
        out += " -a " + shell_quoted("(" + asking(option) + ")");
      }
      out += " -d " + shell_quoted(option.description) + "\n";
    }
  }
  return out;
}

}  // namespace weir
