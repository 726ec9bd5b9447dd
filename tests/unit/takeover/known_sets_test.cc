// What is added to sets and removed from them, on its way to a successor.
#include "takeover/known_sets.h"

#include "catch.h"

namespace weir {
namespace {

LiveItem item(const char* text, LiveItem::Kind kind, std::uint32_t uid,
              std::optional<Instant> until) {
  const SetItem parsed = parse_item(text).value();
  const auto* prefix = std::get_if<Prefix>(&parsed);
  return {prefix != nullptr ? LiveItem::Item(*prefix) : LiveItem::Item(std::get<Name>(parsed)),
          kind, uid, until};
}

TEST_CASE("the items of all sets are the same at the successor: what, by whom, until when") {
  const Instant until(std::chrono::seconds(77));
  using Kind = LiveItem::Kind;
  const LiveSets sets(
      {{.key = "ads",
        .items = {item("192.0.2.0/24", Kind::removed, 1000, until),
                  item("2001:db8::7", Kind::added, 0, {}),
                  item("*.example.org", Kind::added, 0, until),
                  item(".example.net", Kind::removed, 7, {}),
                  item("example.com", Kind::added, UINT32_MAX, {})}},
       {.key = "@/etc/weir/paused.list", .items = {item("0.0.0.0/0", Kind::added, 0, until)}}});
  takeover::GatewayState state;
  CHECK(describe_sets(sets, state) == 0);
  const auto read = takeover::decode_gateway_state(encode(state));
  REQUIRE(read.ok());
  const LiveSets again = restore_sets(read.value());
  for (const char* key : {"ads", "@/etc/weir/paused.list"}) {
    CHECK(again.items(key) == sets.items(key));
    CHECK_FALSE(again.items(key).empty());
  }
  CHECK(again.next_expiry() == until);
}

TEST_CASE("more items than a message takes are left out, and counted") {
  std::vector<LiveSets::Kept> all;
  for (int set = 0; set < 3; ++set) {
    LiveSets::Kept& kept = all.emplace_back();
    kept.key = "set" + std::to_string(set);
    for (std::size_t i = 0; i < LiveItems::max; ++i) {
      kept.items.push_back({Name{std::to_string(i) + "." + std::string(200, 'a'), NameForm::exact},
                            LiveItem::Kind::added,
                            0,
                            {}});
    }
  }
  takeover::GatewayState state;
  const std::size_t left_out = describe_sets(LiveSets(all), state);
  CHECK(left_out > 0);
  CHECK(left_out < LiveItems::max);
  CHECK(state.sets[0].items.size() == LiveItems::max);
  CHECK(encode(state).size() < std::size_t{33} * 1024 * 1024);
}

TEST_CASE("an item that cannot be read is left out") {
  takeover::GatewayState state;
  state.sets.push_back({.key = "ads", .items = {{.text = "no item"}, {.text = "192.0.2.1"}}});
  CHECK(restore_sets(state).items("ads").size() == 1);
}

}  // namespace
}  // namespace weir
