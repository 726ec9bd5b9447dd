// What becomes of rules that ask for a host when a set of names changes.
#include "catch.h"
#include "config/made_up_files.h"
#include "flow/fitted_rules.h"
#include "sets/live_sets.h"
#include "sets/set_table.h"

namespace weir {
namespace {

TEST_CASE(
    "names that are added to a set make other rules, and the firewall looks at its pairs anew") {
  const auto loaded = load_text(
      "[set ads]\nentries = ads.example\n[rule ads]\non = tcp/443\nhost = @ads\nuse = reject\n");
  REQUIRE(loaded.configuration);
  const auto configuration = std::make_shared<const Configuration>(*loaded.configuration);
  const auto here = [](std::shared_ptr<const SetTable> sets) {
    return std::make_shared<const MachineHere>(MachineHere{.sets = std::move(sets)});
  };
  const FittedRules before(configuration, here(configuration->set_table));
  LiveSets live;
  LiveChange change;
  change.add.push_back(parse_item(".example.org").value());
  REQUIRE(live.change(*configuration->set_table->find("ads"), change).empty());
  const auto after = before.refitted(here(live.over(configuration->set_table)));
  REQUIRE(after);
  CHECK_FALSE(after->same_for_firewall(before));
}

}  // namespace
}  // namespace weir
