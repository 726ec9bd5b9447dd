#include "cli/live.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/configuration.h"
#include "base/escape.h"
#include "cli/control_client.h"
#include "cli/exit_status.h"
#include "cli/live_request.h"
#include "cli/live_text.h"
#include "cli/set_text.h"
#include "config/load.h"

namespace weir {
namespace {

constexpr int done = 0;

using Text = Result<std::string> (*)(std::string_view json);

int run(const LiveArguments& arguments, LiveRequest request, Text text) {
  request.program = "";  // what a reload finds wrong begins with its file and line
  const LiveAnswer answer = ask_live(arguments, request);
  if (answer.status != done) {
    return answer.status;
  }
  return arguments.json ? print_answer(std::string_view(answer.body))
                        : print_answer(text(answer.body));
}

int get(const LiveArguments& arguments, const std::string& target, Text text) {
  return run(arguments, {.method = "GET", .target = target, .body = {}}, text);
}

}  // namespace

Result<std::string> control_socket(const LiveArguments& arguments) {
  if (!arguments.socket.empty()) {
    return arguments.socket;
  }
  if (arguments.config.empty()) {
    return AdminSettings{}.socket;
  }
  // Errors in the file are no matter of most commands, and the gateway itself answers a reload with
  // them; but a file that cannot be read names no socket.
  return control_socket_in(arguments.config);
}

int run_status(const LiveArguments& arguments) { return get(arguments, "/v1/status", status_text); }

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
  return get(arguments, target, flows_text);
}

int run_upstreams(const LiveArguments& arguments) {
  return get(arguments, "/v1/upstreams", upstreams_text);
}

int run_rules(const LiveArguments& arguments) { return get(arguments, "/v1/rules", rules_text); }

int run_reload(const LiveArguments& arguments) {
  return run(arguments, {.method = "POST", .target = "/v1/reload", .body = {}}, reload_text);
}

int run_close(const LiveArguments& arguments) {
  int worst = done;
  for (const auto& id : arguments.ids) {
    worst = std::max(
        worst, run(arguments,
                   {.method = "DELETE", .target = "/v1/flows/" + percent_encoded(id), .body = {}},
                   close_text));
  }
  return worst;
}

int run_names(const LiveArguments& arguments, std::string_view kind) {
  if (kind == "rules") {
    return get(arguments, "/v1/rules", rule_names);
  }
  if (kind == "flows") {
    return get(arguments, "/v1/flows?limit=100", flow_ids);
  }
  if (kind == "sets") {
    return get(arguments, "/v1/sets", set_names);
  }
  return get(arguments, "/v1/upstreams", kind == "servers" ? server_names : upstream_names);
}

int run_drain(const LiveArguments& arguments) {
  return run(arguments, {.method = "POST", .target = "/v1/drain", .body = {}}, drain_text);
}

int run_log_level(const LiveArguments& arguments) {
  std::string body = R"({"level":)";
  append_json_string(body, arguments.level);
  body += '}';
  return run(arguments, {.method = "PATCH", .target = "/v1/log", .body = body}, log_level_text);
}

}  // namespace weir
