// The condition `interface`: the inbound interfaces of a rule's flows. `ppp*` is every one whose
// name begins so; a port of a bridge means the bridge, by which its packets come in.
#include <algorithm>
#include <array>
#include <vector>

#include "base/machine.h"
#include "base/names.h"
#include "rules/conditions/condition.h"
#include "rules/conditions/glance.h"
#include "rules/conditions/table.h"

namespace weir {
namespace {

bool is_named(const std::vector<std::string>& patterns, std::string_view name) {
  return std::any_of(patterns.begin(), patterns.end(), [name](const std::string& pattern) {
    return covers_interface(pattern, name);
  });
}

struct Interface {
  using Parsed = std::vector<std::string>;
  static constexpr std::array keys{Key{
      .name = "interface",
      .kind = ValueKind::list,
      .description = "inbound interfaces that the rule matches; a bridge's port means the bridge"}};
  static constexpr auto needs = ConditionType::Needs::interface;

  static std::optional<Parsed> parse(const Settings& settings, Findings& findings) {
    Parsed out = interfaces_of(settings, "interface", findings);
    return out.empty() ? std::nullopt : std::optional(std::move(out));
  }

  static Answer holds(const Parsed& patterns, const FlowFacts& facts) {
    return answer(is_named(patterns, facts.interface()));
  }

  static std::string why_not(const Parsed& patterns, const FlowFacts& facts) {
    const std::string wanted = some_of(patterns, [](const std::string& name) { return name; });
    return facts.interface().empty() ? "it wants interface " + wanted + ", and none is known"
                                     : "interface " + facts.interface() + " is not in " + wanted;
  }

  static bool covers(const Parsed& patterns, const Parsed* other) {
    return other != nullptr &&
           std::all_of(other->begin(), other->end(),
                       [&](const std::string& name) { return is_named(patterns, name); });
  }

  static std::optional<Parsed> fit(const Parsed& patterns, const Machine& machine) {
    return inbound_names(machine.links, patterns);
  }

  static void lower(const Parsed& patterns, firewall::Narrowing& rule) {
    rule.to_inbound(patterns);
  }
};

}  // namespace

constinit const ConditionType interface_condition = condition_type<Interface>();

}  // namespace weir
