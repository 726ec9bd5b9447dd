// Numbers with and without a unit, as an operator writes them. Strict: no sign, no blanks, no
// fraction, nothing left over. Errors quote the text and say what was expected. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/result.h"

namespace weir {

[[nodiscard]] Result<std::int64_t> parse_number(std::string_view text);    // 80, 0x50
[[nodiscard]] Result<std::int64_t> parse_duration(std::string_view text);  // 2h4m; milliseconds
[[nodiscard]] Result<std::int64_t> parse_size(std::string_view text);      // 64KiB; bytes
[[nodiscard]] Result<std::int64_t> parse_rate(std::string_view text);      // 10Mbit; bits a second

// The inverse, in the largest units that divide the value: 124 minutes are "2h4m".
[[nodiscard]] std::string duration_text(std::int64_t milliseconds);
[[nodiscard]] std::string size_text(std::int64_t bytes);
[[nodiscard]] std::string rate_text(std::int64_t bits);

}  // namespace weir
