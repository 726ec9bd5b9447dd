// The API's JSON as text for people. Names and hosts in it come from strangers, so everything is
// made printable on the way. An error means that the JSON is not what this version expects.
//
// Pure; any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_reader.h"
#include "weir/result.h"

namespace weir {

// What `describe` makes of an answer; an error where it is not as expected.
[[nodiscard]] Result<std::string> described(
    std::string_view text, const std::function<std::string(const JsonReader&)>& describe);
// Each line made printable.
[[nodiscard]] std::string printable_lines(std::string_view text);

[[nodiscard]] Result<std::string> status_text(std::string_view json);
[[nodiscard]] Result<std::string> flows_text(std::string_view json);
[[nodiscard]] Result<std::string> upstreams_text(std::string_view json);
[[nodiscard]] Result<std::string> rules_text(std::string_view json);
[[nodiscard]] Result<std::string> reload_text(std::string_view json);
[[nodiscard]] Result<std::string> close_text(std::string_view json);
[[nodiscard]] Result<std::string> drain_text(std::string_view json);
[[nodiscard]] Result<std::string> log_level_text(std::string_view json);
// Of one server, as the answer to a change of it has it.
[[nodiscard]] Result<std::string> server_text(std::string_view json, const std::string& upstream);
// One a line.
[[nodiscard]] Result<std::string> rule_names(std::string_view json);
[[nodiscard]] Result<std::string> upstream_names(std::string_view json);
[[nodiscard]] Result<std::string> server_names(std::string_view json);
[[nodiscard]] Result<std::string> flow_ids(std::string_view json);

// The lines of {"errors": […]}, or one that names the status if that is not what came.
[[nodiscard]] std::vector<std::string> errors_in(std::string_view json, long status);

}  // namespace weir
