#include "weir/result.h"

namespace weir {

Error::Error(const Error& other) = default;
Error::Error(Error&& other) noexcept = default;
Error& Error::operator=(const Error& other) = default;
Error& Error::operator=(Error&& other) noexcept = default;
Error::~Error() = default;

Error Error::with_context(const std::string& what) const {
  return {what + ": " + text_, location_};
}

}  // namespace weir
