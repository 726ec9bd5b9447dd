#include "cli/live.h"

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/escape.h"
#include "cli/control_client.h"
#include "cli/live_text.h"

namespace weir {
namespace {

constexpr int done = 0;
constexpr int failed = 1;
constexpr int bad_usage = 2;

// What was printed counts only if it got there.
int print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    std::perror("weir: cannot write the answer");
    return failed;
  }
  return done;
}

void print_error(std::string_view text) {
  std::string line;
  append_printable(line, text);
  line += '\n';
  std::fputs(line.c_str(), stderr);
}

using Text = Result<std::string> (*)(std::string_view json);

int run(const LiveArguments& arguments, std::string_view method, const std::string& target,
        Text text) {
  const auto answer = ask_gateway(arguments.socket, method, target);
  if (!answer) {
    print_error("weir: " + answer.error().text());
    return failed;
  }
  const auto& [status, body] = answer.value();
  if (status != 200) {
    if (arguments.json) {
      const int printed = print(body);
      return printed != done ? printed : status == 400 ? bad_usage : failed;
    }
    // What a reload finds wrong begins with its file and line.
    const std::string program = status == 409 ? "" : "weir: ";
    for (const auto& error : errors_in(body, status)) {
      print_error(program + error);
    }
    return status == 400 ? bad_usage : failed;
  }
  if (arguments.json) {
    return print(body);
  }
  const auto readable = text(body);
  if (!readable) {
    print_error("weir: " + readable.error().text());
    return failed;
  }
  return print(readable.value());
}

}  // namespace

int run_status(const LiveArguments& arguments) {
  return run(arguments, "GET", "/v1/status", status_text);
}

int run_flows(const LiveArguments& arguments) {
  std::string target = "/v1/flows";
  char separator = '?';
  const std::vector<std::pair<std::string_view, std::string_view>> filters{
      {"protocol", arguments.flows.protocol},       {"client", arguments.flows.client},
      {"destination", arguments.flows.destination}, {"rule", arguments.flows.rule},
      {"upstream", arguments.flows.upstream},       {"limit", arguments.flows.limit}};
  for (const auto& [key, value] : filters) {
    if (!value.empty()) {
      target += separator;
      target += key;
      target += '=';
      target += percent_encoded(value);
      separator = '&';
    }
  }
  return run(arguments, "GET", target, flows_text);
}

int run_upstreams(const LiveArguments& arguments) {
  return run(arguments, "GET", "/v1/upstreams", upstreams_text);
}

int run_rules(const LiveArguments& arguments) {
  return run(arguments, "GET", "/v1/rules", rules_text);
}

int run_reload(const LiveArguments& arguments) {
  return run(arguments, "POST", "/v1/reload", reload_text);
}

}  // namespace weir
