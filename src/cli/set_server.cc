#include "cli/set_server.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "cli/control_client.h"
#include "cli/exit_status.h"
#include "cli/live_text.h"
#include "cli/print_error.h"

namespace weir {
namespace {

// The request's body; empty: the setting makes no sense.
std::string body_of(std::string_view setting) {
  constexpr std::string_view weight = "weight=";
  if (setting == "up" || setting == "down" || setting == "drain") {
    return R"({"state": ")" + std::string(setting) + R"("})";
  }
  if (setting.starts_with(weight)) {
    const auto number = setting.substr(weight.size());
    const bool digits =
        !number.empty() && number.size() <= 9 &&
        std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
    const auto first = number.find_first_not_of('0');
    return digits
               ? R"({"weight": )" +
                     std::string(first == std::string_view::npos ? "0" : number.substr(first)) + "}"
               : "";
  }
  return "";
}

}  // namespace

int run_set_server(const SetServerArguments& arguments) {
  const auto body = body_of(arguments.setting);
  if (body.empty()) {
    print_error("weir: '" + arguments.setting + "' is not up, down, drain or weight=N");
    return Exit::bad_usage;
  }
  const auto target = "/v1/upstreams/" + percent_encoded(arguments.upstream) + "/servers/" +
                      percent_encoded(arguments.server);
  const auto socket = control_socket(arguments.live);
  if (!socket) {
    print_error("weir: " + socket.error().text());
    return Exit::bad_usage;
  }
  const auto answer = ask_gateway(socket.value(), "PATCH", target, body);
  if (!answer) {
    print_error("weir: " + answer.error().text());
    return Exit::failed;
  }
  if (answer.value().status != 200) {
    for (const auto& error : errors_in(answer.value().body, answer.value().status)) {
      print_error("weir: " + error);
    }
    return answer.value().status == 400 ? Exit::bad_usage : Exit::failed;
  }
  const auto text = arguments.live.json ? Result<std::string>(answer.value().body)
                                        : server_text(answer.value().body, arguments.upstream);
  if (!text) {
    print_error("weir: " + text.error().text());
    return Exit::failed;
  }
  return std::fputs(text.value().c_str(), stdout) >= 0 ? 0 : Exit::failed;
}

}  // namespace weir
