// Which server a flow gets: backups, limits, health, per-server sources, hashing, services. The
// clock is made up.
#include "upstream/pool.h"

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/server_counts.h"
#include "make.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using Tried = std::vector<std::shared_ptr<Server>>;
using Lines = std::vector<std::pair<std::string, std::string>>;

const Flow from_v4 = flow("198.51.100.2:4000", "203.0.113.5:8080");

struct World {
  Instant now{1'000s};
  ServerPool servers{[this] { return now; }};

  std::shared_ptr<Upstream> make(const Lines& lines) {
    auto made = make_upstream(section("forward", lines), servers, nobody);
    INFO((made.ok() ? "" : made.error().text()));
    REQUIRE(made.ok());
    made.value()->server_set()->enter_force();
    return made.value();
  }
};

std::string name_of(const Route& route) {
  return route.server ? route.server->identity().name : "none";
}

std::string chosen(const Upstream& upstream, const Flow& flow = from_v4, const Tried& tried = {}) {
  return name_of(upstream.route(flow, tried));
}

std::set<std::string> choices(const Upstream& upstream, int times = 20) {
  std::set<std::string> out;
  for (int i = 0; i < times; ++i) {
    out.insert(chosen(upstream));
  }
  return out;
}

using Names = std::set<std::string>;

ServerHealth& health(const Upstream& upstream, std::size_t which) {
  return upstream.servers()[which]->health;
}

void fail(const Upstream& upstream, std::size_t which, Instant now, int times = 5) {
  for (int i = 0; i < times; ++i) {
    upstream.servers()[which]->note_failure(now);
  }
}

}  // namespace

TEST_CASE("a backup gets flows only while no other server is usable") {
  World world;
  const auto pool = world.make({{"server", "a=192.0.2.1"},
                                {"server", "b=192.0.2.2"},
                                {"server", "spare=192.0.2.3 backup"},
                                {"server", "spare2=192.0.2.4 backup"}});
  CHECK(choices(*pool) == Names{"a", "b"});
  health(*pool, 0).set_admin_state(ServerHealth::AdminState::drain, world.now);
  CHECK(choices(*pool) == Names{"b"});
  health(*pool, 1).set_checked(ServerHealth::Checked::down, world.now);
  CHECK(choices(*pool) == Names{"spare", "spare2"});
  health(*pool, 0).set_admin_state(ServerHealth::AdminState::up, world.now);
  CHECK(choices(*pool) == Names{"a"});
  // For the rest of one flow's attempts, too.
  CHECK(chosen(*pool, from_v4, {pool->servers()[0]}).starts_with("spare"));
}

TEST_CASE("a server has at most max-flows, counted from the moment it is chosen") {
  World world;
  const auto pool = world.make(
      {{"server", "a=192.0.2.1 max-flows=2"}, {"server", "b=192.0.2.2 max-flows=1 backup"}});
  std::vector<Route> held;
  for (int i = 0; i < 4; ++i) {
    held.push_back(pool->route(from_v4, {}));
  }
  std::vector<std::string> names;
  for (const auto& route : held) {
    names.push_back(name_of(route));
  }
  CHECK(names == std::vector<std::string>{"a", "a", "b", "none"});
  held.erase(held.begin());
  CHECK(chosen(*pool) == "a");
  held.clear();
  CHECK(pool->servers()[0]->counts().load() == 0);
}

TEST_CASE("a server that was tried is known again although it was counted") {
  World world;
  const auto pool = world.make(
      {{"server", "a=192.0.2.1"}, {"server", "b=192.0.2.2"}, {"balance", "least-flows"}});
  const Route first = pool->route(from_v4, {});
  const Route second = pool->route(from_v4, Tried{first.server});
  CHECK(name_of(first) != name_of(second));
  CHECK(chosen(*pool, from_v4, {first.server, second.server}) == "none");
}

TEST_CASE("least-flows counts those that are still connecting") {
  World world;
  const auto pool = world.make(
      {{"server", "a=192.0.2.1 weight=2"}, {"server", "b=192.0.2.2"}, {"balance", "least-flows"}});
  std::vector<Route> held;
  std::map<std::string, int> got;
  for (int i = 0; i < 30; ++i) {
    held.push_back(pool->route(from_v4, {}));
    ++got[name_of(held.back())];
  }
  CHECK(got == std::map<std::string, int>{{"a", 20}, {"b", 10}});
}

TEST_CASE("an ejected server gets no flow, then one on trial") {
  World world;
  const auto pool = world.make({{"server", "a=192.0.2.1"}, {"server", "b=192.0.2.2"}});
  fail(*pool, 0, world.now);
  CHECK(choices(*pool) == Names{"b"});
  world.now += 10s;
  std::map<std::string, int> got;
  for (int i = 0; i < 20; ++i) {
    ++got[chosen(*pool)];
  }
  CHECK(got == std::map<std::string, int>{{"a", 1}, {"b", 19}});
  pool->servers()[0]->note_success(world.now);
  CHECK(choices(*pool) == Names{"a", "b"});
}

TEST_CASE("when all are ejected they are better than none, and backups better than they") {
  World world;
  const auto alone = world.make({{"server", "a=192.0.2.1"}});
  fail(*alone, 0, world.now);
  CHECK(choices(*alone) == Names{"a"});
  CHECK_FALSE(alone->is_up());
  World other;
  const auto pool = other.make({{"server", "b=192.0.2.2"}, {"server", "c=192.0.2.3 backup"}});
  fail(*pool, 0, other.now);
  CHECK(choices(*pool) == Names{"c"});
  CHECK(pool->is_up());
  health(*pool, 1).set_checked(ServerHealth::Checked::down, other.now);
  CHECK(choices(*pool) == Names{"b"});
  health(*pool, 0).set_checked(ServerHealth::Checked::down, other.now);
  CHECK(choices(*pool) == Names{"none"});
}

TEST_CASE("with slow start a server that came back regains its share") {
  for (const std::string balance : {"round-robin", "least-flows", "random-two", "flow-hash"}) {
    INFO(balance);
    World world;
    const auto pool = world.make({{"server", "a=192.0.2.1"},
                                  {"server", "b=192.0.2.2"},
                                  {"server", "c=192.0.2.3 backup"},
                                  {"slow-start", "10s"},
                                  {"balance", balance}});
    const auto share_of_a = [&] {
      int got = 0;
      for (int i = 0; i < 4'000; ++i) {
        Flow one = from_v4;
        one.client.port = static_cast<Port>(1'000 + i);
        const auto name = chosen(*pool, one);
        REQUIRE(name != "c");
        got += name == "a" ? 1 : 0;
      }
      return got / 4'000.0;
    };
    CHECK(share_of_a() > 0.45);
    health(*pool, 0).set_checked(ServerHealth::Checked::down, world.now);
    health(*pool, 0).set_checked(ServerHealth::Checked::up, world.now);
    world.now += 1s;
    CHECK(share_of_a() < 0.12);
    world.now += 4s;
    CHECK(share_of_a() > 0.15);
    CHECK(share_of_a() < 0.42);
    world.now += 5s;
    CHECK(share_of_a() > 0.45);
    // Alone, it takes all there is.
    health(*pool, 0).set_checked(ServerHealth::Checked::down, world.now);
    health(*pool, 0).set_checked(ServerHealth::Checked::up, world.now);
    health(*pool, 1).set_admin_state(ServerHealth::AdminState::down, world.now);
    CHECK(share_of_a() == 1.0);
  }
}

TEST_CASE("a server's own source replaces the upstream's") {
  World world;
  const auto pool = world.make({{"server", "a=192.0.2.1 source=192.0.2.9"},
                                {"server", "six=fd00::1 source=gateway backup"},
                                {"source", "client"}});
  CHECK(pool->route(from_v4, {}).source ==
        Source{SourceKind::address, Address::parse("192.0.2.9").value()});
  health(*pool, 0).set_admin_state(ServerHealth::AdminState::down, world.now);
  const Route route = pool->route(from_v4, {});
  CHECK(name_of(route) == "six");  // the gateway's address, so any family will do
  CHECK(route.source == Source{});
}

TEST_CASE("all addresses of a server are offered, families alternating, the flow's first") {
  World world;
  const auto publish = [](const Upstream& upstream) {
    AddressSet set;
    for (const auto* text : {"192.0.2.1", "192.0.2.2", "192.0.2.3", "fd00::1", "fd00::2"}) {
      set.add(Address::parse(text).value());
    }
    upstream.servers()[0]->publish(set);
  };
  const auto addresses = [](const Route& route) {
    std::vector<std::string> out{route.remote.address.text()};
    for (const auto& address : route.alternates) {
      out.push_back(address.text());
    }
    return out;
  };
  using Texts = std::vector<std::string>;
  const auto any = world.make({{"server", "a=host.example:80"}});
  publish(*any);
  CHECK(addresses(any->route(from_v4, {})) ==
        Texts{"192.0.2.1", "fd00::1", "192.0.2.2", "fd00::2", "192.0.2.3"});
  const auto strict = world.make({{"server", "b=host.example:80"}, {"source", "client"}});
  publish(*strict);
  CHECK(addresses(strict->route(from_v4, {})) == Texts{"192.0.2.1", "192.0.2.2", "192.0.2.3"});
  const auto from_v6 = flow("[2001:db8::2]:4000", "[2001:db8::5]:80");
  CHECK(addresses(strict->route(from_v6, {})) == Texts{"fd00::1", "fd00::2"});
  const auto literal = world.make({{"server", "c=192.0.2.1:80"}});
  CHECK(literal->route(from_v4, {}).alternates.capacity() == 0);
}

TEST_CASE("source-hash keeps a client's flows together, flow-hash only each flow's") {
  World world;
  const Lines servers{
      {"server", "a=192.0.2.1"}, {"server", "b=192.0.2.2"}, {"server", "c=192.0.2.3"}};
  auto by_source = servers;
  by_source.emplace_back("balance", "source-hash");
  auto by_flow = servers;
  by_flow.emplace_back("balance", "flow-hash");
  const auto source = world.make(by_source);
  const auto each = world.make(by_flow);
  Names seen_by_source;
  Names seen_by_flow;
  Names clients;
  for (int i = 0; i < 50; ++i) {
    const auto one = flow("198.51.100.2:" + std::to_string(4'000 + i), "203.0.113.5:80");
    seen_by_source.insert(chosen(*source, one));
    seen_by_flow.insert(chosen(*each, one));
    CHECK(chosen(*each, one) == chosen(*each, one));
    clients.insert(
        chosen(*source, flow("198.51.100." + std::to_string(i + 1) + ":4000", "203.0.113.5:80")));
  }
  CHECK(seen_by_source.size() == 1);
  CHECK(seen_by_flow.size() == 3);
  CHECK(clients.size() == 3);
}

TEST_CASE("two gateways with the same servers in another order send clients to the same ones") {
  World here;
  World there;
  const auto first = here.make({{"server", "a=192.0.2.1"},
                                {"server", "b=192.0.2.2 weight=3"},
                                {"server", "c=192.0.2.3"},
                                {"server", "d=192.0.2.4 backup"},
                                {"balance", "source-hash"}});
  const auto second = there.make({{"server", "d=198.51.100.4 backup"},
                                  {"server", "c=198.51.100.3"},
                                  {"server", "b=198.51.100.2 weight=3"},
                                  {"server", "a=198.51.100.1"},
                                  {"balance", "source-hash"}});
  REQUIRE(first->server_set()->checksum());
  CHECK(first->server_set()->checksum() == second->server_set()->checksum());
  for (int i = 1; i < 255; ++i) {
    const auto one = flow("198.51.100." + std::to_string(i) + ":4000", "203.0.113.5:80");
    CHECK(chosen(*first, one) == chosen(*second, one));
  }
}

TEST_CASE("the records of a service say which servers there are") {
  World world;
  const Lines lines{{"server", "srv:_http._tcp.example.net"}};
  const auto service = world.servers.service("_http._tcp.example.net");
  const auto before = world.make(lines);
  CHECK(chosen(*before) == "none");
  CHECK(before->describe(from_v4) ==
        std::vector<std::string>{"whatever the SRV records of _http._tcp.example.net say"});
  service->publish({{"a.example.net", 8080, 10, 1},
                    {"b.example.net", 8081, 10, 3},
                    {"c.example.net", 8082, 20, 0}});
  CHECK_FALSE(before->server_set()->is_current());
  const auto after = world.make(lines);
  CHECK(after->server_set()->is_current());
  AddressSet address;
  address.add(Address::parse("192.0.2.1").value());
  for (const auto& server : after->servers()) {
    server->publish(address);
  }
  std::map<std::string, int> got;
  for (int i = 0; i < 40; ++i) {
    const Route route = after->route(from_v4, {});
    ++got[name_of(route) + " " + std::to_string(route.remote.port)];
  }
  CHECK(got == std::map<std::string, int>{{"a.example.net:8080 8080", 10},
                                          {"b.example.net:8081 8081", 30}});
  fail(*after, 0, world.now);
  fail(*after, 1, world.now);
  CHECK(choices(*after) == Names{"c.example.net:8082"});
  // One goes, one stays with all it has, one comes.
  const auto stays = after->servers()[1];
  service->publish({{"b.example.net", 8081, 10, 3}, {"d.example.net", 8083, 10, 60'000}});
  const auto last = world.make(lines);
  REQUIRE(last->servers().size() == 2);
  CHECK(last->servers()[0] == stays);
  CHECK(last->server_set()->terms_of(0).weight == 1);
  CHECK(last->server_set()->terms_of(1).weight == 256);
}

TEST_CASE("a server's own line comes before what a service's records say of it") {
  World world;
  const Lines lines{{"server", "srv:_http._tcp.example.net"},
                    {"server", "a.example.net:8080 backup"}};
  const auto service = world.servers.service("_http._tcp.example.net");
  CHECK(world.make(lines)->servers().size() == 1);
  service->publish({{"a.example.net", 8080, 10, 1}, {"b.example.net", 8081, 10, 3}});
  const auto pool = world.make(lines);
  REQUIRE(pool->servers().size() == 2);
  CHECK(pool->servers()[0]->identity().host == "a.example.net");
  CHECK(pool->server_set()->terms_of(0).is_backup);
  CHECK(pool->servers()[1]->identity().host == "b.example.net");
}

TEST_CASE("a weight that the file changes replaces the operator's") {
  World world;
  const auto before = world.make({{"server", "a=192.0.2.1"}, {"server", "b=192.0.2.2"}});
  before->servers()[0]->weight_override.store(3);
  before->servers()[1]->weight_override.store(4);
  const auto after = world.make({{"server", "a=192.0.2.1 weight=5"}, {"server", "b=192.0.2.2"}});
  CHECK(after->server_set()->is_current());
  CHECK(after->server_set()->terms_of(0).weight == 5);
  CHECK(after->server_set()->terms_of(1).weight == 4);
  CHECK(after->servers()[0]->weight_override.load() == 0);
}

TEST_CASE("an operator's weight replaces the configuration's, and outlives it") {
  World world;
  const Lines lines{{"server", "a=192.0.2.1"}, {"server", "b=192.0.2.2"}};
  const auto before = world.make(lines);
  before->servers()[0]->weight_override.store(3);
  CHECK_FALSE(before->server_set()->is_current());
  const auto after = world.make(lines);
  CHECK(after->server_set()->is_current());
  CHECK(after->server_set()->terms_of(0).weight == 3);
  std::map<std::string, int> got;
  for (int i = 0; i < 40; ++i) {
    ++got[chosen(*after)];
  }
  CHECK(got == std::map<std::string, int>{{"a", 30}, {"b", 10}});
}

TEST_CASE("checks are read in all their forms") {
  const auto check = [](const std::string& text) {
    const auto made = upstream("forward", {{"server", "a=192.0.2.1:80"}, {"check", text}});
    const CheckTerms* terms = made->server_set()->check();
    return terms == nullptr ? CheckTerms{.send = "nothing", .expect = ""} : *terms;
  };
  CHECK(check("none").send == "nothing");
  CHECK(check("connect") == CheckTerms{});
  CHECK(check("handshake").kind == CheckTerms::Kind::handshake);
  const auto http = check(R"(send:GET / HTTP/1.0\r\n\r\n expect:200 OK)");
  CHECK(http.kind == CheckTerms::Kind::exchange);
  CHECK(http.send == "GET / HTTP/1.0\r\n\r\n");
  CHECK(http.expect == "200 OK");
  CHECK(http.protocol == Protocol::tcp);
  const auto dns = check(R"(udp send:\x00\x01\s\\ expect:)");
  CHECK(dns.protocol == Protocol::udp);
  CHECK(dns.send == std::string("\0\1 \\", 4));
  CHECK(dns.expect.empty());
  const auto banner = check("expect:220 ");
  CHECK(banner.send.empty());
  CHECK(banner.expect.starts_with("220"));
}

TEST_CASE("a check that is wrong is refused at its line") {
  const auto with = [](const std::string& server, const std::string& text) {
    return refusal("forward", {{"server", server}, {"check", text}});
  };
  const std::string forms =
      "12: 'check': it is none, connect, handshake or [udp] send:TEXT expect:TEXT";
  for (const std::string text :
       {"tcp", "send:x", "Connect", "send: x", "udp", "xsend:a expect:b"}) {
    INFO(text);
    CHECK(with("192.0.2.1:80", text) == forms);
  }
  const std::string escapes = "12: 'check': a backslash is one of \\r \\n \\t \\s \\\\ or \\xNN";
  for (const std::string text :
       {R"(send:\q expect:a)", R"(send:a\ expect:\)", R"(send:\x1 expect:a)", R"(expect:\xg0)"}) {
    INFO(text);
    CHECK(with("192.0.2.1:80", text) == escapes);
  }
  CHECK(with("192.0.2.1:80", "udp expect:x") ==
        "12: 'check': a check over UDP has to send something: udp send:TEXT expect:TEXT");
  CHECK(with("192.0.2.1", "connect") == "11: a server that is checked needs a port");
}

}  // namespace weir
