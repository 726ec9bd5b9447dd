#include "admin/page.h"

#include <algorithm>
#include <string>

#include "admin/chart.h"
#include "admin/fake_control.h"
#include "catch.h"

namespace weir {
namespace {

struct Fixture {
  FakeControl control;
  TopTalkers busy;
  History history;

  std::string text() {
    return page({.status = control.status(),
                 .rules = FakeControl::made_up_rules(),
                 .upstreams = control.upstreams(),
                 .top_talkers = busy,
                 .history = history});
  }
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::size_t times(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST_CASE_METHOD(Fixture, "the page is whole without its script") {
  const auto all = text();
  CHECK(all.starts_with("<!doctype html>"));
  CHECK(all.ends_with("</html>\n"));
  CHECK_FALSE(has(all, "{{"));
  CHECK(has(all, "<td class=\"n\" data-title=\"Times\">5</td>"));  // max-flows
  CHECK_FALSE(has(all, ">loop</td>"));                             // never happened
  CHECK(has(all, "web1.example.net"));
  CHECK(has(all, "2001:db8::60"));
  CHECK(has(all, "weir.ini:12"));
  CHECK(has(all, "No flow is live."));
  for (const char* tag : {"table", "section", "figure", "tr", "svg", "main"}) {
    INFO(tag);
    CHECK(times(all, std::string("<") + tag + ">") + times(all, std::string("<") + tag + " ") ==
          times(all, std::string("</") + tag + ">"));
  }
}

TEST_CASE_METHOD(Fixture, "clients and flows have a column of devices where one is known") {
  TopTalkers::Flow flow;
  flow.record.live = true;
  busy.flows = {flow};
  busy.clients = {{.address = Address::parse("192.0.2.7").value()}};
  CHECK_FALSE(has(text(), "Device"));
  busy.flows[0].record.device = "Anna's <phone>";
  busy.clients[0].device = "tv";
  const auto all = text();
  CHECK(times(all, "data-title=\"Device\"") == 2);
  CHECK(has(all, ">tv</td>"));
  CHECK_FALSE(has(all, "<phone>"));
}

TEST_CASE_METHOD(Fixture, "nothing comes from elsewhere") {
  const auto all = text();
  CHECK_FALSE(has(all, "src="));
  CHECK(times(all, "http://") == times(all, "http://www.w3.org/2000/svg"));
  CHECK_FALSE(has(all, "https://"));
  CHECK_FALSE(has(all, "@import"));
}

TEST_CASE_METHOD(Fixture, "names of strangers are text and nothing else") {
  TopTalkers::Flow flow;
  flow.record.host = "<script>alert('x')</script>\x1b[31m\"&";
  flow.record.rule = "</main>";
  flow.record.protocol = Protocol::udp;
  busy.flows = {flow};
  const auto all = text();
  CHECK(has(all, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
  CHECK(has(all, "&quot;&amp;"));
  CHECK(times(all, "<script>") == 1);  // its own
  CHECK(times(all, "</main>") == 1);
  CHECK_FALSE(has(all, "\x1b"));
}

TEST_CASE_METHOD(Fixture, "what is well needs no look") {
  CHECK_FALSE(has(text(), "Needs a look"));
}

TEST_CASE_METHOD(Fixture, "losses stand apart from what only went another way") {
  struct Busy : FakeControl {
    StatusReport status() override {
      auto report = FakeControl::status();
      report.reasons = {{"max-flows", 5}, {"retried", 7}};
      return report;
    }
  } another;
  const auto all = page({.status = another.status(),
                         .rules = {},
                         .upstreams = another.upstreams(),
                         .top_talkers = busy,
                         .history = history});
  const auto losses = all.find("<h2>Lost or refused");
  const auto others = all.find("<h2>Went another way");
  CHECK(losses < all.find(">max-flows</td>"));
  CHECK(all.find(">max-flows</td>") < others);
  CHECK(others < all.find(">retried</td>"));
  CHECK(has(all, "<b>5</b><span>lost or refused</span>"));
}

TEST_CASE_METHOD(Fixture, "what the firewall decides has columns of its own, where there is any") {
  const auto all = text();
  CHECK(has(all, "<td class=\"n\" data-title=\"Packets in firewall\">6</td>"));
  CHECK(has(all, "<td class=\"n\" data-title=\"Bytes in firewall\">360 B</td>"));
  const auto without = page({.status = control.status(),
                             .rules = {},
                             .upstreams = control.upstreams(),
                             .top_talkers = busy,
                             .history = history});
  CHECK_FALSE(has(without, "in firewall"));
}

TEST_CASE_METHOD(Fixture,
                 "the charts' window is the one that was asked for, and others are a click away") {
  for (const auto window : History::windows) {
    const auto all = page({.status = control.status(),
                           .rules = {},
                           .upstreams = control.upstreams(),
                           .top_talkers = busy,
                           .history = history,
                           .window = window});
    CHECK(times(all, "aria-current=\"true\"") == 1);
    CHECK(has(all, "<a href=\"/?window=" + std::string(History::shape(window).word) +
                       "\" aria-current=\"true\">"));
    CHECK(times(all, "data-window=\"" + std::string(History::shape(window).text) + "\"") == 3);
  }
}

TEST_CASE_METHOD(Fixture, "a server that is not up says why, first of all and since when") {
  struct Broken : FakeControl {
    std::vector<UpstreamReport> upstreams() override {
      auto out = FakeControl::upstreams();
      out[0].servers[0].state = "unresolved";
      out[0].servers[0].since_ms = 185'000;
      out[0].servers[0].why = "no address of web1.example.net is known";
      return out;
    }
  } broken;
  const auto all = page({.status = broken.status(),
                         .rules = {},
                         .upstreams = broken.upstreams(),
                         .top_talkers = busy,
                         .history = history});
  CHECK(has(all, "<span class=\"pill bad\">unresolved</span>"));
  CHECK(has(all, "no address of web1.example.net is known"));
  CHECK(has(all, "0 of 1 up"));
  CHECK(
      has(all, "<b>pool/web1</b> <span class=\"pill bad\">unresolved</span> for 3m5s: no address"));
  CHECK(has(all, "<b>pool</b>: no server takes flows"));
  CHECK(all.find("Needs a look") < all.find("live TCP flows"));
}

TEST_CASE("a chart ends at the right, fits its height and has round numbers") {
  std::string out;
  append_chart(out, {.title = "T",
                     .text = [](double value) { return std::to_string(static_cast<int>(value)); },
                     .thousand = 1000,
                     .lines = {{.style = "up", .name = "n", .values = {0, 30, 15}}},
                     .slots = 5,
                     .window = "1 min"});
  CHECK(has(out, "<span class=\"top\">50</span>"));
  CHECK(has(out, "points=\"160.0,89.0 240.0,37.4 320.0,63.2\""));
  CHECK(has(out, "data-name=\"n\" data-values=\"0|30|15\""));
  CHECK(has(out, "<output>15</output>"));
  CHECK(round_up(0) == Approx(1));
  CHECK(round_up(1) == Approx(1));
  CHECK(round_up(1.5) == Approx(2));
  CHECK(round_up(21) == Approx(50));
  CHECK(round_up(70'000) == Approx(100'000));
  CHECK(round_up(700, 1024) == Approx(1000));
  CHECK(round_up(1'001, 1024) == Approx(1024));
  CHECK(round_up(4.1 * 1024 * 1024, 1024) == Approx(5 * 1024 * 1024));
}

}  // namespace
}  // namespace weir
