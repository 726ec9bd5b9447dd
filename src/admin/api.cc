#include "admin/api.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>
#include <variant>

#include "admin/json.h"
#include "admin/metrics.h"
#include "admin/page.h"
#include "admin/set_change.h"
#include "admin/set_server.h"
#include "base/json.h"
#include "base/log.h"
#include "base/prefix.h"

namespace weir {
namespace {

std::string json_line(const Json& json) { return json_text(json) + '\n'; }

// What a handler works with.
struct Call {
  Control& control;
  const History& history;
  const ApiRequest& request;
  const Api::Answered& answered;
};

// For pages and scrapes, which any client may ask for again and again.
constexpr std::chrono::seconds recent_enough{10};

using Handler = void (*)(const Call&);

struct ApiRoute {
  std::string_view method;
  std::string_view path;        // `*` stands for one segment
  std::string_view parameters;  // the query may name these, separated by spaces
  Handler handler;
};

ApiAnswer json_answer(std::string body) {
  return {.body = std::move(body), .allow = {}, .policy = {}};
}

void get_status(const Call& call) { call.answered(json_answer(json_of(call.control.status()))); }

void get_rules(const Call& call) {
  call.control.rules(std::chrono::seconds{1},
                     [answered = call.answered](const std::vector<RuleReport>& rules) {
                       answered(json_answer(json_of(rules)));
                     });
}

void get_upstreams(const Call& call) {
  call.answered(json_answer(json_of(call.control.upstreams())));
}

void get_metrics(const Call& call) {
  call.control.rules(recent_enough, [control = &call.control, answered = call.answered](
                                        const std::vector<RuleReport>& rules) {
    answered({.type = std::string(metrics_type),
              .body = metrics_text({.status = control->status(),
                                    .rules = rules,
                                    .upstreams = control->upstreams(),
                                    .workers = control->workers(),
                                    .process = process_figures()}),
              .allow = {},
              .policy = {}});
  });
}

// Unknown words are none: an old address still shows the page.
History::Window window_of(const ApiRequest& request) {
  for (const History::Window window : History::windows) {
    for (const auto& [key, value] : request.query) {
      if (value == History::shape(window).word) {
        return window;
      }
    }
  }
  return History::Window::minutes;
}

void get_page(const Call& call) {
  call.control.top_talkers(
      [control = &call.control, history = &call.history, window = window_of(call.request),
       answered = call.answered](const std::shared_ptr<const TopTalkers>& top_talkers) {
        control->rules(recent_enough, [control, history, window, answered,
                                       top_talkers](const std::vector<RuleReport>& rules) {
          answered({.type = std::string(page_type),
                    .body = page({.status = control->status(),
                                  .rules = rules,
                                  .upstreams = control->upstreams(),
                                  .top_talkers = *top_talkers,
                                  .history = *history,
                                  .window = window}),
                    .allow = {},
                    .policy = std::string(page_policy)});
        });
      });
}

void get_top_talkers(const Call& call) {
  call.control.top_talkers(
      [answered = call.answered](const std::shared_ptr<const TopTalkers>& top_talkers) {
        answered(json_answer(json_of(*top_talkers)));
      });
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
    const auto parsed = AddressFilter::parse(value);
    if (!parsed) {
      return key + " is an address, ADDRESS:PORT or a prefix, not '" + value + "'";
    }
    (key == "client" ? filter.client : filter.destination) = parsed;
  } else if (key == "rule") {
    filter.rule = value;
  } else if (key == "upstream") {
    filter.upstream = value;
  } else if (key == "limit") {
    const char* end = value.data() + value.size();
    const auto [stop, code] = std::from_chars(value.data(), end, filter.limit);
    if (code != std::errc{} || stop != end || filter.limit > FlowFilter::max) {
      return "limit is a number up to " + std::to_string(FlowFilter::max) + ", not '" + value + "'";
    }
  }
  return std::nullopt;
}

void get_flows(const Call& call) {
  FlowFilter filter;
  if (call.request.access == Access::read_only) {
    filter.limit = FlowFilter::usual_for_readers;
    filter.haste = FlowFilter::Haste::can_wait;
  }
  std::vector<std::string> errors;
  for (const auto& [key, value] : call.request.query) {
    if (auto error = add_filter(filter, key, value)) {
      errors.push_back(std::move(*error));
    }
  }
  if (!errors.empty()) {
    call.answered(error_answer(400, errors));
    return;
  }
  call.control.flows(
      filter, [answered = call.answered](const std::shared_ptr<const FlowList>& list) {
        if (list == nullptr) {
          answered(error_answer(503, {"too many lists of flows are being made; try again"}));
          return;
        }
        if (list->json.empty()) {
          list->json = json_of(*list);
        }
        answered(json_answer(list->json));
      });
}

void delete_flow(const Call& call) {
  const auto& id = call.request.captured[0];
  call.control.close_flow(id, [id, answered = call.answered](bool closed) {
    answered(closed ? json_answer(json_line({{"id", id}, {"end", name_of(End::killed)}}))
                    : error_answer(404, {"there is no live flow " + id}));
  });
}

void post_reload(const Call& call) {
  call.control.reload([answered = call.answered](const ReloadReport& report) {
    auto answer = json_answer(json_of(report));
    answer.status = report.ok ? 200 : 409;
    answered(std::move(answer));
  });
}

void post_drain(const Call& call) {
  call.control.drain();
  const auto status = call.control.status();
  call.answered(json_answer(json_line(
      {{"draining", true}, {"tcp_flows", status.tcp_flows}, {"udp_flows", status.udp_flows}})));
}

void post_release(const Call& call) {
  call.control.release_firewall([answered = call.answered](const Result<>& released) {
    answered(released ? json_answer(json_line({{"kept", false}}))
                      : error_answer(409, {released.error().text()}));
  });
}

// The body is an object with one member, as text; or the answer that says so.
std::variant<std::string, ApiAnswer> only_member(const std::string& body, const char* key) {
  const Json object = json_or_null(body);
  const Json* member = object.members().size() == 1 ? object.find(key) : nullptr;
  if (member == nullptr || !member->text()) {
    return error_answer(400, {std::string("the body is {\"") + key + "\": TEXT} and nothing else"});
  }
  return std::string(*member->text());
}

void patch_log(const Call& call) {
  const auto given = only_member(call.request.body, "level");
  if (const auto* refused = std::get_if<ApiAnswer>(&given)) {
    call.answered(*refused);
    return;
  }
  const auto& name = std::get<std::string>(given);
  for (const auto level : {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error}) {
    if (name == name_of(level)) {
      call.control.set_log_level(level);
      call.answered(json_answer(json_line({{"level", name}})));
      return;
    }
  }
  call.answered(error_answer(400, {"level is debug, info, warning or error, not '" + name + "'"}));
}

// Contents of sets are for the control socket alone.
void get_sets(const Call& call) {
  const bool all = call.request.access == Access::everything;
  call.answered(json_answer(
      json_of(call.control.sets().list(), all ? SetContent::shown : SetContent::hidden)));
}

constexpr std::array routes{
    ApiRoute{"GET", "/", "window", get_page},
    ApiRoute{"GET", "/metrics", "", get_metrics},
    ApiRoute{"GET", "/v1/status", "", get_status},
    ApiRoute{"GET", "/v1/rules", "", get_rules},
    ApiRoute{"GET", "/v1/upstreams", "", get_upstreams},
    ApiRoute{"GET", "/v1/flows", "protocol client destination rule upstream limit", get_flows},
    ApiRoute{"GET", "/v1/top", "", get_top_talkers},
    ApiRoute{"DELETE", "/v1/flows/*", "", delete_flow},
    ApiRoute{"PATCH", "/v1/upstreams/*/servers/*", "",
             [](const Call& call) { patch_server(call.control, call.request, call.answered); }},
    ApiRoute{"GET", "/v1/sets", "", get_sets},
    ApiRoute{"PATCH", "/v1/sets/*", "",
             [](const Call& call) { patch_set(call.control.sets(), call.request, call.answered); }},
    ApiRoute{"POST", "/v1/reload", "", post_reload},
    ApiRoute{"POST", "/v1/drain", "", post_drain},
    ApiRoute{"POST", "/v1/firewall/release", "", post_release},
    ApiRoute{"PATCH", "/v1/log", "", patch_log},
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
  return {.status = status, .body = json_of_errors(errors), .allow = {}, .policy = {}};
}

std::int64_t Api::cost_of(const ApiRequest& request) {
  constexpr std::uint64_t hundred = 100;
  std::uint64_t limit = 0;
  for (const auto& [key, value] : request.query) {
    if (key == "limit") {
      std::from_chars(value.data(), value.data() + value.size(), limit);
    }
  }
  return static_cast<std::int64_t>(1 + std::min(limit, FlowFilter::max) / hundred);
}

void Api::handle(ApiRequest request, const Answered& answered) {
  // HEAD is GET whose body the HTTP server keeps to itself.
  const std::string_view method =
      request.method == "HEAD" ? "GET" : std::string_view(request.method);
  std::string allowed;
  bool changes = false;  // there is something here, but not for reading
  for (const auto& route : routes) {
    auto captured = match(route.path, request.path);
    if (!captured) {
      continue;
    }
    if (request.access == Access::read_only && route.method != "GET") {
      changes = true;
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
    route.handler(
        {.control = control_, .history = history_, .request = request, .answered = answered});
    return;
  }
  if (changes) {
    auto answer = error_answer(405, {"this address is only for reading: use the control socket"});
    answer.allow = std::move(allowed);
    answered(std::move(answer));
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
