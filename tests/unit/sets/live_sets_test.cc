// What is added to the sets of a gateway and removed from them at run time.
#include "sets/live_sets.h"

#include "catch.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;

Instant at(int seconds) { return Instant(std::chrono::seconds(seconds)); }
Address address(const char* text) { return Address::parse(text).value(); }

LoadedSet set_of(const std::string& name, const std::vector<std::string>& prefixes) {
  SetBuilder builder;
  builder.begin("weir.ini");
  for (const std::string& prefix : prefixes) {
    REQUIRE(builder.add({.what = Prefix::parse(prefix).value()}, 1));
  }
  return {.settings = {.name = name, .location = {"weir.ini", 1}},
          .contents = std::move(builder).build(),
          .kept_for = {}};
}

std::shared_ptr<const SetTable> two_sets() {
  return std::make_shared<const SetTable>(
      std::vector{set_of("ads", {"192.0.2.0/24"}), set_of("paused", {})});
}

LiveChange adding(const char* text, std::optional<Instant> until = {}) {
  LiveChange out;
  out.add.push_back(parse_item(text).value());
  out.until = until;
  return out;
}

LiveChange removing(const char* text) {
  LiveChange out;
  out.remove.push_back(parse_item(text).value());
  return out;
}

bool has(const SetTable& table, const char* set, const char* one) {
  return table.find(set)->view->contains(address(one));
}

TEST_CASE("what is added and removed lies over the sets' lists, which stay as they are") {
  const auto table = two_sets();
  LiveSets live;
  CHECK(live.change(*table->find("paused"), adding("198.51.100.7")).empty());
  CHECK(live.change(*table->find("ads"), removing("192.0.2.0/24")).empty());
  const auto changed = live.over(table);
  CHECK(has(*changed, "paused", "198.51.100.7"));
  CHECK_FALSE(has(*changed, "ads", "198.51.100.7"));
  CHECK_FALSE(has(*changed, "ads", "192.0.2.1"));
  CHECK_FALSE(has(*table, "paused", "198.51.100.7"));
  CHECK(has(*table, "ads", "192.0.2.1"));
  CHECK(changed->find("ads")->contents == table->find("ads")->contents);
}

TEST_CASE("a table over which nothing lies is the very same one") {
  const auto table = two_sets();
  LiveSets live;
  CHECK(live.over(table) == table);
  CHECK(live.over(nullptr) == nullptr);
  CHECK(live.change(*table->find("paused"), removing("198.51.100.7")).size() == 1);
  CHECK(live.over(table) == table);
}

TEST_CASE("an item goes when its time is over, and is counted for its set") {
  const auto table = two_sets();
  LiveSets live;
  CHECK(live.change(*table->find("paused"), adding("198.51.100.7", at(60))).empty());
  CHECK(live.change(*table->find("paused"), adding("198.51.100.8")).empty());
  CHECK(live.change(*table->find("ads"), adding("198.51.100.9", at(30))).empty());
  CHECK(live.next_expiry() == at(30));
  CHECK(live.expire(at(29)).empty());
  const auto first = live.expire(at(30));
  REQUIRE(first.size() == 1);
  CHECK(first[0].key == "ads");
  CHECK(first[0].count == 1);
  CHECK_FALSE(has(*live.over(table), "ads", "198.51.100.9"));
  CHECK(live.next_expiry() == at(60));
  CHECK(live.expire(at(60)).size() == 1);
  CHECK_FALSE(has(*live.over(table), "paused", "198.51.100.7"));
  CHECK(has(*live.over(table), "paused", "198.51.100.8"));
  CHECK_FALSE(live.next_expiry());
}

TEST_CASE("items go on over new lists of their set, and leave with a set that is gone") {
  const auto table = two_sets();
  LiveSets live;
  CHECK(live.change(*table->find("paused"), adding("198.51.100.7")).empty());
  CHECK(live.change(*table->find("ads"), adding("198.51.100.9")).empty());
  CHECK(live.change(*table->find("ads"), adding("198.51.100.10")).empty());
  const auto next = std::make_shared<const SetTable>(std::vector{set_of("paused", {"10.0.0.0/8"})});
  const auto gone = live.keep(*next);
  REQUIRE(gone.size() == 1);
  CHECK(what_is_gone(gone[0]) ==
        "[set ads] is gone, and with it 2 items that were added or removed at run time");
  CHECK(has(*live.over(next), "paused", "198.51.100.7"));
  CHECK(has(*live.over(next), "paused", "10.1.2.3"));
  CHECK(live.items("ads").empty());
  CHECK(live.keep(*next).empty());
}

TEST_CASE("what is handed on is the same in the next process") {
  const auto table = two_sets();
  LiveSets live;
  LiveChange change = adding("198.51.100.7", at(60));
  change.uid = 1000;
  CHECK(live.change(*table->find("paused"), change).empty());
  CHECK(live.change(*table->find("ads"), removing("192.0.2.0/24")).empty());
  const LiveSets next(live.all());
  CHECK(next.items("paused") == live.items("paused"));
  CHECK(next.items("ads") == live.items("ads"));
  CHECK(next.next_expiry() == at(60));
  CHECK_FALSE(has(*next.over(table), "ads", "192.0.2.1"));
}

}  // namespace
}  // namespace weir
