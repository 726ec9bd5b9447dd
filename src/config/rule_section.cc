#include <algorithm>
#include <array>
#include <utility>

#include "config/sections.h"

namespace weir {
namespace {

// Each condition may hold for some flow, and all of them together for none.
void warn_of_families(const RuleSettings& rule, const Settings& settings, Findings& findings) {
  constexpr std::array families{Family::v4, Family::v6};
  const bool apart =
      std::none_of(families.begin(), families.end(),
                   [&](Family family) { return rule.admits(family); }) &&
      std::all_of(rule.conditions.begin(), rule.conditions.end(), [&](const RuleCondition& one) {
        return one.admits(Family::v4) || one.admits(Family::v6);
      });
  if (apart) {
    findings.warning(settings.location(),
                     "no flow can match: clients and destinations are of different families");
  }
}

}  // namespace

RuleSettings rule_section(const Settings& settings, ConditionTypes conditions, Findings& findings) {
  RuleSettings out;
  out.name = settings.name();
  out.location = settings.location();
  for (const ConditionType* type : conditions) {
    if (auto parsed = type->parse(settings, findings)) {
      out.conditions.push_back(RuleCondition::of(*type, std::move(parsed)));
    }
  }
  out.use = settings.text_or_empty("use");
  out.use_location = settings.location_of("use");
  if (settings.given("max-flows")) {
    out.max_flows = static_cast<std::uint64_t>(settings.number("max-flows"));
  }
  if (settings.given("max-flows-per-client")) {
    out.max_flows_per_client = static_cast<std::uint64_t>(settings.number("max-flows-per-client"));
  }
  if (settings.given("log")) {
    out.log = log_flows_of(settings, "log");
  }
  warn_of_families(out, settings, findings);
  return out;
}

}  // namespace weir
