// The answer to one HTTP/1.1 request (RFC 9112) as it came over a connection that was then closed.
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "weir/result.h"

namespace weir {

struct HttpAnswer {
  long status = 0;
  std::string body;
};

// `received`: all that came until the connection's end. An error: it is no whole answer.
[[nodiscard]] Result<HttpAnswer> http_answer(std::string_view received);

}  // namespace weir
