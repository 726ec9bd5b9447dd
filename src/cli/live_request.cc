#include "cli/live_request.h"

#include <cstdio>
#include <utility>

#include "cli/control_client.h"
#include "cli/exit_status.h"
#include "cli/live_text.h"
#include "cli/print_error.h"

namespace weir {

LiveAnswer ask_live(const LiveArguments& arguments, const LiveRequest& request) {
  const auto socket = control_socket(arguments);
  if (!socket) {
    print_error("weir: " + socket.error().text());
    return {.status = Exit::bad_usage, .body = {}};
  }
  auto answer = ask_gateway(socket.value(), request.method, request.target, request.body);
  if (!answer) {
    print_error("weir: " + answer.error().text());
    return {.status = Exit::failed, .body = {}};
  }
  auto& [status, body] = answer.value();
  if (status == 200) {
    return {.status = 0, .body = std::move(body)};
  }
  const int ends_with = status == 400 ? Exit::bad_usage : Exit::failed;
  if (arguments.json) {
    const int printed = print_answer(std::string_view(body));
    return {.status = printed != 0 ? printed : ends_with, .body = {}};
  }
  const std::string program(status == 409 ? request.program : "weir: ");
  for (const auto& error : errors_in(body, status)) {
    print_error(program + error);
  }
  return {.status = ends_with, .body = {}};
}

int print_answer(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    std::perror("weir: cannot write the answer");
    return Exit::failed;
  }
  return 0;
}

int print_answer(const Result<std::string>& text) {
  if (!text) {
    print_error("weir: " + text.error().text());
    return Exit::failed;
  }
  return print_answer(std::string_view(text.value()));
}

}  // namespace weir
