// Which live flows end by the clock: rules with windows, by two clocks, and flows that opened by
// the first one.
#include "flow/time_over.h"

#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "rule_conditions.h"
#include "said_lines.h"

namespace weir {
namespace {

using std::chrono::sys_seconds;

// A Monday, in a zone that is UTC.
sys_seconds monday(int hour) {
  return std::chrono::sys_days(std::chrono::year(2026) / 7 / 6) + std::chrono::hours(hour);
}

std::shared_ptr<const LocalClock> clock_at(sys_seconds now) {
  return std::make_shared<const LocalClock>(LocalClock{.now = now, .zone = {}});
}

RuleSettings rule(const std::string& name, const std::vector<std::string>& clients,
                  const RuleLines& windows = {}) {
  RuleSettings out;
  out.name = name;
  out.set(on({{Protocol::tcp, 80, 80}}));
  if (!clients.empty()) {
    out.set(client(clients));
  }
  if (!windows.empty()) {
    out.set(said(windows));
  }
  out.use = "direct";
  return out;
}

struct World {
  ServerPool servers;
  CounterRegistry rules{1};
  CounterRegistry upstreams{1};

  std::shared_ptr<const Snapshot> make(std::vector<RuleSettings> from, sys_seconds now) {
    Configuration configuration;
    configuration.rules = std::move(from);
    auto made =
        Snapshot::Maker{servers, rules, upstreams, 1000}.make(std::move(configuration), nullptr);
    REQUIRE(made.ok());
    return by(*made.value(), now);
  }
  static std::shared_ptr<const Snapshot> by(const Snapshot& snapshot, sys_seconds now) {
    const auto machine = std::make_shared<const MachineHere>(MachineHere{.clock = clock_at(now)});
    auto fitted = Snapshot::refit(snapshot, machine);
    return fitted ? fitted : std::make_shared<const Snapshot>(snapshot);
  }
};

struct LiveFlow {
  // As it opened by those rules.
  LiveFlow(std::shared_ptr<const Snapshot> rules, const std::string& client)
      : opened_by(std::move(rules)) {
    core.flow = {.protocol = Protocol::tcp,
                 .client = Endpoint::parse(client + ":4000").value(),
                 .destination = Endpoint::parse("203.0.113.5:80").value(),
                 .interface = 0};
    core.rule = &opened_by->choose(core.flow);
  }
  std::shared_ptr<const Snapshot> opened_by;
  FlowCore core;
};

const std::string tablet = "192.0.2.10";
const std::string laptop = "192.0.2.20";
const RuleLines evening{{"when", "20:00-22:00"}, {"at-change", "close"}};
const RuleLines evening_keep{{"when", "20:00-22:00"}};
const RuleLines day{{"when", "8:00-23:00"}, {"at-change", "close"}};

// Whether a client's flow of the time before ends when the rules of a file switch.
bool ends(const std::vector<RuleSettings>& rules, int before, int after,
          const std::string& client) {
  World world;
  const auto then = world.make(rules, monday(before));
  const LiveFlow flow(then, client);
  const auto over = TimeOver::since(clock_at(monday(before)), World::by(*then, monday(after)));
  return over != nullptr && over->ends(flow.core, nullptr);
}

}  // namespace

TEST_CASE("a window that opens ends the flows that it takes from other rules, and no others") {
  const std::vector rules{rule("bedtime", {tablet}, evening), rule("web", {})};
  CHECK(ends(rules, 19, 20, tablet));
  CHECK_FALSE(ends(rules, 19, 20, laptop));
}

TEST_CASE("a window that opens ends the flows that it takes from the default") {
  CHECK(ends({rule("bedtime", {tablet}, evening)}, 19, 20, tablet));
  CHECK_FALSE(ends({rule("bedtime", {tablet}, evening)}, 19, 20, laptop));
}

TEST_CASE("a window that closes ends the flows that its rule leaves, and no others") {
  const std::vector rules{rule("games", {tablet}, evening), rule("web", {})};
  CHECK(ends(rules, 21, 22, tablet));
  CHECK_FALSE(ends(rules, 21, 22, laptop));
}

TEST_CASE("flows stay where neither rule says close") {
  const std::vector rules{rule("bedtime", {tablet}, evening_keep), rule("web", {})};
  CHECK_FALSE(ends(rules, 19, 20, tablet));
  CHECK_FALSE(ends(rules, 21, 22, tablet));
  CHECK_FALSE(ends({rule("bedtime", {tablet}, evening_keep), rule("other", {laptop}, evening)}, 19,
                   20, tablet));
}

TEST_CASE("flows end where the rule that they leave says close, whichever window takes them") {
  const std::vector rules{rule("bedtime", {tablet}, evening_keep), rule("day", {tablet}, day),
                          rule("web", {})};
  CHECK(ends(rules, 19, 20, tablet));
}

TEST_CASE("flows stay while no window has opened or closed") {
  const std::vector rules{rule("bedtime", {tablet}, evening), rule("web", {})};
  World world;
  const auto then = world.make(rules, monday(18));
  CHECK(TimeOver::since(clock_at(monday(18)), World::by(*then, monday(19))) == nullptr);
  // The next window is tomorrow's, and the flow's rule is the same again.
  CHECK_FALSE(ends(rules, 19, 23, tablet));
}

TEST_CASE("without at-change = close no flow is looked at") {
  World world;
  const auto then = world.make({rule("bedtime", {tablet}, evening_keep)}, monday(19));
  CHECK(TimeOver::since(clock_at(monday(19)), World::by(*then, monday(20))) == nullptr);
}

TEST_CASE("a flow that has the rule of now stays, whatever was missed") {
  World world;
  const std::vector rules{rule("bedtime", {tablet}, evening), rule("web", {})};
  const auto during = world.make(rules, monday(21));
  const LiveFlow flow(world.make(rules, monday(19)), tablet);
  const auto over = TimeOver::since(clock_at(monday(21)), World::by(*during, monday(22)));
  REQUIRE(over != nullptr);
  CHECK_FALSE(over->ends(flow.core, nullptr));
}

TEST_CASE("flows that a reload left where they were stay, although the rules want them elsewhere") {
  World world;
  const LiveFlow flow(world.make({rule("old", {})}, monday(20)), tablet);
  // Their rule is gone, and that of the new file is the same by both clocks.
  const std::vector rules{rule("new", {tablet}, day), rule("other", {laptop}, evening)};
  const auto over = TimeOver::since(clock_at(monday(19)), world.make(rules, monday(20)));
  REQUIRE(over != nullptr);
  CHECK_FALSE(over->ends(flow.core, nullptr));
}

TEST_CASE("a switch that a reload has hidden ends the flows that the new file decides otherwise") {
  World world;
  const LiveFlow flow(world.make({rule("web", {})}, monday(19)), tablet);
  const auto now = world.make({rule("bedtime", {tablet}, evening), rule("web", {})}, monday(20));
  CHECK(TimeOver::since(clock_at(monday(19)), now)->ends(flow.core, nullptr));
  CHECK(TimeOver::since(clock_at(monday(20)), now) == nullptr);
}

TEST_CASE("rules held last now, or the moment before they should have switched") {
  World world;
  const auto held = [&](const RuleLines& windows, sys_seconds fitted, sys_seconds now) {
    const auto rules = world.make({rule("bedtime", {tablet}, windows)}, fitted);
    return rules->rules().last_clock(clock_at(now))->now;
  };
  CHECK(held(evening, monday(18), monday(19)) == monday(19));
  CHECK(held(evening, monday(18), monday(20)) == monday(20) - std::chrono::seconds(1));
  CHECK(held(evening, monday(18), monday(21)) == monday(20) - std::chrono::seconds(1));
  CHECK(held({}, monday(18), monday(21)) == monday(21));
  // The clock was set back.
  CHECK(held(evening, monday(21), monday(19)) == monday(21));
}

TEST_CASE("an interface that has changed meanwhile ends no flow") {
  World world;
  RuleSettings wired = rule("wired", {});
  wired.set(interfaces({"lan"}));
  const auto before = world.make({rule("other", {laptop}, evening), wired}, monday(19));
  LiveFlow flow(before, tablet);
  flow.core.flow.interface = 7;
  const auto now =
      Snapshot::refit(*before, std::make_shared<const MachineHere>(MachineHere{
                                   .links = {{7, "lan", 0, ""}}, .clock = clock_at(monday(20))}));
  REQUIRE(now != nullptr);
  REQUIRE(now->choose(flow.core.flow).name == "wired");
  const auto over = TimeOver::since(clock_at(monday(19)), now);
  REQUIRE(over != nullptr);
  CHECK_FALSE(over->ends(flow.core, nullptr));
}

}  // namespace weir
