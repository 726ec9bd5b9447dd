// DNS over TCP: answers teach names before the client has them, however they are cut, and nothing
// else about such connections is different.
#include "flow/dns_connections.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "catch.h"
#include "sniff/dns_builder.h"
#include "tcp_flow_world.h"

namespace weir {
namespace {

using World = TcpFlowWorld;

constexpr Port dns = 53;
constexpr Port named = 8101;  // by host: to one, the rest direct

Configuration by_host() {
  Configuration out = World::standard();
  out.rules.push_back(World::rule("dns", dns, "own"));
  RuleSettings rule = World::rule("named", named, "one");
  rule.set(said("host", ".example.org"));
  out.rules.push_back(rule);
  out.rules.push_back(World::rule("rest", named, "own"));
  return out;
}

std::string framed(const std::string& message) {
  std::string out;
  NetworkWriter(out).u16(static_cast<std::uint16_t>(message.size()));
  return out + message;
}
std::string answer_for(const std::string& name, std::string_view address) {
  const BuiltRecord record = address_record(name, 300, address);
  return framed(dns_message({.name = name, .type = record.type, .answers = {record}}));
}
// "": it knows none.
std::string known(World& world, const std::string& address) {
  const HostRef host =
      world.names.find({World::client_at(1).address}, Address::parse(address).value(), world.now);
  return host == nullptr ? "" : host->name;
}

}  // namespace

TEST_CASE("an answer over TCP leaves when the firewall knows of it") {
  World world(by_host());
  TcpPeer client = world.open(dns);
  world.gate.gives.ticket = 7;
  bool had_it = true;
  world.gate.on_wait = [&]() {
    client.observe();
    had_it = !client.heard.empty();
  };
  const std::string stream = answer_for("www.example.org", "203.0.113.1");
  world.network.peer(World::destination(dns)).say(stream);
  CHECK(world.hears(client, stream));
  CHECK(world.gate.waits == std::vector<std::uint64_t>{7});
  CHECK_FALSE(had_it);
}

TEST_CASE("pipelined answers teach names wherever the stream is cut") {
  World world(by_host());
  const std::string shape = answer_for("xxx.a.example.org", "203.0.113.1") +
                            answer_for("xxx.b.example.org", "203.0.113.2");
  for (std::size_t cut = 0; cut <= shape.size(); ++cut) {
    const std::string number = std::to_string(100 + cut);
    const std::string stream = answer_for(number + ".a.example.org", "203.0.113.1") +
                               answer_for(number + ".b.example.org", "203.0.113.2");
    REQUIRE(stream.size() == shape.size());
    TcpPeer client = world.open(dns, static_cast<Port>(5'000 + cut));
    TcpPeer& server = world.network.peer(World::destination(dns));
    for (const std::string& piece : {stream.substr(0, cut), stream.substr(cut)}) {
      if (!piece.empty()) {
        server.say(piece);
        world.settle();
      }
    }
    REQUIRE(world.hears(client, stream));
    REQUIRE(known(world, "203.0.113.1") == number + ".a.example.org");
    REQUIRE(known(world, "203.0.113.2") == number + ".b.example.org");
    client.reset();
    world.until([&]() { return world.flows->size() == 0; });
  }
}

TEST_CASE("the bytes of an answer may come one by one") {
  World world(by_host());
  TcpPeer client = world.open(dns);
  const std::string stream = answer_for("www.example.org", "2001:db8::1");
  for (const char byte : stream) {
    world.network.peer(World::destination(dns)).say(std::string(1, byte));
    world.settle();
  }
  CHECK(world.hears(client, stream));
  CHECK(known(world, "2001:db8::1") == "www.example.org");
}

TEST_CASE("a name that was looked up over TCP decides a flow whose client says nothing") {
  World world(by_host());
  TcpPeer asking = world.open(dns);
  world.network.peer(World::destination(dns))
      .say(answer_for("www.example.org", World::destination(named).address.text()));
  world.until([&]() { return asking.observe() == TcpPeer::State::open && !asking.heard.empty(); });
  asking.reset();
  world.until([&]() { return world.flows->size() == 0; });
  TcpPeer client = world.open(named);
  world.pass(Milliseconds(400));
  client.reset();
  world.until([&]() { return world.flows->size() == 0; });
  const auto record = world.records().back();
  CHECK(World::field(record, "rule") == "named");
  CHECK(World::field(record, "host") == "www.example.org");
  CHECK(World::field(record, "host_from") == "dns");
}

TEST_CASE("names outlive a reload") {
  World world(by_host());
  TcpPeer asking = world.open(dns);
  world.network.peer(World::destination(dns)).say(answer_for("www.example.org", "203.0.113.1"));
  world.until([&]() { return asking.observe() == TcpPeer::State::open && !asking.heard.empty(); });
  world.use(by_host());
  CHECK(known(world, "203.0.113.1") == "www.example.org");
  // And the connection teaches on.
  world.network.peer(World::destination(dns)).say(answer_for("more.example.org", "203.0.113.2"));
  world.until([&]() { return !known(world, "203.0.113.2").empty(); });
}

TEST_CASE("what a client sends to port 53, and what comes from other ports, teaches nothing") {
  World world(by_host());
  const std::string stream = answer_for("www.example.org", "203.0.113.1");
  TcpPeer client = world.open(dns);
  client.say(stream);
  CHECK(world.hears(world.network.peer(World::destination(dns)), stream));
  TcpPeer other = world.open(World::own);
  world.network.peer(World::destination(World::own)).say(stream);
  CHECK(world.hears(other, stream));
  CHECK(world.names.size(world.now) == 0);
}

TEST_CASE("a zone transfer passes whole, copied and not spliced") {
  World world(by_host());
  TcpPeer client = world.open(dns);
  TcpPeer& server = world.network.peer(World::destination(dns));
  constexpr std::size_t much = std::size_t{4} << 20U;
  std::size_t sent = 0;
  world.until([&]() {
    sent += server.write_all(much - sent);
    return client.observe() == TcpPeer::State::open && client.heard.size() == much;
  });
  CHECK(world.flows->take_bulk_bytes() == 0);
  CHECK(world.flows->bulk_directions() == 1);  // its buffers are bounded as any bulk's
}

TEST_CASE("without a rule that asks for the host connections to port 53 are as all others") {
  Configuration plain = World::standard();
  plain.rules.push_back(World::rule("dns", dns, "own"));
  World world(std::move(plain));
  TcpPeer client = world.open(dns);
  TcpPeer& server = world.network.peer(World::destination(dns));
  server.say(answer_for("www.example.org", "203.0.113.1"));
  constexpr std::size_t much = std::size_t{4} << 20U;
  std::size_t sent = 0;
  world.until([&]() {
    sent += server.write_all(much - sent);
    return client.observe() == TcpPeer::State::open && client.heard.size() >= much;
  });
  CHECK(world.flows->take_bulk_bytes() != 0);
  CHECK(world.names.size(world.now) == 0);
}

TEST_CASE("nothing is kept of a connection that is over") {
  World world(by_host());
  DnsConnections connections(world.lookups);
  std::array<std::uint8_t, 64> buffer{};
  PipePool pipes;
  BulkShare bulk(1);
  TcpRelay::Shared shared{
      .buffer = buffer, .pipes = pipes, .max_stashed = buffer.size(), .bulk = bulk};
  TcpRelay relay(shared, Descriptor(), Descriptor());
  const auto to_port = [](Port port) {
    return Flow{.client = World::client_at(1), .destination = World::destination(port)};
  };
  connections.begin(relay, to_port(World::own));
  CHECK(connections.size() == 0);
  CHECK_FALSE(relay.is_server_watched());
  connections.begin(relay, to_port(dns));
  CHECK(connections.size() == 1);
  CHECK(relay.is_server_watched());
  connections.end(relay);
  CHECK(connections.size() == 0);
}

}  // namespace weir
