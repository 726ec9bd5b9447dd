#include "cli/top_text.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "admin/fake_control.h"
#include "admin/json.h"
#include "catch.h"

namespace weir {
namespace {

TopSample sample_at(std::int64_t uptime_ms, std::uint64_t bytes_up, std::uint64_t flows) {
  FakeControl control;
  auto status = control.status();
  status.uptime_ms = uptime_ms;
  status.bytes_up = bytes_up;
  status.flows_total = flows;
  TopTalkers busy;
  TopTalkers::Flow flow;
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
          .top_talkers = json_of(busy)};
}

std::vector<std::string> shown(const TopSample& sample, const TopSample* before = nullptr,
                               Screen screen = {200, 40}, const TopView& view = {}) {
  const auto lines = top_lines(sample, before, view, screen);
  REQUIRE(lines);
  std::vector<std::string> out;
  for (const ScreenLine& line : lines.value()) {
    out.push_back(text_of(line));
  }
  return out;
}

bool any_has(const std::vector<std::string>& lines, const std::string& part) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

std::size_t line_of(const std::vector<std::string>& lines, const std::string& part) {
  const auto found = std::find_if(lines.begin(), lines.end(), [&](const std::string& line) {
    return line.find(part) != std::string::npos;
  });
  return static_cast<std::size_t>(found - lines.begin());
}

TEST_CASE("clients and flows have a column of devices where one is known") {
  TopSample sample = sample_at(1'000, 0, 1);
  CHECK_FALSE(any_has(shown(sample), "DEVICE"));
  TopTalkers busy;
  TopTalkers::Flow flow;
  flow.record.live = true;
  flow.record.client = Endpoint::parse("198.51.100.2:41000").value();
  flow.record.device = "tv";
  busy.flows = {flow, TopTalkers::Flow{}};
  busy.flows[1].record.live = true;
  busy.clients = {{.address = flow.record.client.address, .device = "tv"}};
  sample.top_talkers = json_of(busy);
  const auto lines = shown(sample);
  CHECK(any_has(lines, "DEVICE"));
  CHECK(any_has(lines, "198.51.100.2  tv"));
  CHECK(any_has(lines, "tcp 198.51.100.2:41000  tv "));
}

// Two more flows, and a server that is down.
TopSample busy_sample() {
  FakeControl control;
  auto upstreams = control.upstreams();
  auto down = upstreams.front().servers.front();
  down.name = "web2";
  down.state = "down";
  down.why = "connection refused";
  upstreams.front().servers.push_back(down);
  UpstreamReport unused;
  unused.name = "reject";
  unused.type = "reject";
  upstreams.push_back(unused);
  auto status = control.status();
  status.reasons = {{"retried", 3}, {"max-flows", 5}};
  TopTalkers busy;
  for (const auto& [client, speed, up, duration] :
       {std::tuple{"198.51.100.2:41000", 10, 900, 5}, {"198.51.100.1:42000", 30, 100, 9}}) {
    TopTalkers::Flow flow;
    flow.record.live = true;
    flow.record.id = client;
    flow.record.client = Endpoint::parse(client).value();
    flow.record.rule = "web";
    flow.record.bytes_up = static_cast<std::uint64_t>(up);
    flow.record.duration_us = duration * 1000;
    flow.bytes_per_second = static_cast<std::uint64_t>(speed);
    busy.flows.push_back(flow);
    busy.clients.push_back({.address = flow.record.client.address, .flows = 1, .bytes = 5});
  }
  return {.status = json_of(status), .upstreams = json_of(upstreams), .top_talkers = json_of(busy)};
}

TEST_CASE("two looks become rates") {
  const auto before = sample_at(10'000, 1'000, 10);
  const auto lines = shown(sample_at(12'000, 5'096, 15), &before);
  CHECK(any_has(lines, "traffic 2.0 KiB/s up"));
  CHECK(any_has(lines, "2.5 new/s"));
  CHECK(any_has(lines, "weir 1.2.3  serving"));
  CHECK(any_has(lines, "2.0 KiB/s  tcp 198.51.100.2:41000"));
  CHECK(any_has(lines, "web1"));
  CHECK_FALSE(any_has(lines, "\x1b"));
}

TEST_CASE("the first look has no rates") {
  CHECK(any_has(shown(sample_at(12'000, 5'096, 15)), "traffic 0 B/s up"));
}

TEST_CASE("servers that take no flows come first, with their reason and in a colour of their own") {
  const auto lines = top_lines(busy_sample(), nullptr, {}, {200, 40});
  REQUIRE(lines);
  const auto texts = shown(busy_sample());
  CHECK(line_of(texts, "web2") < line_of(texts, "web1"));
  CHECK(any_has(texts, "connection refused"));
  CHECK(any_has(texts, "1 of 2 servers up"));
  bool is_bad = false;
  for (const Run& run : lines.value().at(line_of(texts, "web2"))) {
    is_bad = is_bad || (run.tone == Tone::bad && run.text.find("down") != std::string::npos);
  }
  CHECK(is_bad);
}

TEST_CASE("an upstream without servers that nothing has used is left out") {
  CHECK_FALSE(any_has(shown(busy_sample()), "reject"));
}

TEST_CASE("losses are counted apart from what only went another way") {
  CHECK(any_has(shown(busy_sample()), "5 lost or refused  3 went another way"));
}

TEST_CASE("flows are in the order that was asked for") {
  const auto first = [](TopView::Order order) {
    TopView view;
    view.order = order;
    const auto lines = shown(busy_sample(), nullptr, {200, 40}, view);
    return line_of(lines, "tcp 198.51.100.2:41000") < line_of(lines, "tcp 198.51.100.1:42000") ? 2
                                                                                               : 1;
  };
  CHECK(first(TopView::Order::speed) == 1);
  CHECK(first(TopView::Order::up) == 2);
  CHECK(first(TopView::Order::age) == 1);
  CHECK(first(TopView::Order::client) == 1);
}

TEST_CASE("a filter leaves the rows that have its text, and says so") {
  TopView view;
  view.filter = "100.2";
  const auto lines = shown(busy_sample(), nullptr, {200, 40}, view);
  CHECK(any_has(lines, "tcp 198.51.100.2:41000"));
  CHECK_FALSE(any_has(lines, "198.51.100.1"));
  CHECK_FALSE(any_has(lines, "web2"));
  CHECK(any_has(lines, "only rows with '100.2'"));
}

TEST_CASE("the keys are on the screen when they are asked for") {
  TopView view;
  view.press('?');
  CHECK(any_has(shown(busy_sample(), nullptr, {80, 24}, view), "q           ends"));
  view.press('?');
  CHECK_FALSE(view.shows_help);
}

TEST_CASE("a filter is typed, kept, corrected and taken back") {
  TopView view;
  for (const char key : std::string("/web?x")) {
    view.press(key);
  }
  view.press(TopView::backspace);
  CHECK(view.filter == "web?");
  CHECK(view.is_typing);
  view.press('\n');
  CHECK_FALSE(view.is_typing);
  view.press('u');
  CHECK(view.order == TopView::Order::up);
  CHECK(view.filter == "web?");
  view.press(TopView::escape);
  CHECK(view.filter.empty());
  CHECK(view.shows("anything"));
  view.press('q');
  CHECK(view.is_over);
}

TEST_CASE("upper and lower case are the same to a filter") {
  TopView view;
  view.filter = "WEB";
  CHECK(view.shows("rule web"));
  CHECK_FALSE(view.shows("rule we b"));
}

TEST_CASE(
    "nothing is larger than the screen, whatever its size, and nothing is cut without a sign") {
  for (const TopSample& sample : {sample_at(1, 2, 3), busy_sample()}) {
    for (const std::size_t height : {0U, 1U, 3U, 5U, 7U, 12U, 24U}) {
      for (const std::size_t width : {0U, 1U, 20U, 40U, 80U}) {
        const auto lines = shown(sample, &sample, {width, height});
        CHECK(lines.size() <= height);
        for (const auto& line : lines) {
          CHECK(width_of(line) <= width);
        }
      }
    }
  }
  const auto small = shown(busy_sample(), nullptr, {80, 12});
  CHECK(any_has(small, "more"));
}

TEST_CASE("an answer that makes no sense is an error") {
  CHECK_FALSE(top_lines({"{}", "{}", "{}"}, nullptr, {}, {}));
  CHECK_FALSE(top_lines({"", "", ""}, nullptr, {}, {}));
}

}  // namespace
}  // namespace weir
