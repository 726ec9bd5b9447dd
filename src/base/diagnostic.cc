#include "base/configuration.h"

namespace weir {

std::string Diagnostic::line() const {
  std::string out = place.file;
  if (place.line != 0) {
    out += ':' + std::to_string(place.line);
  }
  out += severity == Severity::error ? ": error: " : ": warning: ";
  return out + text;
}

}  // namespace weir
