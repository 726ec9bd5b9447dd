// The text of a host, as clients write it into their requests, in the one spelling of sets/name.h.
//
// A pure function on text that the caller owns. Any thread. Names: RFC 1123, section 2.1, and what
// resolvers take beyond it; A-labels: RFC 5890.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir {

// Lower case, without one dot at the end; A-labels stay as they are. Nothing for what is no name:
// address literals, empty or overlong labels and names, other characters than letters, digits, '-',
// '_' and dots, and names whose last label is a number (the URL standard takes those for
// addresses). What it takes, Name::parse takes as an exact name of the same text.
[[nodiscard]] std::optional<std::string> host_of(std::string_view text);

}  // namespace weir
