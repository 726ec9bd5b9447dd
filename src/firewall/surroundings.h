// What a ruleset takes from the machine that it is for: which interfaces lead outside, where there
// is no route, whether the kernel's sets can be used, how long it remembers connections. A
// configuration says what is wanted; this makes rules of it that fit here and now.
//
// Asking the machine blocks, for milliseconds (see route_survey.h). Any thread.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/links.h"
#include "firewall/route_survey.h"
#include "firewall/ruleset.h"
#include "weir/result.h"

namespace weir::firewall {

struct Surroundings {
  RouteSurvey routes;
  std::function<std::string(unsigned)> name_of;
  std::vector<std::string> interfaces = {};  // all but lo
  std::vector<Link> links = {};
  Ruleset::LongLists long_lists = Ruleset::LongLists::are_rules;
  std::optional<ClosingTimeouts> closing = std::nullopt;
};

// The routes that a ruleset has to know of.
[[nodiscard]] Result<RouteSurvey> survey_for(const Ruleset& ruleset, Backend backend);

// `outside_before`: interfaces that led outside earlier, and stay shut. Names of ports become their
// masters' (links.h): what has been fitted once cannot follow a port that leaves its bridge.
[[nodiscard]] Ruleset fitted(Ruleset ruleset, Backend backend, const Surroundings& surroundings,
                             std::span<const std::string> outside_before = {});
// The same here and now. `scope`, where given, learns which routes it hangs on.
[[nodiscard]] Result<Ruleset> fitted_to_machine(Ruleset ruleset, Backend backend,
                                                std::span<const std::string> outside_before = {},
                                                RouteSurvey::Scope* scope = nullptr);

// Why a fitted ruleset cannot be what the operator wants, in a sentence that ends in the line to
// write; empty: it can. For [firewall] interfaces = auto.
[[nodiscard]] std::string trouble_with_outside(const Ruleset& ruleset,
                                               const std::vector<std::string>& interfaces);
// The interfaces by which this machine's routes lead outside; none where they cannot be read.
[[nodiscard]] std::vector<std::string> uplinks_here();
// The names of this machine's interfaces, but for lo.
[[nodiscard]] std::vector<std::string> interfaces_here();

// What iptables cannot do for it without ipset; empty: nothing. `refused`: it must not be installed
// so.
struct Shortcoming {
  enum class Weight : std::uint8_t { none, worse, refused } weight = Weight::none;
  std::string text;
};
[[nodiscard]] Shortcoming shortcoming_of(const Ruleset& ruleset, Backend backend);

}  // namespace weir::firewall
