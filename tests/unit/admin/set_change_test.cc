// PATCH of a set, and the list of sets: what reaches the gateway, and what is refused before.
#include "admin/set_change.h"

#include <string>

#include <nlohmann/json.hpp>

#include "catch.h"
#include "fake_control.h"

namespace weir {
namespace {

ApiAnswer ask(FakeControl& control, const std::string& method, const std::string& path,
              const std::string& body, Access access = Access::everything) {
  ApiAnswer out;
  const History history;
  Api(control, history)
      .handle({.access = access,
               .uid = 1000,
               .method = method,
               .path = path,
               .query = {},
               .body = body,
               .captured = {}},
              [&](ApiAnswer answer) { out = std::move(answer); });
  return out;
}

ApiAnswer patch(FakeControl& control, const std::string& body,
                const std::string& path = "/v1/sets/paused") {
  return ask(control, "PATCH", path, body);
}

}  // namespace

TEST_CASE("a change of a set reaches the gateway with its user, and the set is the answer") {
  FakeControl control;
  const auto answer = patch(
      control,
      R"({"add": ["192.0.2.7", "192.0.2.8"], "remove": ["::/0"], "for": "1h", "force": true})");
  CHECK(answer.status == 200);
  CHECK(nlohmann::json::parse(answer.body).at("name") == "paused");
  CHECK(nlohmann::json::parse(answer.body).at("trouble") == "");
  REQUIRE(control.sets_of.changes.size() == 1);
  const SetChange& change = control.sets_of.changes[0];
  CHECK(change.add == std::vector<std::string>{"192.0.2.7", "192.0.2.8"});
  CHECK(change.remove == std::vector<std::string>{"::/0"});
  CHECK(change.duration == Milliseconds(3'600'000));
  CHECK(change.uid == 1000);
  CHECK(change.force);
  CHECK(patch(control, R"({"add": ["192.0.2.7"]})").status == 200);
  CHECK_FALSE(control.sets_of.changes[1].duration);
  CHECK_FALSE(control.sets_of.changes[1].force);
}

TEST_CASE("a change that makes no sense is refused with every error, and nothing changes") {
  FakeControl control;
  for (const std::string body :
       {"", "{", "[]", "{}", "3", "null", R"({"add": []})", R"({"add": "192.0.2.1"})",
        R"({"add": [3]})", R"({"add": ["192.0.2.1"], "for": "0s"})",
        R"({"add": ["192.0.2.1"], "for": 3})", R"({"add": ["192.0.2.1"], "for": "soon"})",
        R"({"add": ["192.0.2.1"], "for": "999999999h"})",
        R"({"add": ["192.0.2.1"], "force": "yes"})", R"({"add": ["192.0.2.1"], "until": "1h"})"}) {
    INFO(body);
    const auto answer = patch(control, body);
    CHECK(answer.status == 400);
    CHECK(nlohmann::json::parse(answer.body).at("errors").size() == 1);
  }
  const auto answer = patch(control, R"({"add": 3, "remove": 3, "for": 3, "force": 3, "x": 3})");
  CHECK(nlohmann::json::parse(answer.body).at("errors").size() == 5);
  CHECK(control.sets_of.changes.empty());
}

TEST_CASE("what the gateway says of a change has its status: 400, 404 or 409") {
  FakeControl control;
  const std::string body = R"({"add": ["192.0.2.1"]})";
  for (const auto& [kind, status] : {std::pair(SetOutcome::Kind::invalid, 400U),
                                     {SetOutcome::Kind::unknown, 404U},
                                     {SetOutcome::Kind::refused, 409U}}) {
    control.sets_of.outcome.kind = kind;
    control.sets_of.outcome.errors = {"one", "two"};
    const auto answer = patch(control, body);
    CHECK(answer.status == status);
    CHECK(nlohmann::json::parse(answer.body).at("errors").size() == 2);
  }
}

TEST_CASE("what is in a set is said on the control socket alone") {
  FakeControl control;
  const auto all = nlohmann::json::parse(ask(control, "GET", "/v1/sets", "").body);
  const auto& set = all.at("sets").at(0);
  CHECK(set.at("name") == "paused");
  CHECK(set.at("prefixes") == 3);
  CHECK(set.at("added") == 1);
  CHECK(set.at("removed") == 1);
  REQUIRE(set.at("live").size() == 2);
  CHECK(set.at("live").at(0).at("item") == "192.0.2.7");
  CHECK(set.at("live").at(0).at("change") == "added");
  CHECK(set.at("live").at(0).at("uid") == 1000);
  CHECK(set.at("live").at(0).at("left_ms") == 60'000);
  CHECK(set.at("live").at(0).at("until").get<std::string>().ends_with("Z"));
  CHECK(set.at("live").at(1).at("change") == "removed");
  CHECK(set.at("live").at(1).at("until").is_null());
  CHECK(set.at("live").at(1).at("left_ms").is_null());
  const auto read =
      nlohmann::json::parse(ask(control, "GET", "/v1/sets", "", Access::read_only).body);
  CHECK(read.at("sets").at(0).at("added") == 1);
  CHECK_FALSE(read.at("sets").at(0).contains("live"));
  CHECK_FALSE(read.at("sets").at(0).contains("kept_for"));
  CHECK(ask(control, "PATCH", "/v1/sets/paused", R"({"add": ["192.0.2.7"]})", Access::read_only)
            .status == 405);
}

}  // namespace weir
