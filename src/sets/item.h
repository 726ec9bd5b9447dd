// One item of a set as an operator writes it: an address, a prefix, a range, or a name. The same in
// `entries`, in lists, and in what is added at run time. Values; any thread.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/prefix.h"
#include "sets/name.h"
#include "sets/prefix_table.h"
#include "weir/result.h"

namespace weir {

using SetItem = std::variant<Prefix, AddressRange, Name>;

// "192.0.2.1", "192.0.2.0/24", "192.0.2.1-192.0.2.9", "2001:db8::/32", "example.org",
// "*.example.org". The error shows the text and says what is wrong with it.
[[nodiscard]] Result<SetItem> parse_item(std::string_view text);

// Whether a text is meant as an address, a prefix or a range, well formed or not.
[[nodiscard]] bool looks_like_address(std::string_view text);

[[nodiscard]] std::string written_item(const SetItem& item);

}  // namespace weir
