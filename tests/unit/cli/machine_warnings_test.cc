// What `check` says of rules that others have on this machine.
#include "cli/machine_warnings.h"

#include "catch.h"

namespace weir {

TEST_CASE("forward rules that weir goes around are said at the rule of weir's") {
  Configuration configuration;
  configuration.file = "weir.ini";
  RuleSettings rule;
  rule.location = {"more.ini", 7};
  const auto said = warnings_of({{&rule, "it goes \x1b around", "set in [firewall]: towards = wan"},
                                 {nullptr, "that, too", "put above the default a rule"}},
                                configuration);
  REQUIRE(said.size() == 2);
  CHECK(said[0].severity == Diagnostic::Severity::warning);
  CHECK(said[0].location == SourceLocation{"more.ini", 7});
  CHECK(said[0].text ==
        "it goes \\x1b around; for that to apply, set in [firewall]: towards = wan");
  CHECK(said[1].location == SourceLocation{"weir.ini", 0});
  configuration.gateway.default_given = true;
  configuration.gateway.default_location = {"weir.ini", 3};
  CHECK(warnings_of({{nullptr, "that, too", ""}}, configuration)[0].location ==
        SourceLocation{"weir.ini", 3});
}

}  // namespace weir
