// PATCH of a server: what reaches the gateway, and what is refused before.
#include "admin/set_server.h"

#include <string>

#include <nlohmann/json.hpp>

#include "catch.h"
#include "fake_control.h"

namespace weir {
namespace {

ApiAnswer patch(FakeControl& control, const std::string& body,
                const std::string& path = "/v1/upstreams/pool/servers/web1") {
  ApiAnswer out;
  const History history;
  Api(control, history)
      .handle({.method = "PATCH", .path = path, .query = {}, .body = body, .captured = {}},
              [&](ApiAnswer answer) { out = std::move(answer); });
  return out;
}

}  // namespace

TEST_CASE("a state and a weight reach the gateway, and the server is the answer") {
  FakeControl control;
  const auto answer = patch(control, R"({"state": "drain"})");
  CHECK(answer.status == 200);
  CHECK(nlohmann::json::parse(answer.body).at("name") == "web1");
  CHECK(patch(control, R"({"weight": 256})").status == 200);
  CHECK(patch(control, R"({"state": "up", "weight": 1})").status == 200);
  REQUIRE(control.changes.size() == 3);
  CHECK(control.changes[0].admin_state == ServerHealth::AdminState::drain);
  CHECK_FALSE(control.changes[0].weight);
  CHECK_FALSE(control.changes[1].admin_state);
  CHECK(control.changes[1].weight == 256);
  CHECK(control.changes[2].admin_state == ServerHealth::AdminState::up);
  CHECK(control.changes[2].weight == 1);
}

TEST_CASE("a body that makes no sense is refused with every error, and nothing changes") {
  FakeControl control;
  for (const std::string body : {"", "{", "[]", "{}", "3", "null"}) {
    INFO(body);
    const auto answer = patch(control, body);
    CHECK(answer.status == 400);
    CHECK(nlohmann::json::parse(answer.body).at("errors").size() == 1);
  }
  for (const std::string weight :
       {"0", "257", "-1", "1.5", "\"3\"", "null", "1e400", "99999999999"}) {
    INFO(weight);
    CHECK(patch(control, R"({"weight": )" + weight + "}").status == 400);
  }
  const auto answer = patch(control, R"({"state": "sideways", "weight": 0, "speed": 3})");
  CHECK(nlohmann::json::parse(answer.body).at("errors").size() == 3);
  CHECK(control.changes.empty());
}

TEST_CASE("an upstream or server that is not there is 404") {
  FakeControl control;
  CHECK(patch(control, R"({"state": "up"})", "/v1/upstreams/pool/servers/web9").status == 404);
  CHECK(patch(control, R"({"state": "up"})", "/v1/upstreams/pond/servers/web1").status == 404);
  CHECK(control.changes.empty());
}

}  // namespace weir
