// Which UDP flows wait for the name of their QUIC connection, and how their first datagrams go on.
#include "flow/udp/quic_sniffing.h"

#include "quic_world.h"
#include "sniff/hello_builder.h"
#include "sniff/recorded_clients.h"

namespace weir {
namespace {

using World = QuicWorld;
using Payloads = std::vector<std::string>;

}  // namespace

TEST_CASE("the name in a client's first datagram decides its flow's rule, at once") {
  World world;
  const Payloads client = quic_client("WWW.Alpha.Example");
  world.say_each(client);
  CHECK(world.rule() == "alpha");
  REQUIRE(world.flow(named)->core.flow.host != nullptr);
  CHECK(*world.flow(named)->core.flow.host ==
        Host{.name = "www.alpha.example", .from = HostFrom::quic});
  CHECK(world.sent() == client);
}

TEST_CASE("a name in several datagrams is waited for, in any order, and all go on in theirs") {
  in_every_order(quic_client("www.alpha.example", 4), 4, [](const Payloads& client) {
    World world;
    for (const std::string& datagram : client) {
      REQUIRE_FALSE(world.is_open());
      REQUIRE(world.network.count(SOCK_DGRAM) == 0);
      world.say(named, datagram);
    }
    REQUIRE(world.rule() == "alpha");
    REQUIRE(world.host() == "www.alpha.example");
    REQUIRE(world.sent() == client);
  });
}

TEST_CASE("recorded clients get the rule of the name that they ask for, and lose nothing") {
  for (const RecordedClient& client : recorded_clients()) {
    INFO(client.file);
    Configuration rules = by_host();
    rules.rules.insert(rules.rules.begin(), UdpWorld::rule("own", named));
    rules.rules.front().name = "recorded";
    rules.rules.front().set(said("host", client.host));
    World world(std::move(rules));
    world.say_each(client.datagrams);
    CHECK(world.rule() == "recorded");
    CHECK(world.host() == client.host);
    CHECK(world.sent() == client.datagrams);
  }
}

TEST_CASE("the outer name of an encrypted hello over QUIC is marked") {
  World world;
  world.say_each(in_datagrams(
      {}, {crypto_frame(0, quic_hello("cover.example", 0, extension_list({outer_ech()})))}));
  CHECK(world.rule() == "rest");
  REQUIRE(world.host() == "cover.example");
  CHECK(world.flow(named)->core.flow.host->is_outer);
}

TEST_CASE("what is no QUIC goes on at once") {
  for (const std::string& first :
       {std::string("x"), std::string(), std::string(1200, '\0'), std::string(1300, '\xff'),
        quic_client("www.alpha.example").front().substr(0, 1199), other_packet({}, 2, 1300)}) {
    World world;
    world.say(named, first);
    CHECK(world.rule() == "rest");
    CHECK(world.host().empty());
    CHECK(world.sent() == Payloads{first});
  }
}

TEST_CASE("an Initial that cannot be read goes on at once, without a name") {
  World world;
  std::string damaged = quic_client("www.alpha.example").front();
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  world.say(named, damaged);
  CHECK(world.rule() == "rest");
  CHECK(world.sent() == Payloads{damaged});
}

TEST_CASE("where no rule asks for the host nothing is waited for") {
  World world;
  const std::string part = quic_client("www.alpha.example", 2).front();
  world.say(7001, part);  // a port without such a rule
  CHECK(world.flow(7001) != nullptr);
  Configuration without = UdpWorld::standard();
  without.rules.push_back(UdpWorld::rule("own", named));
  world.use(std::move(without));
  world.say(named, part);
  CHECK(world.rule() == "own");
  // And where the rule comes behind one that takes the flow anyway.
  Configuration behind = by_host();
  behind.rules.insert(behind.rules.begin(), UdpWorld::rule("mapped", named));
  world.use(std::move(behind));
  world.say({{.port = named, .payload = part, .from = 4001}});
  CHECK(world.rule(4001) == "mapped");
}

TEST_CASE("a run of a sender's datagrams is looked at one by one, and stays a run") {
  World world;
  const Payloads client = quic_client("www.alpha.example", 3);
  world.say({{.port = named, .payload = client[0] + client[1], .segment = 1200, .tos = 1}});
  CHECK_FALSE(world.is_open());
  const std::string rest = client[2] + client[0] + "short";
  world.say({{.port = named, .payload = rest, .segment = 1200, .tos = 2}});
  CHECK(world.rule() == "alpha");
  CHECK(world.sent() == Payloads{client[0], client[1], client[2], client[0], "short"});
  CHECK(world.network.messages == 2);
  const auto& sent = world.socket_of(named).sent;
  CHECK(sent[1].tos == 1);
  CHECK(sent[2].tos == 2);
  CHECK(sent[4].tos == 2);
  CHECK(world.flow(named)->traffic.packets_up == 5);
}

TEST_CASE("what is held keeps its DSCP and ECN, and what follows at once comes behind it") {
  World world;
  const Payloads client = quic_client("www.alpha.example", 2);
  world.say({{.port = named, .payload = client[0], .tos = 0xb9},
             {.port = 7001, .payload = "else"},
             {.port = named, .payload = client[1], .tos = 0x02},
             {.port = named, .payload = "later"}});
  CHECK(world.sent() == Payloads{client[0], client[1], "later"});
  const auto& sent = world.socket_of(named).sent;
  CHECK(sent[0].tos == 0xb9);
  CHECK(sent[1].tos == 0x02);
  CHECK(sent[2].tos == 0);
  CHECK(world.socket_of(7001).sent.size() == 1);
}

TEST_CASE("what is held keeps that it may not be fragmented") {
  World world;
  world.network.mtu = 1'220;
  constexpr std::uint32_t bypass_mark = 2;
  const Payloads client = quic_client("www.alpha.example", 2);
  world.say({{.port = named, .payload = client[0], .mark = bypass_mark},
             {.port = named, .payload = client[1]}});
  CHECK(world.sent() == Payloads{client[1]});
  CHECK(world.count(Reason::exceeds_mtu) == 1);
  CHECK(world.network.raw_packets().size() == 1);
}

TEST_CASE("a name that a limit leaves no flow for is counted with each of its datagrams") {
  Configuration few = by_host();
  few.limits.max_flows = 1;
  World world(std::move(few));
  world.say(7001, "x");
  world.answer(7001, "y");  // so that it does not give way
  world.say_each(quic_client("www.alpha.example", 2));
  CHECK_FALSE(world.is_open());
  CHECK(world.count(Reason::max_flows) == 2);
}

TEST_CASE("flows that wait at the same time are kept apart") {
  World world;
  const Payloads alpha = quic_client("www.alpha.example", 2);
  const Payloads other = quic_client("other.example", 2);
  world.say({{.port = named, .payload = alpha[0], .from = 4001},
             {.port = named, .payload = other[0], .from = 4002},
             {.port = named, .payload = alpha[1], .from = 4001}});
  CHECK(world.rule(4001) == "alpha");
  CHECK_FALSE(world.is_open(4002));
  world.say({{.port = named, .payload = other[1], .from = 4002}});
  CHECK(world.rule(4002) == "rest");
  CHECK(world.host(4002) == "other.example");
  CHECK(world.sent(4001) == alpha);
  CHECK(world.sent(4002) == other);
}

TEST_CASE("what a client sends again while it waits goes on as well") {
  World world;
  const Payloads client = quic_client("www.alpha.example", 2);
  const Payloads all{client[0], client[0], "0-rtt", client[0], client[1]};
  world.say_each(all);
  CHECK(world.rule() == "alpha");
  CHECK(world.sent() == all);
}

TEST_CASE("a reload while a client waits decides with its rules") {
  World world;
  const Payloads client = quic_client("www.alpha.example", 2);
  world.say(named, client[0]);
  Configuration other = by_host();
  other.rules.erase(other.rules.begin());
  other.rules.insert(other.rules.begin(), UdpWorld::rule("mapped", named));
  other.rules.front().name = "new";
  other.rules.front().set(said("host", "www.alpha.example"));
  world.use(std::move(other));
  world.say(named, client[1]);
  CHECK(world.rule() == "new");
  // And so it is where no rule asks any more.
  world.say_each({client[0]}, 4001);
  Configuration without = UdpWorld::standard();
  without.rules.push_back(UdpWorld::rule("own", named));
  world.use(std::move(without));
  world.say_each({client[1]}, 4001);
  CHECK(world.rule(4001) == "own");
  CHECK(world.sent(4001) == client);
}

}  // namespace weir
