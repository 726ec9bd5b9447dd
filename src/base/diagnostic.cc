#include "base/configuration.h"

namespace weir {

std::string Diagnostic::line() const {
  std::string out = text_of(location);
  out += severity == Severity::error ? ": error: " : ": warning: ";
  return out + text;
}

}  // namespace weir
