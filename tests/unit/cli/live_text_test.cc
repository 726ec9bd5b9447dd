#include "cli/live_text.h"

#include <string>

#include "admin/fake_control.h"
#include "admin/json.h"
#include "base/readable.h"
#include "catch.h"

namespace weir {
namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("bytes are short to read") {
  CHECK(bytes_text(0) == "0 B");
  CHECK(bytes_text(1023) == "1023 B");
  CHECK(bytes_text(1024) == "1.0 KiB");
  CHECK(bytes_text(1536) == "1.5 KiB");
  CHECK(bytes_text(1024 * 1024 - 1) == "1.0 MiB");
  CHECK(bytes_text(UINT64_MAX) == "16.0 EiB");
}

TEST_CASE("durations are short to read") {
  CHECK(elapsed_text(0.4) == "0ms");
  CHECK(elapsed_text(250) == "250ms");
  CHECK(elapsed_text(12'560) == "12.5s");
  CHECK(elapsed_text(192'000) == "3m12s");
  CHECK(elapsed_text(7'440'000) == "2h4m");
  CHECK(elapsed_text(266'400'000) == "3d2h");
}

TEST_CASE("the status names what happened and leaves out what did not") {
  FakeControl control;
  const auto text = status_text(json_of(control.status()));
  REQUIRE(text);
  CHECK(has(text.value(), "flows       3 TCP, 4 UDP live (at most 1000); 70 since start\n"));
  CHECK(has(text.value(), "up for      1m1s\n"));
  CHECK(has(text.value(), "max-flows"));
  CHECK_FALSE(has(text.value(), "loop"));
}

TEST_CASE("rules say which of their sets were changed at run time") {
  auto rules = FakeControl::made_up_rules();
  CHECK_FALSE(has(rules_text(json_of(rules)).value(), "weir sets"));
  rules[0].changed_sets = "@paused: 1 added, 2 removed";
  CHECK(rules_text(json_of(rules))
            .value()
            .ends_with(
                "rule web: @paused: 1 added, 2 removed; weir sets shows what and until when\n"));
}

TEST_CASE("a server that was set is shown with its state, and why") {
  FakeControl control;
  ServerReport server = control.upstreams()[0].servers[0];
  CHECK(server_text(json_of(server), "pool").value() ==
        "pool/web1 is up; weight 1, 1 live flows\n");
  server.state = "draining";
  server.why = "set by the operator";
  CHECK(server_text(json_of(server), "pool").value() ==
        "pool/web1 is draining: set by the operator; weight 1, 1 live flows\n");
  CHECK_FALSE(server_text("{}", "pool"));
}

TEST_CASE("flows are a table, and how many there are beyond it is said") {
  FlowList list;
  FlowRecord record;
  record.live = true;
  record.id = "7kq2vd0m-0-5f1";
  record.client = Endpoint::parse("198.51.100.2:41000").value();
  record.destination = Endpoint::parse("[2001:db8::5]:80").value();
  record.rule = "web";
  record.upstream = "pool\x1b[31m";
  record.member = "proxy";
  record.bytes_down = 2048;
  record.duration_us = 61'000'000;
  list.flows = {record};
  list.total = 12;
  const auto text = flows_text(json_of(list));
  REQUIRE(text);
  CHECK(has(text.value(), "198.51.100.2:41000  [2001:db8::5]:80  web   pool\\x1b[31m/proxy"));
  CHECK(has(text.value(), "2.0 KiB  1m1s\n"));
  CHECK(text.value().ends_with("1 of 12 flows\n"));
  CHECK(flows_text(json_of(FlowList{})).value() == "0 flows\n");
}

TEST_CASE("flows have a column of devices where one of them is known") {
  FlowList list;
  FlowRecord record;
  record.live = true;
  record.client = Endpoint::parse("198.51.100.2:41000").value();
  record.destination = Endpoint::parse("203.0.113.5:80").value();
  list.flows = {record};
  CHECK_FALSE(has(flows_text(json_of(list)).value(), "DEVICE"));
  list.flows.push_back(record);
  list.flows.back().device = "tv";
  const auto text = flows_text(json_of(list));
  REQUIRE(text);
  CHECK(has(text.value(), "CLIENT              DEVICE  DESTINATION"));
  CHECK(has(text.value(), "198.51.100.2:41000  tv      203.0.113.5:80"));
  CHECK(has(text.value(), "198.51.100.2:41000  -       203.0.113.5:80"));
}

TEST_CASE("flows have a column of hosts where one of them is known") {
  FlowList list;
  FlowRecord record;
  record.live = true;
  record.client = Endpoint::parse("198.51.100.2:41000").value();
  record.destination = Endpoint::parse("203.0.113.5:443").value();
  list.flows = {record};
  CHECK_FALSE(has(flows_text(json_of(list)).value(), "HOST"));
  list.flows.push_back(record);
  list.flows.back().device = "tv";
  list.flows.back().host = "www.example.org";
  const auto text = flows_text(json_of(list));
  REQUIRE(text);
  CHECK(has(text.value(), "DEVICE  DESTINATION      HOST             RULE"));
  CHECK(has(text.value(), "tv      203.0.113.5:443  www.example.org  "));
  CHECK(has(text.value(), "-       203.0.113.5:443  -                "));
}

TEST_CASE("a service shows how many servers its records name, and their age once it matters") {
  UpstreamReport pool;
  pool.name = "pool";
  pool.services = {
      {.name = "_web._tcp.example.net", .targets = 3, .resolved_ms = 192'000},
      {.name = "_dns._udp.example.net", .targets = 2, .resolved_ms = 1'000},
      {.name = "_no._tcp.example.net", .targets = 0, .resolved_ms = -1},
  };
  const auto json = json_of(std::vector<UpstreamReport>{pool});
  CHECK(has(json, R"({"name":"_web._tcp.example.net","targets":3,"resolved_ms_ago":192000})"));
  CHECK(has(json, R"("resolved_ms_ago":null)"));
  const auto text = upstreams_text(json);
  REQUIRE(text);
  CHECK(has(text.value(), "srv:_web._tcp.example.net  3 servers (resolved 3m12s ago)"));
  CHECK(has(text.value(), "srv:_dns._udp.example.net  2 servers  "));
  CHECK(has(text.value(), "srv:_no._tcp.example.net   no records yet"));
}

TEST_CASE("rules and upstreams are tables") {
  FakeControl control;
  const auto rules = rules_text(json_of(FakeControl::made_up_rules()));
  REQUIRE(rules);
  CHECK(has(rules.value(), "firewall: 6 packets, 360 B\n"));
  const auto upstreams = upstreams_text(json_of(control.upstreams()));
  REQUIRE(upstreams);
  CHECK(has(upstreams.value(), "192.0.2.60, 2001:db8::60 port 80"));
}

TEST_CASE("how rules with windows stand is a column, where there are such rules") {
  auto rules = FakeControl::made_up_rules();
  CHECK_FALSE(has(rules_text(json_of(rules)).value(), "WHEN"));
  rules[0].clock_state = "matches now, until 07:00";
  const std::string text = rules_text(json_of(rules)).value();
  CHECK(has(text, "WHEN\n"));
  CHECK(has(text, "  matches now, until 07:00\n"));
}

TEST_CASE("why the gateway decides what the firewall could stands below the table of rules") {
  auto rules = FakeControl::made_up_rules();
  const std::string before = rules_text(json_of(rules)).value();
  rules[0].left_to_gateway = "the gateway decides it, for @ads has 300000 prefixes";
  CHECK(rules_text(json_of(rules)).value() ==
        before + "web: the gateway decides it, for @ads has 300000 prefixes\n");
}

TEST_CASE("why a server gets no flows stands below the table, which stays as wide as it was") {
  FakeControl control;
  auto upstreams = control.upstreams();
  const auto width = [&]() {
    const std::string text = upstreams_text(json_of(upstreams)).value();
    return text.find('\n');
  };
  const std::size_t before = width();
  ServerReport& server = upstreams[0].servers[0];
  server.state = "down";
  server.why = "check: connect: Connection refused, and more that makes the line longer";
  CHECK(width() == before);
  CHECK(upstreams_text(json_of(upstreams))
            .value()
            .ends_with("\npool/web1 is down: " + server.why + "\n"));
}

TEST_CASE("a reload's report says what changed") {
  ReloadReport report;
  report.ok = true;
  report.rules_added = {"web", "dns"};
  report.settings = {"firewall.interfaces", "[upstream office] source"};
  report.warnings = {"weir.ini:3: warning: rule 'b' never matches"};
  report.flows_kept = 12;
  report.flows_now_matching_another_rule = 1;
  const auto text = reload_text(json_of(report));
  REQUIRE(text);
  CHECK(text.value() ==
        "weir.ini:3: warning: rule 'b' never matches\n"
        "rules added: web, dns\n"
        "servers unchanged\n"
        "settings changed: firewall.interfaces, [upstream office] source\n"
        "12 flows kept, 1 of them would match another rule now\n");
}

TEST_CASE("an answer that makes no sense is an error, not a crash") {
  for (const auto* nonsense :
       {"", "{", "[]", "{}", R"({"flows":[{}],"total":1})", R"({"flows":[],"total":"many"})"}) {
    CHECK_FALSE(flows_text(nonsense));
    CHECK_FALSE(status_text(nonsense));
  }
  CHECK(errors_in(R"({"errors":["a","b"]})", 400).size() == 2);
  CHECK(errors_in("<html>", 502).at(0) == "the gateway answered with HTTP status 502");
}

}  // namespace
}  // namespace weir
