#include "admin/set_change.h"

#include <string>
#include <utility>
#include <vector>

#include "admin/json.h"
#include "base/json.h"
#include "base/quantity.h"

namespace weir {
namespace {

using Errors = std::vector<std::string>;

// A longer time is a restart away in any case.
constexpr std::int64_t longest_ms = std::int64_t{10} * 366 * 24 * 3'600'000;

void take_items(const std::string& key, const Json& value, std::vector<std::string>& into,
                Errors& errors) {
  const std::string wrong = key + " is a list of texts";
  if (value.kind() != Json::Kind::array) {
    errors.push_back(wrong);
    return;
  }
  for (const Json& item : value.items()) {
    if (!item.text()) {
      errors.push_back(wrong);
      return;
    }
    into.emplace_back(*item.text());
  }
}

void take_duration(const Json& value, SetChange& out, Errors& errors) {
  const auto text = value.text();
  const auto given = text ? parse_duration(*text) : Result<std::int64_t>(Error(""));
  if (!given) {
    errors.push_back(text ? "for: " + given.error().text() : "for is a time, as \"1h30m\"");
  } else if (given.value() <= 0 || given.value() > longest_ms) {
    errors.emplace_back("for is a time from 1ms to ten years");
  } else {
    out.duration = Milliseconds(given.value());
  }
}

// What the body asks for; errors go to `errors`.
SetChange set_change_in(const std::string& body, Errors& errors) {
  SetChange out;
  const Json given = json_or_null(body);
  if (given.kind() != Json::Kind::object) {
    errors.emplace_back(R"(the body is {"add": […], "remove": […], "for": TIME, "force": true})");
    return out;
  }
  for (const auto& [key, value] : given.members()) {
    if (key == "add") {
      take_items(key, value, out.add, errors);
    } else if (key == "remove") {
      take_items(key, value, out.remove, errors);
    } else if (key == "for") {
      take_duration(value, out, errors);
    } else if (key == "force") {
      if (const auto force = value.boolean()) {
        out.force = *force;
      } else {
        errors.emplace_back("force is true or false");
      }
    } else {
      errors.push_back("unknown key '" + key + "' (known: add, remove, for, force)");
    }
  }
  if (errors.empty() && out.add.empty() && out.remove.empty()) {
    errors.emplace_back("nothing is to be added or removed");
  }
  return out;
}

unsigned status_of(SetOutcome::Kind kind) {
  switch (kind) {
    case SetOutcome::Kind::done:
      return 200;
    case SetOutcome::Kind::invalid:
      return 400;
    case SetOutcome::Kind::unknown:
      return 404;
    case SetOutcome::Kind::refused:
      break;
  }
  return 409;
}

}  // namespace

void patch_set(SetControl& control, const ApiRequest& request, const Api::Answered& answered) {
  Errors errors;
  SetChange change = set_change_in(request.body, errors);
  if (!errors.empty()) {
    answered(error_answer(400, errors));
    return;
  }
  change.uid = request.uid;
  control.change(request.captured.at(0), change, [answered](const SetOutcome& outcome) {
    answered(outcome.kind == SetOutcome::Kind::done
                 ? ApiAnswer{.body = json_of(outcome), .allow = {}, .policy = {}}
                 : error_answer(status_of(outcome.kind), outcome.errors));
  });
}

}  // namespace weir
