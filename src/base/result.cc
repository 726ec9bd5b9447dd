#include "weir/result.h"

namespace weir {

std::string text_of(const SourceLocation& location) {
  return location.line == 0 ? location.file : location.file + ':' + std::to_string(location.line);
}

Error::Error(const Error& other) = default;
Error::Error(Error&& other) noexcept = default;
Error& Error::operator=(const Error& other) = default;
Error& Error::operator=(Error&& other) noexcept = default;
Error::~Error() = default;

Error Error::with_context(const std::string& what) const {
  return {what + ": " + text_, location_};
}

}  // namespace weir
