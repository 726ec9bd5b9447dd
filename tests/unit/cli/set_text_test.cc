// Sets of the running gateway as text, and what a change of one becomes.
#include "cli/set_text.h"

#include <unistd.h>

#include "admin/fake_control.h"
#include "admin/json.h"
#include "admin/served.h"
#include "base/json.h"
#include "catch.h"
#include "cli/set.h"

namespace weir {
namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string json_of_sets() { return json_of(FakeSets().list(), SetContent::shown); }

Instant at(int seconds) { return Instant(std::chrono::seconds(seconds)); }

TEST_CASE("sets are a table, and below it who changed what, and until when") {
  const auto text = sets_text(json_of_sets());
  REQUIRE(text);
  CHECK(has(text.value(), "SET     PREFIXES  NAMES  ADDED  REMOVED  FILES"));
  CHECK(has(text.value(), "paused         3      0      1        1  paused.list"));
  CHECK(has(text.value(), "paused  192.0.2.7  added    uid 1000  "));
  CHECK(has(text.value(), "paused  192.0.2.9  removed  uid 0     the next restart"));
  CHECK(sets_text(R"({"sets": []})").value() == "no rule uses a set\n");
  CHECK_FALSE(sets_text("{}"));
}

TEST_CASE("a set that is kept as it was, or has lines left out, says so") {
  auto sets = FakeSets().list();
  sets[0].live.clear();
  sets[0].skipped_lines = 2;
  sets[0].kept_for = "a.list:7: 'x' is no address\x1b[31m";
  const auto text = sets_text(json_of(sets, SetContent::shown));
  REQUIRE(text);
  CHECK(has(text.value(), "paused: 2 lines skipped\n"));
  CHECK(text.value().ends_with(
      "paused is what it was before the last reload: a.list:7: 'x' is no address\\x1b[31m\n"));
}

TEST_CASE("the answer to a change says what is changed by now, and what the firewall lacks") {
  SetOutcome outcome;
  outcome.set = FakeSets().list()[0];
  CHECK(set_text(json_of(outcome)).value() ==
        "paused: 3 items in its lists; 1 added, 1 removed at run time\n");
  CHECK(set_trouble(json_of(outcome)).empty());
  outcome.trouble = "cannot replace the firewall's rules";
  CHECK(set_trouble(json_of(outcome)) == outcome.trouble);
}

TEST_CASE("shells are given the names of sets, and not the paths of lists") {
  auto sets = FakeSets().list();
  sets.push_back(sets[0]);
  sets[1].name = "@/etc/weir/ads.list";
  CHECK(set_names(json_of(sets, SetContent::shown)).value() == "paused\n");
}

TEST_CASE("explain puts what the gateway changed over its own lists") {
  const auto live = live_sets_in(json_of_sets(), at(100));
  REQUIRE(live);
  const auto items = live.value().items("paused");
  REQUIRE(items.size() == 2);
  CHECK(items[0].written() == "192.0.2.7");
  CHECK(items[0].done_by() == "added by uid 1000");
  CHECK(items[0].until == at(160));
  CHECK(items[1].done_by() == "removed by uid 0");
  CHECK_FALSE(items[1].until);
  CHECK_FALSE(live_sets_in("[]", at(0)));
}

TEST_CASE("a change is one request, with its time and its force") {
  SetArguments arguments;
  arguments.action = "add";
  arguments.items = {"192.0.2.7", "a\"b"};
  CHECK(set_bodies(arguments) == std::vector<std::string>{R"({"add":["192.0.2.7","a\"b"]})"});
  arguments.action = "remove";
  arguments.duration = "1h";
  arguments.force = true;
  arguments.items = {"::/0"};
  CHECK(set_bodies(arguments) ==
        std::vector<std::string>{R"({"remove":["::/0"],"for":"1h","force":true})"});
}

TEST_CASE("more items than a request takes go in several, each of them once and in order") {
  SetArguments arguments;
  arguments.action = "add";
  for (int i = 0; i < 20'000; ++i) {
    arguments.items.push_back("10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256));
  }
  std::vector<std::string> sent;
  const auto bodies = set_bodies(arguments);
  CHECK(bodies.size() > 3);
  for (const std::string& body : bodies) {
    CHECK(body.size() < 64 * 1024);
    const Json read = parse_json(body).value();
    for (const Json& item : read.find("add")->items()) {
      sent.emplace_back(*item.text());
    }
  }
  CHECK(sent == arguments.items);
}

TEST_CASE("the user of a change is the one who asks on the socket") {
  Served served;
  SetArguments arguments;
  arguments.live.socket = served.socket();
  arguments.live.json = true;
  arguments.set = "paused";
  arguments.action = "add";
  arguments.items = {"192.0.2.7"};
  int status = -1;
  served.during([&] { status = run_set(arguments); });
  CHECK(status == 0);
  REQUIRE(served.control.sets_of.changes.size() == 1);
  CHECK(served.control.sets_of.changes[0].uid == geteuid());
}

}  // namespace
}  // namespace weir
