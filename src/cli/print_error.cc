#include "cli/print_error.h"

#include <cstdio>
#include <string>

#include "base/escape.h"

namespace weir {

void print_error(std::string_view text) {
  std::string line;
  append_printable(line, text);
  line += '\n';
  (void)std::fputs(line.c_str(), stderr);
}

}  // namespace weir
