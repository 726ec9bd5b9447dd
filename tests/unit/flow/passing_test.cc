// Which flows pass by, of snapshots of configurations as they are written. Addresses of 127/8 are
// the router's own on every machine.
#include "flow/passing.h"

#include <string>

#include "catch.h"
#include "config/made_up_files.h"
#include "flow/snapshot.h"

namespace weir {
namespace {

struct World {
  explicit World(const std::string& text) {
    auto loaded = load_text(text);
    REQUIRE(loaded.configuration);
    auto made = Snapshot::Maker{servers, rules, upstreams, 1000}.make(
        std::move(*loaded.configuration), nullptr);
    REQUIRE(made.ok());
    snapshot = made.value();
  }
  [[nodiscard]] std::string why(const Flow& flow) {
    const auto reason = passing.why(flow, snapshot->choose(flow), *snapshot);
    return reason ? std::string(name_of(*reason)) : "";
  }
  [[nodiscard]] std::string why(Protocol protocol, const char* client, const char* destination) {
    return why({.protocol = protocol,
                .client = {Address::parse(client).value(), 4000},
                .destination = Endpoint::parse(destination).value(),
                .interface = 0});
  }
  // Dials by the rule's route, as a flow of a client in the LAN would.
  [[nodiscard]] std::unique_ptr<TcpDial::SocketObserver::Memory> dials(const char* destination) {
    const Flow flow{.protocol = Protocol::tcp,
                    .client = Endpoint::parse("198.51.100.77:4000").value(),
                    .destination = Endpoint::parse(destination).value(),
                    .interface = 0};
    const Route route = snapshot->choose(flow).upstream->route(flow, {});
    REQUIRE(route.verdict == Route::Verdict::dial);
    return passing.remember(route, *snapshot);
  }
  void pass(Milliseconds time) {
    now += time;
    timers.advance(now);
  }

  ServerPool servers;
  CounterRegistry rules{1};
  CounterRegistry upstreams{1};
  std::shared_ptr<const Snapshot> snapshot;
  Instant now{};
  TimerWheel timers{now};
  AskedDestinations asked;
  Passing passing{timers, asked, [this]() { return now; }};
};

constexpr auto tcp = Protocol::tcp;
constexpr auto udp = Protocol::udp;

}  // namespace

TEST_CASE("a client that is a server of its flow's upstream passes by") {
  World world(
      "[rule dns]\non = any/53\nuse = pihole\n[rule web]\non = tcp/80\nuse = other\n"
      "[upstream pihole]\ntype = forward\nserver = 192.0.2.3:53\nserver = [fd00:1::3]:53\n"
      "[upstream other]\ntype = forward\nserver = 192.0.2.4\n");
  CHECK(world.why(udp, "192.0.2.3", "203.0.113.53:53") == "own-server");
  CHECK(world.why(tcp, "192.0.2.3", "203.0.113.53:53") == "own-server");
  CHECK(world.why(udp, "fd00:1::3", "[fd00:2::53]:53") == "own-server");
  CHECK(world.why(udp, "198.51.100.77", "203.0.113.53:53").empty());
  CHECK(world.why(tcp, "192.0.2.3", "203.0.113.53:80").empty());  // another upstream's
  CHECK(world.why(tcp, "192.0.2.4", "203.0.113.53:80") == "own-server");
}

TEST_CASE("what passes by keeps its rule, and goes as transparent") {
  World world(
      "[rule dns]\non = any/53\nuse = pihole\n"
      "[upstream pihole]\ntype = forward\nserver = 192.0.2.3:53\n");
  const Flow flow{.protocol = udp,
                  .client = Endpoint::parse("192.0.2.3:4000").value(),
                  .destination = Endpoint::parse("203.0.113.53:53").value(),
                  .interface = 0};
  const RuleEntry& passing = world.snapshot->passing(world.snapshot->choose(flow));
  CHECK(passing.name == "dns");
  CHECK(passing.counters == world.snapshot->choose(flow).counters);
  CHECK(passing.upstream->name() == "transparent");
  const Route route = passing.upstream->route(flow, {});
  CHECK(route.remote == flow.destination);
  CHECK(route.source.kind == SourceKind::client);
}

TEST_CASE("servers of a group's members and those on the way are servers, too") {
  World world(
      "[rule dns]\non = any/53\nuse = any\n[rule web]\non = tcp/80\nuse = chain\n"
      "[upstream any]\ntype = group\nmembers = one, two\n"
      "[upstream one]\ntype = forward\nserver = 192.0.2.3:53\n"
      "[upstream two]\ntype = forward\nserver = 192.0.2.4:53\n"
      "[upstream near]\ntype = socks5\nserver = 192.0.2.5:1080\n"
      "[upstream chain]\ntype = socks5\nserver = 198.51.100.6:1080\nvia = near\n");
  CHECK(world.why(udp, "192.0.2.3", "203.0.113.53:53") == "own-server");
  CHECK(world.why(udp, "192.0.2.4", "203.0.113.53:53") == "own-server");
  CHECK(world.why(tcp, "192.0.2.5", "203.0.113.5:80") == "own-server");
  CHECK(world.why(tcp, "198.51.100.6", "203.0.113.5:80") == "own-server");
  CHECK(world.why(tcp, "192.0.2.3", "203.0.113.5:80").empty());
}

TEST_CASE("a server by name is known when its name is answered, and with every answer anew") {
  World world(
      "[rule dns]\non = any/53\nuse = pihole\n"
      "[upstream pihole]\ntype = forward\nserver = pi.lab.test:53\n");
  CHECK(world.why(udp, "192.0.2.3", "203.0.113.53:53").empty());
  const auto answered = [&](const char* address) {
    AddressSet set;
    set.add(Address::parse(address).value());
    world.snapshot->upstreams()[0]->servers()[0]->publish(set);
  };
  answered("192.0.2.3");
  CHECK(world.why(udp, "192.0.2.3", "203.0.113.53:53") == "own-server");
  answered("192.0.2.9");
  CHECK(world.why(udp, "192.0.2.3", "203.0.113.53:53").empty());
  CHECK(world.why(udp, "192.0.2.9", "203.0.113.53:53") == "own-server");
}

namespace {

const std::string local_proxy =
    "[firewall]\nlocal = yes\n[rule web]\non = tcp/80\nuse = proxy\n"
    "[upstream proxy]\ntype = socks5\nserver = 127.0.0.1:9050\n";

}  // namespace

TEST_CASE("what a proxy on the router is asked for passes by, once, and nothing else") {
  World world(local_proxy);
  CHECK(world.why(tcp, "127.0.0.9", "203.0.113.5:80").empty());
  const auto dial = world.dials("203.0.113.5:80");
  REQUIRE(dial);
  CHECK(world.why(tcp, "198.51.100.77", "203.0.113.5:80").empty());  // a client's
  CHECK(world.why(tcp, "127.0.0.9", "203.0.113.6:80").empty());
  CHECK(world.why(tcp, "127.0.0.9", "203.0.113.5:80") == "own-proxy");
  CHECK(world.why(tcp, "127.0.0.9", "203.0.113.5:80").empty());
}

TEST_CASE("a proxy's connection may come a moment after its answer, and not later") {
  World world(local_proxy);
  world.dials("203.0.113.5:80").reset();
  world.pass(Milliseconds(900));
  CHECK(world.why(tcp, "127.0.0.9", "203.0.113.5:80") == "own-proxy");
  world.dials("203.0.113.5:80").reset();
  world.dials("203.0.113.6:80").reset();
  world.pass(Milliseconds(1'200));
  CHECK(world.why(tcp, "127.0.0.9", "203.0.113.5:80").empty());
  CHECK(world.why(tcp, "127.0.0.9", "203.0.113.6:80").empty());
}

TEST_CASE("of a chain every proxy on the router is asked for the next one") {
  World world(
      "[firewall]\nlocal = yes\n[rule web]\non = tcp/80\nuse = far\n"
      "[upstream near]\ntype = socks5\nserver = 127.0.0.1:9050\n"
      "[upstream far]\ntype = http-connect\nserver = 198.51.100.7:80\nvia = near\n");
  const auto dial = world.dials("203.0.113.5:80");
  CHECK(world.why(tcp, "127.0.0.9", "203.0.113.5:80").empty());
  CHECK(world.why(tcp, "127.0.0.9", "198.51.100.7:80") == "own-proxy");
}

TEST_CASE("nothing is remembered without local = yes, or of a proxy elsewhere") {
  World off(
      "[rule web]\non = tcp/80\nuse = proxy\n"
      "[upstream proxy]\ntype = socks5\nserver = 127.0.0.1:9050\n");
  CHECK_FALSE(off.dials("203.0.113.5:80"));
  World elsewhere(
      "[firewall]\nlocal = yes\n[rule web]\non = tcp/80\nuse = proxy\n"
      "[upstream proxy]\ntype = socks5\nserver = 198.51.100.7:9050\n");
  CHECK_FALSE(elsewhere.dials("203.0.113.5:80"));
}

TEST_CASE("datagrams that a relay on the router is asked for pass by until they are withdrawn") {
  World world(
      "[firewall]\nlocal = yes\n[rule dns]\non = udp/53\nuse = proxy\n"
      "[upstream proxy]\ntype = socks5\nserver = 127.0.0.1:9050\n");
  const Endpoint there = Endpoint::parse("203.0.113.53:53").value();
  CHECK_FALSE(world.passing.ask_datagrams(Endpoint::parse("198.51.100.7:1080").value(), there,
                                          *world.snapshot));
  CHECK(world.passing.ask_datagrams(Endpoint::parse("127.0.0.1:9050").value(), there,
                                    *world.snapshot));
  for (int i = 0; i < 3; ++i) {
    CHECK(world.why(udp, "127.0.0.9", "203.0.113.53:53") == "own-proxy");
  }
  world.passing.withdraw_datagrams(there);
  CHECK(world.why(udp, "127.0.0.9", "203.0.113.53:53").empty());
}

TEST_CASE("a server on the router that is told nothing gets nothing of the router's own") {
  const std::string text =
      "[rule dns]\non = any/53\nuse = here\n"
      "[upstream here]\ntype = forward\nserver = 127.0.0.1:5353\n[firewall]\nlocal = yes\n";
  World world(text);
  CHECK(world.why(udp, "127.0.0.9", "203.0.113.53:53") == "own-server");
  CHECK(world.why(udp, "198.51.100.77", "203.0.113.53:53").empty());
  World named(text + "exclude-user = tor\n");
  CHECK(named.why(udp, "127.0.0.9", "203.0.113.53:53").empty());
}

}  // namespace weir
