#include "admin/api.h"

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "admin/fake_control.h"
#include "catch.h"

namespace weir {
namespace {

struct Fixture {
  FakeControl control;
  History history;
  std::string body;
  Access access = Access::everything;

  ApiAnswer ask(const std::string& method, const std::string& path,
                std::vector<std::pair<std::string, std::string>> query = {}) {
    Api api(control, history);
    ApiAnswer out;
    int answers = 0;
    api.handle({.access = access,
                .method = method,
                .path = path,
                .query = std::move(query),
                .body = body,
                .captured = {}},
               [&](ApiAnswer answer) {
                 out = std::move(answer);
                 ++answers;
               });
    CHECK(answers == 1);
    return out;
  }

  nlohmann::json json(const std::string& path) {
    const auto answer = ask("GET", path);
    CHECK(answer.status == 200);
    CHECK(answer.type == "application/json");
    CHECK(answer.body.ends_with("}\n"));
    return nlohmann::json::parse(answer.body);
  }
};

TEST_CASE_METHOD(Fixture, "the status says what runs and what it did") {
  const auto status = json("/v1/status");
  CHECK(status["version"] == "1.2.3");
  CHECK(status["bytes_down"] == 5'000'000'000);
  CHECK(status["events"]["max-flows"] == 5);
}

TEST_CASE_METHOD(Fixture, "lists are objects") {
  CHECK(json("/v1/rules")["rules"][0]["name"] == "web");
  CHECK(json("/v1/rules")["rules"][1]["firewall_packets"] == 6);
  const auto upstream = json("/v1/upstreams")["upstreams"][0];
  CHECK(upstream["servers"][0]["addresses"][1] == "2001:db8::60");
  const auto flows = json("/v1/flows");
  CHECK(flows["flows"].is_array());
  CHECK(flows["flows"].empty());
  CHECK(flows["total"] == 0);
}

TEST_CASE_METHOD(Fixture, "flows are records without an end, and the total counts all that match") {
  control.list.flows.resize(2);
  control.list.flows[0].live = true;
  control.list.flows[0].id = "a-0-1";
  control.list.flows[1].live = true;
  control.list.total = 7;
  const auto flows = json("/v1/flows");
  CHECK(flows["flows"].size() == 2);
  CHECK(flows["flows"][0]["id"] == "a-0-1");
  CHECK_FALSE(flows["flows"][0].contains("end"));
  CHECK(flows["total"] == 7);
}

TEST_CASE_METHOD(Fixture, "filters reach the gateway") {
  const auto answer = ask("GET", "/v1/flows",
                          {{"protocol", "udp"},
                           {"client", "192.0.2.0/24"},
                           {"destination", "[2001:db8::1]:53"},
                           {"rule", "dns"},
                           {"upstream", "pool"},
                           {"limit", "5"}});
  CHECK(answer.status == 200);
  const auto& filter = control.filters.at(0);
  CHECK(filter.protocol == Protocol::udp);
  REQUIRE(filter.client);
  CHECK(filter.client->covers(Endpoint::parse("192.0.2.9:5").value()));
  CHECK_FALSE(filter.client->covers(Endpoint::parse("192.0.3.9:5").value()));
  REQUIRE(filter.destination);
  CHECK(filter.destination->covers(Endpoint::parse("[2001:db8::1]:53").value()));
  CHECK_FALSE(filter.destination->covers(Endpoint::parse("[2001:db8::1]:54").value()));
  CHECK(filter.rule == "dns");
  CHECK(filter.upstream == "pool");
  CHECK(filter.limit == 5);
}

TEST_CASE_METHOD(Fixture, "every wrong parameter is named, and the gateway is not asked") {
  const auto answer =
      ask("GET", "/v1/flows", {{"protocol", "icmp"}, {"client", "router"}, {"limit", "-1"}});
  CHECK(answer.status == 400);
  CHECK(nlohmann::json::parse(answer.body)["errors"] ==
        nlohmann::json::array({"protocol is tcp or udp, not 'icmp'",
                               "client is an address, ADDRESS:PORT or a prefix, not 'router'",
                               "limit is a number up to 10000, not '-1'"}));
  CHECK(ask("GET", "/v1/flows", {{"colour", "blue"}}).status == 400);
  CHECK(ask("GET", "/v1/flows", {{"rule", "a"}, {"rule", "b"}}).status == 400);
  CHECK(ask("GET", "/v1/flows", {{"limit", "99999999999999999999"}}).status == 400);
  CHECK(ask("GET", "/v1/status", {{"verbose", "1"}}).status == 400);
  CHECK(control.filters.empty());
}

TEST_CASE_METHOD(Fixture, "what isn't there is 404, what can't be done to it is 405") {
  for (const auto* path : {"", "/v1", "/v1/", "/v1/flows/", "/v1/nothing", "//v1/status"}) {
    CHECK(ask("GET", path).status == 404);
  }
  const auto answer = ask("DELETE", "/v1/status");
  CHECK(answer.status == 405);
  CHECK(answer.allow == "GET, HEAD");
  CHECK(ask("GET", "/v1/reload").allow == "POST");
  CHECK(ask("HEAD", "/v1/status").status == 200);
}

TEST_CASE_METHOD(Fixture, "a path that isn't UTF-8 is answered in valid JSON") {
  const auto answer = ask("GET", "/\xff\x1b");
  CHECK(answer.status == 404);
  CHECK_NOTHROW(nlohmann::json::parse(answer.body));
}

TEST_CASE_METHOD(Fixture, "a reload that succeeds reports what changed") {
  control.reload_report.ok = true;
  control.reload_report.rules_added = {"web"};
  control.reload_report.servers_changed = {"pool/web1"};
  control.reload_report.flows_kept = 12;
  control.reload_report.flows_now_matching_another_rule = 1;
  const auto answer = ask("POST", "/v1/reload");
  CHECK(answer.status == 200);
  const auto report = nlohmann::json::parse(answer.body);
  CHECK(report["rules"]["added"] == nlohmann::json::array({"web"}));
  CHECK(report["rules"]["removed"].empty());
  CHECK(report["servers"]["changed"][0] == "pool/web1");
  CHECK(report["flows_kept"] == 12);
  CHECK(report["flows_now_matching_another_rule"] == 1);
}

TEST_CASE_METHOD(Fixture, "a reload that fails is a conflict with its errors") {
  control.reload_report.errors = {"weir.ini:3: error: unknown key 'prot'"};
  const auto answer = ask("POST", "/v1/reload");
  CHECK(answer.status == 409);
  CHECK(nlohmann::json::parse(answer.body)["errors"][0] == "weir.ini:3: error: unknown key 'prot'");
}

TEST_CASE_METHOD(Fixture, "an answer may come later") {
  control.answers_later = true;
  Api api(control, history);
  bool answered = false;
  api.handle({.access = Access::everything,
              .method = "GET",
              .path = "/v1/flows",
              .query = {},
              .body = {},
              .captured = {}},
             [&](const ApiAnswer& answer) { answered = answer.status == 200; });
  CHECK_FALSE(answered);
  control.waiting.at(0)(std::make_shared<const FlowList>());
  CHECK(answered);
}

TEST_CASE_METHOD(Fixture, "one answer lists a bounded number of flows") {
  CHECK(ask("GET", "/v1/flows", {{"limit", "10000"}}).status == 200);
  CHECK(ask("GET", "/v1/flows", {{"limit", "10001"}}).status == 400);
}

TEST_CASE_METHOD(Fixture, "who may only read hears of fewer flows at once, and can wait for them") {
  CHECK(ask("GET", "/v1/flows").status == 200);
  access = Access::read_only;
  CHECK(ask("GET", "/v1/flows").status == 200);
  CHECK(ask("GET", "/v1/flows", {{"limit", "10000"}}).status == 200);
  REQUIRE(control.filters.size() == 3);
  CHECK(control.filters[0].limit == 1000);
  CHECK(control.filters[0].haste == FlowFilter::Haste::at_once);
  CHECK(control.filters[1].limit == 100);
  CHECK(control.filters[1].haste == FlowFilter::Haste::can_wait);
  CHECK(control.filters[2].limit == 10'000);
}

TEST_CASE_METHOD(Fixture, "where too many different lists are wanted, one more is refused") {
  control.is_crowded = true;
  const auto answer = ask("GET", "/v1/flows");
  CHECK(answer.status == 503);
  CHECK(answer.body.find("try again") != std::string::npos);
}

TEST_CASE("a long list of flows costs more than other requests") {
  const auto cost = [](std::vector<std::pair<std::string, std::string>> query) {
    return Api::cost_of({.access = Access::read_only,
                         .method = "GET",
                         .path = "/v1/flows",
                         .query = std::move(query),
                         .body = {},
                         .captured = {}});
  };
  CHECK(cost({}) == 1);
  CHECK(cost({{"limit", "100"}}) == 2);
  CHECK(cost({{"limit", "10000"}}) == 101);
  CHECK(cost({{"limit", "99999999"}}) == 101);
  CHECK(cost({{"limit", "many"}}) == 1);
}

TEST_CASE_METHOD(Fixture, "a flow is closed by its id, and one that is not there is 404") {
  const auto closed = ask("DELETE", "/v1/flows/live-0-1");
  CHECK(closed.status == 200);
  CHECK(nlohmann::json::parse(closed.body) ==
        nlohmann::json{{"id", "live-0-1"}, {"end", "killed"}});
  const auto none = ask("DELETE", "/v1/flows/live-0-2");
  CHECK(none.status == 404);
  CHECK(nlohmann::json::parse(none.body)["errors"][0] == "there is no live flow live-0-2");
  CHECK(ask("GET", "/v1/flows/live-0-1").status == 405);
  CHECK(ask("DELETE", "/v1/flows/").status == 404);
}

TEST_CASE_METHOD(Fixture, "drain is passed on and answers with what is still there") {
  const auto answer = ask("POST", "/v1/drain");
  CHECK(answer.status == 200);
  CHECK(nlohmann::json::parse(answer.body) ==
        nlohmann::json{{"draining", true}, {"tcp_flows", 3}, {"udp_flows", 4}});
  CHECK(control.drains == 1);
}

TEST_CASE_METHOD(Fixture, "the rules of the firewall are kept no longer, or it says why they are") {
  CHECK(nlohmann::json::parse(ask("POST", "/v1/firewall/release").body) ==
        nlohmann::json{{"kept", false}});
  control.released = Error("this gateway keeps no rules of the firewall");
  const auto refused = ask("POST", "/v1/firewall/release");
  CHECK(refused.status == 409);
  CHECK(nlohmann::json::parse(refused.body)["errors"] ==
        nlohmann::json{"this gateway keeps no rules of the firewall"});
  CHECK(control.releases == 2);
}

TEST_CASE_METHOD(Fixture, "the log level is set by name, and everything else is 400") {
  body = R"({"level":"warning"})";
  CHECK(ask("PATCH", "/v1/log").status == 200);
  CHECK(control.levels == std::vector{LogLevel::warning});
  for (const char* wrong :
       {"", "warning", "{}", R"({"level":"loud"})", R"({"level":1})", R"({"levels":"info"})",
        R"({"level":"info","more":1})", R"({"level":"info")", "[\"level\"]"}) {
    INFO(wrong);
    body = wrong;
    const auto answer = ask("PATCH", "/v1/log");
    CHECK(answer.status == 400);
    CHECK(nlohmann::json::parse(answer.body)["errors"].size() == 1);
  }
  CHECK(control.levels.size() == 1);
}

TEST_CASE_METHOD(Fixture, "who may only read can read everything and change nothing") {
  access = Access::read_only;
  for (const char* path :
       {"/", "/metrics", "/v1/status", "/v1/rules", "/v1/upstreams", "/v1/flows", "/v1/top"}) {
    INFO(path);
    CHECK(ask("GET", path).status == 200);
    CHECK(ask("HEAD", path).status == 200);
    CHECK(ask("POST", path).status == 405);
  }
  body = R"({"level":"debug"})";
  for (const auto& [method, path] : {std::pair{"POST", "/v1/reload"},
                                     {"POST", "/v1/drain"},
                                     {"POST", "/v1/firewall/release"},
                                     {"DELETE", "/v1/flows/live-0-1"},
                                     {"PATCH", "/v1/log"}}) {
    INFO(path);
    const auto answer = ask(method, path);
    CHECK(answer.status == 405);
    CHECK(answer.body.find("only for reading") != std::string::npos);
  }
  CHECK(control.drains == 0);
  CHECK(control.releases == 0);
  CHECK(control.levels.empty());
}

TEST_CASE_METHOD(Fixture, "the busiest come with their speeds") {
  control.busy.clients = {{.address = Address::parse("192.0.2.1").value(),
                           .flows = 2,
                           .bytes = 300,
                           .bytes_per_second = 50}};
  control.busy.clients_total = 1;
  TopTalkers::Flow flow;
  flow.record.id = "a-0-1";
  flow.record.live = true;
  flow.bytes_per_second = 7;
  control.busy.flows = {flow, flow};
  control.busy.flows_total = 9;
  const auto answer = json("/v1/top");
  CHECK(answer["clients"] == nlohmann::json::parse(R"([{"client":"192.0.2.1","flows":2,
        "bytes":300,"bytes_per_second":50}])"));
  CHECK(answer["flows"].size() == 2);
  CHECK(answer["flows"][1]["id"] == "a-0-1");
  CHECK(answer["flows"][1]["bytes_per_second"] == 7);
  CHECK(answer["flows_total"] == 9);
}

}  // namespace
}  // namespace weir
