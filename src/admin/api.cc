#include "admin/api.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <string_view>

#include "admin/json.h"
#include "admin/metrics.h"
#include "admin/set_server.h"
#include "base/prefix.h"

namespace weir {
namespace {

using Handler = void (*)(Control&, const ApiRequest&, const Api::Answered&);

struct ApiRoute {
  std::string_view method;
  std::string_view path;        // `*` stands for one segment
  std::string_view parameters;  // the query may name these, separated by spaces
  Handler handler;
};

ApiAnswer json_answer(std::string body) { return {.body = std::move(body), .allow = {}}; }

void get_status(Control& control, const ApiRequest& /*request*/, const Api::Answered& answered) {
  answered(json_answer(json_of(control.status())));
}

void get_rules(Control& control, const ApiRequest& /*request*/, const Api::Answered& answered) {
  answered(json_answer(json_of(control.rules())));
}

void get_upstreams(Control& control, const ApiRequest& /*request*/, const Api::Answered& answered) {
  answered(json_answer(json_of(control.upstreams())));
}

void get_metrics(Control& control, const ApiRequest& /*request*/, const Api::Answered& answered) {
  answered({.type = std::string(metrics_type),
            .body = metrics_text({.status = control.status(),
                                  .rules = control.rules(),
                                  .upstreams = control.upstreams(),
                                  .process = process_figures()}),
            .allow = {}});
}

bool is_address_filter(const std::string& text) {
  return Address::parse(text).ok() || Endpoint::parse(text).ok() || Prefix::parse(text).ok();
}

// Fills in one parameter; says what is wrong with it, or nothing.
std::optional<std::string> add_filter(FlowFilter& filter, const std::string& key,
                                      const std::string& value) {
  if (key == "protocol") {
    if (value != "tcp" && value != "udp") {
      return "protocol is tcp or udp, not '" + value + "'";
    }
    filter.protocol = value == "tcp" ? Protocol::tcp : Protocol::udp;
  } else if (key == "client" || key == "destination") {
    if (!is_address_filter(value)) {
      return key + " is an address, ADDRESS:PORT or a prefix, not '" + value + "'";
    }
    (key == "client" ? filter.client : filter.destination) = value;
  } else if (key == "rule") {
    filter.rule = value;
  } else if (key == "upstream") {
    filter.upstream = value;
  } else if (key == "limit") {
    const char* end = value.data() + value.size();
    const auto [stop, code] = std::from_chars(value.data(), end, filter.limit);
    if (code != std::errc{} || stop != end) {
      return "limit is a number, not '" + value + "'";
    }
  }
  return std::nullopt;
}

void get_flows(Control& control, const ApiRequest& request, const Api::Answered& answered) {
  FlowFilter filter;
  std::vector<std::string> errors;
  for (const auto& [key, value] : request.query) {
    if (auto error = add_filter(filter, key, value)) {
      errors.push_back(std::move(*error));
    }
  }
  if (!errors.empty()) {
    answered(error_answer(400, errors));
    return;
  }
  control.flows(filter, [answered](const FlowList& list) { answered(json_answer(json_of(list))); });
}

void post_reload(Control& control, const ApiRequest& /*request*/, const Api::Answered& answered) {
  control.reload([answered](const ReloadReport& report) {
    auto answer = json_answer(json_of(report));
    answer.status = report.ok ? 200 : 409;
    answered(std::move(answer));
  });
}

constexpr std::array routes{
    ApiRoute{"GET", "/metrics", "", get_metrics},
    ApiRoute{"GET", "/v1/status", "", get_status},
    ApiRoute{"GET", "/v1/rules", "", get_rules},
    ApiRoute{"GET", "/v1/upstreams", "", get_upstreams},
    ApiRoute{"GET", "/v1/flows", "protocol client destination rule upstream limit", get_flows},
    ApiRoute{"PATCH", "/v1/upstreams/*/servers/*", "", patch_server},
    ApiRoute{"POST", "/v1/reload", "", post_reload},
};

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto end = text.find(at);
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return parts;
}

// What the pattern's `*` stand for in the path; nothing if it is another path.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
  if (path.ends_with('/') != pattern.ends_with('/')) {
    return std::nullopt;
  }
  const auto wanted = split(pattern, '/');
  const auto given = split(path, '/');
  if (wanted.size() != given.size()) {
    return std::nullopt;
  }
  std::vector<std::string> captured;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == "*" && !given[i].empty()) {
      captured.emplace_back(given[i]);
    } else if (wanted[i] != given[i]) {
      return std::nullopt;
    }
  }
  return captured;
}

std::vector<std::string> parameter_errors(const ApiRoute& route, const ApiRequest& request) {
  const auto known = split(route.parameters, ' ');
  std::vector<std::string> errors;
  for (auto at = request.query.begin(); at != request.query.end(); ++at) {
    if (std::find(known.begin(), known.end(), at->first) == known.end()) {
      errors.push_back("unknown parameter '" + at->first + "'");
    } else if (std::any_of(request.query.begin(), at,
                           [&](const auto& earlier) { return earlier.first == at->first; })) {
      errors.push_back("parameter '" + at->first + "' is given twice");
    }
  }
  return errors;
}

}  // namespace

ApiAnswer error_answer(unsigned status, const std::vector<std::string>& errors) {
  return {.status = status, .body = json_of_errors(errors), .allow = {}};
}

void Api::handle(ApiRequest request, const Answered& answered) {
  // HEAD is GET whose body the HTTP server keeps to itself.
  const std::string_view method =
      request.method == "HEAD" ? "GET" : std::string_view(request.method);
  std::string allowed;
  for (const auto& route : routes) {
    auto captured = match(route.path, request.path);
    if (!captured) {
      continue;
    }
    if (route.method != method) {
      allowed += allowed.empty() ? "" : ", ";
      allowed += route.method == "GET" ? "GET, HEAD" : route.method;
      continue;
    }
    request.captured = std::move(*captured);
    if (const auto errors = parameter_errors(route, request); !errors.empty()) {
      answered(error_answer(400, errors));
      return;
    }
    route.handler(control_, request, answered);
    return;
  }
  if (allowed.empty()) {
    answered(error_answer(404, {"there is no " + request.path}));
    return;
  }
  auto answer = error_answer(405, {request.path + " takes " + allowed + ", not " + request.method});
  answer.allow = std::move(allowed);
  answered(std::move(answer));
}

}  // namespace weir
