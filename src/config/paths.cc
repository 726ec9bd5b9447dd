#include "config/paths.h"

namespace weir {

void check_absolute(const std::string& path, std::string_view key, const SourceLocation& location,
                    Findings& findings) {
  if (!path.starts_with('/') || path.ends_with('/')) {
    findings.error(location,
                   "'" + std::string(key) + "': '" + path + "' is not the absolute path of a file");
  }
}

}  // namespace weir
