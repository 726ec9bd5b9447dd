#include "gateway/offer.h"

#include <chrono>

#include "catch.h"

namespace weir {
namespace {

Instant at(std::int64_t us) { return Instant(std::chrono::microseconds(us)); }
Address address(const char* text) { return Address::parse(text).value(); }

Offer some_offer(ServerPool& pool, std::vector<std::shared_ptr<void>>& held) {
  auto ejected = pool.get({.upstream = "pool", .name = "web1", .host = "192.0.2.60", .port = 80});
  ejected->health.restore({.wish = ServerHealth::Wish::drain,
                           .checked = ServerHealth::Checked::down,
                           .failures = 3,
                           .ejected_until = 77,
                           .up_since = 78});
  ejected->weight_override.store(9);
  ejected->told = {.why = "by the operator",
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
  Offer out;
  out.pid = 4711;
  out.port = 50'080;
  out.bypass_mark = {.value = 2, .mask = 2};
  out.process = UINT64_MAX;
  out.firewall = {
      .backend = "iptables", .script = "a\nb", .text = "\xff not text", .has_guardian = true};
  out.notify = {.address = "@manager", .watchdog_ms = 15'000};
  describe_servers(pool, known, out);
  return out;
}

TEST_CASE("what a gateway has learnt is the same in another process's pool") {
  ServerPool pool;
  std::vector<std::shared_ptr<void>> held;
  const Offer offer = some_offer(pool, held);
  const auto read = offer_from_json(to_json(offer));
  REQUIRE(read.ok());
  const Offer& again = read.value();
  CHECK(again.pid == 4711);
  CHECK(again.port == 50'080);
  CHECK(again.bypass_mark == offer.bypass_mark);
  CHECK(again.process == UINT64_MAX);
  CHECK(again.firewall.script == "a\nb");
  CHECK(again.firewall.has_guardian);
  CHECK(again.notify.address == "@manager");
  REQUIRE(again.known.names.size() == 1);
  CHECK(again.known.names[0].six == offer.known.names[0].six);
  CHECK(again.known.names[0].due == at(100));
  CHECK(again.known.services == offer.known.services);

  ServerPool other;
  const auto restored = restore_servers(again, other);
  const auto server =
      other.get({.upstream = "pool", .name = "web1", .host = "192.0.2.60", .port = 80});
  CHECK(server->health.wish() == ServerHealth::Wish::drain);
  CHECK(server->health.checked() == ServerHealth::Checked::down);
  CHECK(server->health.saved().failures == 3);
  CHECK(server->health.saved().ejected_until == 77);
  CHECK(server->health.saved().up_since == 78);
  CHECK(server->weight_override.load() == 9);
  CHECK(server->told.why == "by the operator");
  CHECK(server->told.since == at(5));
  CHECK(server->told.check_us == 321);
  const auto service = other.service("_web._tcp.lab.test");
  CHECK(service->targets() == pool.service("_web._tcp.lab.test")->targets());
  CHECK(service->resolved == at(6));
}

TEST_CASE("what is no offer is refused, however much of one it has") {
  ServerPool pool;
  std::vector<std::shared_ptr<void>> held;
  const std::string whole = to_json(some_offer(pool, held));
  for (const std::string& text :
       {std::string(), std::string("null"), std::string("[]"), std::string("{}"),
        std::string(R"({"pid": "x"})"), whole.substr(0, whole.size() / 2)}) {
    CHECK_FALSE(offer_from_json(text).ok());
  }
  auto odd = whole;
  odd.replace(odd.find("\"wish\":2"), 8, "\"wish\":9");
  REQUIRE(offer_from_json(odd).ok());
  CHECK(offer_from_json(odd).value().servers[0].health.wish == ServerHealth::Wish::up);
}

}  // namespace
}  // namespace weir
