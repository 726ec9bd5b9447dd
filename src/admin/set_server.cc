#include "admin/set_server.h"

#include <optional>
#include <string>
#include <vector>

#include "admin/json.h"
#include "base/json.h"

namespace weir {
namespace {

constexpr int heaviest = 256;

std::optional<ServerHealth::AdminState> admin_state_named(const Json& value) {
  using AdminState = ServerHealth::AdminState;
  const auto word = value.text();
  if (word == "up") {
    return AdminState::up;
  }
  if (word == "down") {
    return AdminState::down;
  }
  return word == "drain" ? std::optional(AdminState::drain) : std::nullopt;
}

// What the body asks for; errors go to `errors`.
ServerChange change_in(const std::string& body, std::vector<std::string>& errors) {
  ServerChange out;
  const Json given = json_or_null(body);
  if (given.members().empty()) {
    errors.emplace_back(R"(the body is {"state": "up|down|drain"} or {"weight": N})");
    return out;
  }
  for (const auto& [key, value] : given.members()) {
    if (key == "state") {
      out.admin_state = admin_state_named(value);
      if (!out.admin_state) {
        errors.emplace_back("state is up, down or drain");
      }
    } else if (key == "weight") {
      const auto weight = value.integer().value_or(0);
      if (weight >= 1 && weight <= heaviest) {
        out.weight = static_cast<int>(weight);
      } else {
        errors.push_back("weight is a number from 1 to " + std::to_string(heaviest));
      }
    } else {
      errors.push_back("unknown key '" + key + "' (known: state, weight)");
    }
  }
  return out;
}

}  // namespace

void patch_server(Control& control, const ApiRequest& request, const Api::Answered& answered) {
  std::vector<std::string> errors;
  const ServerChange change = change_in(request.body, errors);
  if (!errors.empty()) {
    answered(error_answer(400, errors));
    return;
  }
  const auto& upstream = request.captured.at(0);
  const auto& server = request.captured.at(1);
  if (auto changed = control.set_server(upstream, server, change); !changed) {
    answered(error_answer(404, {changed.error().text()}));
    return;
  }
  std::string body;
  for (const auto& report : control.upstreams()) {
    for (const auto& line : report.servers) {
      if (report.name == upstream && line.name == server) {
        body = json_of(line);
      }
    }
  }
  answered({.body = std::move(body), .allow = {}, .policy = {}});
}

}  // namespace weir
