#include "takeover/known_servers.h"

#include <chrono>

#include "catch.h"

namespace weir {
namespace {

using takeover::GatewayState;

Instant at(std::int64_t us) { return Instant(std::chrono::microseconds(us)); }
Address address(const char* text) { return Address::parse(text).value(); }

GatewayState some_state(ServerPool& pool, std::vector<std::shared_ptr<void>>& held) {
  auto ejected = pool.get({.upstream = "pool", .name = "web1", .host = "192.0.2.60", .port = 80});
  ejected->health.restore({.admin_state = ServerHealth::AdminState::drain,
                           .checked = ServerHealth::Checked::down,
                           .failures = 3,
                           .ejected_until = 77,
                           .up_since = 78});
  ejected->weight_override.store(9);
  ejected->status = {.why = "set by the operator",
                     .check = "check: refused",
                     .since = at(5),
                     .state = ServerHealth::State::drain,
                     .check_us = 321,
                     .resolved = {}};
  auto service = pool.service("_web._tcp.lab.test");
  service->publish({{.host = "a.lab.test", .port = 81, .priority = 1, .weight = 2}});
  service->resolved = at(6);
  held = {ejected, service};
  Resolver::Known known;
  known.names.push_back({.name = "www.lab.test",
                         .four = {address("192.0.2.1")},
                         .six = {address("fd00::1"), address("fd00::2")},
                         .due = at(100),
                         .refreshed = at(50)});
  known.services["_web._tcp.lab.test"] = at(200);
  GatewayState out;
  out.pid = 4711;
  out.port = 50'080;
  out.bypass_mark = {.value = 2, .mask = 2};
  out.process = UINT64_MAX;
  out.flows_as_of = 1'783'368'000;
  out.firewall = {.backend = "iptables",
                  .script = "a\nb",
                  .text = "\xff not text",
                  .outside = {"wan", "ppp0"},
                  .has_cleanup_process = true};
  out.notify = {.address = "@manager", .watchdog_ms = 15'000};
  describe_servers(pool, known, out);
  return out;
}

TEST_CASE("what a gateway has learnt is the same in another process's pool") {
  ServerPool pool;
  std::vector<std::shared_ptr<void>> held;
  const GatewayState state = some_state(pool, held);
  const auto read = takeover::decode_gateway_state(encode(state));
  REQUIRE(read.ok());
  const GatewayState& again = read.value();
  CHECK(again.pid == 4711);
  CHECK(again.port == 50'080);
  CHECK(again.bypass_mark == state.bypass_mark);
  CHECK(again.flows_as_of == 1'783'368'000);
  CHECK(again.process == UINT64_MAX);
  CHECK(again.firewall.backend == "iptables");
  CHECK(again.firewall.script == "a\nb");
  CHECK(again.firewall.text == "\xff not text");
  CHECK(again.firewall.outside == state.firewall.outside);
  CHECK(again.firewall.has_cleanup_process);
  CHECK(again.notify.address == "@manager");
  CHECK(again.notify.watchdog_ms == 15'000);
  REQUIRE(again.known.names.size() == 1);
  CHECK(again.known.names[0].six == state.known.names[0].six);
  CHECK(again.known.names[0].due == at(100));
  CHECK(again.known.services == state.known.services);

  ServerPool other;
  const auto restored = restore_servers(again, other);
  const auto server =
      other.get({.upstream = "pool", .name = "web1", .host = "192.0.2.60", .port = 80});
  CHECK(server->health.admin_state() == ServerHealth::AdminState::drain);
  CHECK(server->health.checked() == ServerHealth::Checked::down);
  CHECK(server->health.saved().failures == 3);
  CHECK(server->health.saved().ejected_until == 77);
  CHECK(server->health.saved().up_since == 78);
  CHECK(server->weight_override.load() == 9);
  CHECK(server->status.why == "set by the operator");
  CHECK(server->status.since == at(5));
  CHECK(server->status.check_us == 321);
  const auto service = other.service("_web._tcp.lab.test");
  CHECK(service->targets() == pool.service("_web._tcp.lab.test")->targets());
  CHECK(service->resolved == at(6));
}

TEST_CASE("a gateway's state that breaks off, or goes on, is refused at every byte") {
  ServerPool pool;
  std::vector<std::shared_ptr<void>> held;
  const std::string whole = encode(some_state(pool, held));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(takeover::decode_gateway_state(std::string_view(whole).substr(0, size)).ok());
  }
  CHECK_FALSE(takeover::decode_gateway_state(whole + '\0').ok());
}

TEST_CASE("a server's state that no gateway writes is refused") {
  ServerPool pool;
  std::vector<std::shared_ptr<void>> held;
  GatewayState state = some_state(pool, held);
  REQUIRE(takeover::decode_gateway_state(encode(state)).ok());
  state.servers[0].health.admin_state = static_cast<ServerHealth::AdminState>(9);
  CHECK_FALSE(takeover::decode_gateway_state(encode(state)).ok());
}

}  // namespace
}  // namespace weir
