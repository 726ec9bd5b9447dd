// The API's answers as JSON text, one line each with its newline. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "admin/control.h"

namespace weir {

[[nodiscard]] std::string json_of(const StatusReport& status);
[[nodiscard]] std::string json_of(const std::vector<RuleReport>& rules);  // {"rules": […]}
[[nodiscard]] std::string json_of(
    const std::vector<UpstreamReport>& upstreams);  // {"upstreams": […]}
[[nodiscard]] std::string json_of(const ServerReport& server);
// {"sets": […]}; without what is in them where that is hidden
enum class SetContent : std::uint8_t { shown, hidden };
[[nodiscard]] std::string json_of(const std::vector<SetReport>& sets, SetContent content);
[[nodiscard]] std::string json_of(const SetOutcome& done);  // the set, and `trouble`
[[nodiscard]] std::string json_of(const FlowList& flows);   // {"flows": […], "total": N}
// {"clients": […], "flows": […], …}: records with bytes_per_second
[[nodiscard]] std::string json_of(const TopTalkers& top_talkers);
// What changed, or {"errors": […], "warnings": […]} of a reload that failed.
[[nodiscard]] std::string json_of(const ReloadReport& report);
[[nodiscard]] std::string json_of_errors(const std::vector<std::string>& errors);

}  // namespace weir
