#include "base/configuration.h"

namespace weir {

std::string Diagnostic::line() const {
  std::string out = location.file;
  if (location.line != 0) {
    out += ':' + std::to_string(location.line);
  }
  out += severity == Severity::error ? ": error: " : ": warning: ";
  return out + text;
}

}  // namespace weir
