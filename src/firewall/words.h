// Small pieces of text that both renderers write. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "firewall/ruleset.h"

namespace weir::firewall {

// "80", "8000-8100" with the separator given.
[[nodiscard]] std::vector<std::string> words(const Ports& ports, std::string_view separator);
[[nodiscard]] std::vector<std::string> words(std::span<const Prefix> prefixes);

// What nft takes for a set: the word itself when it is the only one, else "{ a, b }", wrapped.
[[nodiscard]] std::string set_of(std::span<const std::string> words);

// A quoted nft string that matches exactly this name. nft has no way to write a quote within one:
// what cannot be written becomes '?', so that a strange name matches nothing rather than too much.
[[nodiscard]] std::string nft_string(std::string_view name);

// An interface as iptables-restore takes it; the same holds for what it cannot write.
[[nodiscard]] std::string iptables_interface(std::string_view name);

// Lines of a comment, each begun with `indent` and "# "; nothing for no text.
[[nodiscard]] std::string comment(std::string_view lines, std::string_view indent);

// A name as it may stand in a comment: one line, printable ASCII or UTF-8.
[[nodiscard]] std::string printable(std::string_view name);

}  // namespace weir::firewall
