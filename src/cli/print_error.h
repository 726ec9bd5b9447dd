// What a command has to say of trouble. No state; main thread.
#pragma once

#include <string_view>

namespace weir {

// One line on stderr; what a terminal would obey is escaped.
void print_error(std::string_view text);

}  // namespace weir
