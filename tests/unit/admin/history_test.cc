#include "admin/history.h"

#include "catch.h"

namespace weir {
namespace {

constexpr auto minutes = History::Window::minutes;

StatusReport at(std::int64_t ms, std::uint64_t bytes_up, std::uint64_t flows) {
  StatusReport status;
  status.uptime_ms = ms;
  status.bytes_up = bytes_up;
  status.flows_total = flows;
  status.tcp_flows = flows;
  return status;
}

TEST_CASE("a point is what happened between two samples, by the time that really passed") {
  History history;
  CHECK(history.points(minutes).empty());
  history.add(at(1'000, 100, 1));
  CHECK(history.points(minutes).empty());
  history.add(at(3'000, 1'100, 5));
  history.add(at(7'000, 1'100, 5));
  const auto points = history.points(minutes);
  REQUIRE(points.size() == 2);
  CHECK(points[0].bytes_up == Approx(500));
  CHECK(points[0].flows_opened == Approx(2));
  CHECK(points[0].tcp_flows == Approx(5));
  CHECK(points[1].bytes_up == Approx(0));
}

TEST_CASE("two samples of one moment divide by nothing") {
  History history;
  history.add(at(1'000, 0, 0));
  history.add(at(1'000, 10, 0));
  CHECK(history.points(minutes)[0].bytes_up == Approx(10'000));
}

TEST_CASE("old samples make room") {
  History history;
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    history.add(at(static_cast<std::int64_t>(i) * 2'000, i * i, i));
  }
  const auto points = history.points(minutes);
  CHECK(points.size() == History::shape(minutes).max);
  CHECK(points.back().bytes_up == Approx((999.0 * 999 - 998.0 * 998) / 2));
}

TEST_CASE(
    "an hour and a day are kept in steps of their own, and no event between two steps is lost") {
  History history;
  constexpr std::int64_t two_days = std::int64_t{2} * 24 * 3600;
  for (std::int64_t second = 0; second <= two_days; second += 2) {
    history.add(at(second * 1'000 + second % 7, static_cast<std::uint64_t>(second) * 50, 1));
  }
  for (const auto window : {History::Window::hour, History::Window::day}) {
    const auto points = history.points(window);
    CHECK(points.size() == History::shape(window).max);
    for (const auto& point : points) {
      CHECK(point.bytes_up == Approx(50).epsilon(0.01));
    }
  }
  CHECK(History::shape(History::Window::hour).interval * 180 == std::chrono::hours(1));
  CHECK(History::shape(History::Window::day).interval * 180 == std::chrono::hours(24));
}

}  // namespace
}  // namespace weir
