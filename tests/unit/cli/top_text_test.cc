#include "cli/top_text.h"

#include <string>
#include <vector>

#include "admin/fake_control.h"
#include "admin/json.h"
#include "catch.h"

namespace weir {
namespace {

TopLook look_at(std::int64_t uptime_ms, std::uint64_t bytes_up, std::uint64_t flows) {
  FakeControl control;
  auto status = control.status();
  status.uptime_ms = uptime_ms;
  status.bytes_up = bytes_up;
  status.flows_total = flows;
  Busiest busy;
  Busiest::BusyFlow flow;
  flow.record.live = true;
  flow.record.id = "7kq2vd0m-0-5f1";
  flow.record.client = Endpoint::parse("198.51.100.2:41000").value();
  flow.record.rule =
      "w\xc3\xa9"
      "b\x1b[2J";
  flow.bytes_per_second = 2048;
  busy.flows = {flow};
  return {.status = json_of(status),
          .upstreams = json_of(control.upstreams()),
          .busiest = json_of(busy)};
}

bool any_has(const std::vector<std::string>& lines, const std::string& part) {
  for (const auto& line : lines) {
    if (line.find(part) != std::string::npos) {
      return true;
    }
  }
  return false;
}

TEST_CASE("two looks become rates") {
  const auto before = look_at(10'000, 1'000, 10);
  const auto lines = top_lines(look_at(12'000, 5'096, 15), &before, {200, 40});
  REQUIRE(lines);
  CHECK(any_has(lines.value(), "traffic 2.0 KiB/s up"));
  CHECK(any_has(lines.value(), "2.5 new/s"));
  CHECK(any_has(lines.value(), "weir 1.2.3  serving"));
  CHECK(any_has(lines.value(), "2.0 KiB/s  tcp 198.51.100.2:41000"));
  CHECK(any_has(lines.value(), "web1"));
  CHECK_FALSE(any_has(lines.value(), "\x1b"));
}

TEST_CASE("the first look has no rates") {
  const auto lines = top_lines(look_at(12'000, 5'096, 15), nullptr, {200, 40});
  REQUIRE(lines);
  CHECK(any_has(lines.value(), "traffic 0 B/s up"));
}

TEST_CASE("nothing is larger than the screen, whatever its size") {
  const auto look = look_at(1, 2, 3);
  for (const std::size_t height : {0U, 1U, 3U, 5U, 7U, 24U}) {
    for (const std::size_t width : {0U, 1U, 20U, 80U}) {
      const auto lines = top_lines(look, &look, {width, height});
      REQUIRE(lines);
      CHECK(lines.value().size() <= height);
      for (const auto& line : lines.value()) {
        CHECK(first_characters(line, width) == line);
      }
    }
  }
}

TEST_CASE("characters are not cut in two") {
  CHECK(first_characters("a\xc3\xa9"
                         "b",
                         2) == "a\xc3\xa9");
  CHECK(first_characters("a\xc3\xa9"
                         "b",
                         1) == "a");
  CHECK(first_characters("ab", 5) == "ab");
  CHECK(first_characters("", 0).empty());
}

TEST_CASE("an answer that makes no sense is an error") {
  CHECK_FALSE(top_lines({"{}", "{}", "{}"}, nullptr, {}));
  CHECK_FALSE(top_lines({"", "", ""}, nullptr, {}));
}

}  // namespace
}  // namespace weir
