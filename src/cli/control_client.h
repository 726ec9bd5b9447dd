// Asks the running gateway one thing over its control socket, and waits for the answer. No state;
// main thread.
#pragma once

#include <string>
#include <string_view>

#include "cli/http_answer.h"
#include "weir/result.h"

namespace weir {

using GatewayAnswer = HttpAnswer;

// `target` is a path with its query. An error: "no gateway answers on SOCKET".
[[nodiscard]] Result<GatewayAnswer> ask_gateway(const std::string& socket, std::string_view method,
                                                const std::string& target,
                                                const std::string& body = {});

// A value as it stands in a query (RFC 3986, section 2.1).
[[nodiscard]] std::string percent_encoded(std::string_view text);

}  // namespace weir
