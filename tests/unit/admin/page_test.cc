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
  Busiest busy;
  History history;

  std::string text() {
    return page({.status = control.status(),
                 .rules = FakeControl::made_up_rules(),
                 .upstreams = control.upstreams(),
                 .busiest = busy,
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
  CHECK(has(all, "<td class=\"n\">5</td>"));           // max-flows
  CHECK_FALSE(has(all, "<td class=\"a\">loop</td>"));  // never happened
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

TEST_CASE_METHOD(Fixture, "nothing comes from elsewhere") {
  const auto all = text();
  CHECK_FALSE(has(all, "src="));
  CHECK(times(all, "http://") == times(all, "http://www.w3.org/2000/svg"));
  CHECK_FALSE(has(all, "https://"));
  CHECK_FALSE(has(all, "@import"));
}

TEST_CASE_METHOD(Fixture, "names of strangers are text and nothing else") {
  Busiest::BusyFlow flow;
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

TEST_CASE_METHOD(Fixture, "a server that is not up says why") {
  struct Broken : FakeControl {
    std::vector<UpstreamReport> upstreams() override {
      auto out = FakeControl::upstreams();
      out[0].servers[0].state = "unresolved";
      out[0].servers[0].why = "no address of web1.example.net is known";
      return out;
    }
  } broken;
  const auto all = page({.status = broken.status(),
                         .rules = {},
                         .upstreams = broken.upstreams(),
                         .busiest = busy,
                         .history = history});
  CHECK(has(all, "<span class=\"pill bad\">unresolved</span>"));
  CHECK(has(all, "no address of web1.example.net is known"));
  CHECK(has(all, "0 of 1 up"));
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
