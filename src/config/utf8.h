// UTF-8, as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. Pure; any
// thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace weir {

// Where the first byte stands that does not belong to a well-formed sequence; npos: nowhere.
[[nodiscard]] std::size_t first_not_utf8(std::string_view text);

}  // namespace weir
