// What leaves towards servers, and what every errno of sending means for its flow.
#include "flow/udp/sender.h"

#include "udp_world.h"

namespace weir {
namespace {

std::vector<std::string> payloads(const FakeNetwork::Socket& socket) {
  std::vector<std::string> out;
  for (const auto& one : socket.sent) {
    out.push_back(one.payload);
  }
  return out;
}

}  // namespace

TEST_CASE("a batch leaves in its order, each flow's by its own socket") {
  UdpWorld world;
  world.say({{.port = 7001, .payload = "a"},
             {.port = 7004, .payload = "b"},
             {.port = 7001, .payload = "cc"},
             {.port = 7004, .payload = "dd"}});
  CHECK(payloads(world.socket_of(7001)) == std::vector<std::string>{"a", "cc"});
  CHECK(payloads(world.socket_of(7004)) == std::vector<std::string>{"b", "dd"});
}

TEST_CASE("a run of one sender leaves as it came, datagram by datagram") {
  UdpWorld world;
  world.say({{.port = 7001, .payload = "aaaabbbbcc", .segment = 4}});
  CHECK(payloads(world.socket_of(7001)) == std::vector<std::string>{"aaaa", "bbbb", "cc"});
  CHECK(world.flow(7001)->traffic.packets_up == 3);
  CHECK(world.flow(7001)->traffic.bytes_up == 10);
}

TEST_CASE("equal datagrams of one flow leave in one message") {
  UdpWorld world;
  world.say({{.port = 7001, .payload = "1111"}, {.port = 7001, .payload = "2222"}});
  CHECK(world.network.messages == 1);
  CHECK(world.path->take_moved().merged == 1);
}

TEST_CASE("on a mapping every datagram names its peer") {
  UdpWorld world;
  world.say(7002, "x");
  REQUIRE(world.socket_of(7002).sent.size() == 1);
  CHECK(world.socket_of(7002).sent[0].peer == UdpWorld::server_at(7002));
}

TEST_CASE("DSCP and ECN go along; an upstream's own DSCP leaves the client's ECN alone") {
  UdpWorld world;
  world.say({{.port = 7001, .payload = "x", .tos = 0xb9}});
  CHECK(world.socket_of(7001).sent.back().tos == 0xb9);
  world.say({{.port = 7004, .payload = "x", .tos = 0x01}});
  CHECK(world.socket_of(7004).sent.back().tos == (46U << 2U | 1U));
  world.say({{.port = 7004, .payload = "x", .tos = 0xb8}});
  CHECK(world.socket_of(7004).sent.back().tos == 0);  // as the socket writes it
}

TEST_CASE("an ICMP error that sending meets ends a flow without answers; the client hears it") {
  for (const int code : {ECONNREFUSED, EHOSTUNREACH}) {
    UdpWorld world;
    world.say(7001, "x");
    world.network.fail(Call::sendto, code);
    world.say(7001, "y");
    CHECK(world.path->flows().size() == 0);
    CHECK(world.count(Reason::icmp_from_server) == 1);
    CHECK(world.network.raw_packets().size() == 1);
  }
}

TEST_CASE("an ICMP error ends no flow that has had answers") {
  UdpWorld world;
  world.say(7001, "x");
  world.answer(7001, "y");
  world.network.fail(Call::sendto, ECONNREFUSED);
  world.say(7001, "z");
  CHECK(world.path->flows().size() == 1);
  CHECK(world.count(Reason::icmp_from_server) == 1);
}

TEST_CASE("an error that an earlier datagram earned costs the present one nothing") {
  UdpWorld world;
  world.say(7001, "x");
  world.answer(7001, "y");
  world.network.fail(Call::sendto, ECONNREFUSED);
  world.say(7001, "z");
  CHECK(payloads(world.socket_of(7001)) == std::vector<std::string>{"x", "z"});
  CHECK(world.flow(7001)->traffic.packets_up == 2);
}

TEST_CASE("a full send buffer is counted and ends nothing") {
  for (const int code : {EAGAIN, ENOBUFS}) {
    UdpWorld world;
    world.network.fail(Call::sendto, code);
    world.say(7001, "x");
    CHECK(world.path->flows().size() == 1);
    CHECK(world.count(Reason::send_buffer_full) == 1);
    CHECK(world.flow(7001)->traffic.packets_up == 0);
  }
}

TEST_CASE("a datagram that the kernel finds too big is counted, and its flow goes on") {
  UdpWorld world;
  world.network.fail(Call::sendto, EMSGSIZE);
  world.network.fail(Call::sendmsg, EMSGSIZE);
  world.say(7001, "x");
  CHECK(world.path->flows().size() == 1);
  CHECK(world.count(Reason::datagram_too_big) == 1);
  world.say(7001, "y");
  CHECK(world.flow(7001)->traffic.packets_up == 1);
}

TEST_CASE(
    "where the router has lost its route a flow without answers ends, and the client hears it") {
  for (const int code : {ENETUNREACH, EACCES}) {
    UdpWorld world;
    world.say(7001, "x");
    world.network.fail(Call::sendto, code);
    world.network.fail(Call::sendmsg, code);
    world.say(7001, "y");
    CHECK(world.path->flows().size() == 0);
    CHECK(world.count(Reason::no_route) == 1);
  }
}

TEST_CASE("where the router has lost its route a flow with answers waits for another one") {
  UdpWorld world;
  world.say(7001, "x");
  world.answer(7001, "y");
  world.network.fail(Call::sendto, EACCES);
  world.say(7001, "z");
  CHECK(world.path->flows().size() == 1);
  CHECK(world.count(Reason::no_route) == 1);
  world.say(7001, "back");
  CHECK(world.socket_of(7001).sent.back().payload == "back");
}

TEST_CASE("an error about what the socket is bound to has it looked at again") {
  for (const int code : {ENODEV, ENXIO, ENETDOWN, EADDRNOTAVAIL, EINVAL}) {
    UdpWorld world;
    world.say(7001, "x");
    const std::uint8_t fits = world.flow(7001)->socket->marks.looked_at;
    world.network.fail(Call::sendto, code);
    world.say(7001, "y");
    REQUIRE(world.flow(7001) != nullptr);
    CHECK(world.flow(7001)->socket->marks.looked_at != fits);
    CHECK(world.count(Reason::send_failed) == 1);
    world.say(7001, "z");
    CHECK(world.flow(7001)->socket->marks.looked_at == fits);
  }
}

TEST_CASE("any other error of sending is counted, and no more") {
  for (const int code : {EPERM, EIO, ENOMEM}) {
    UdpWorld world;
    world.network.fail(Call::sendto, code);
    world.say(7001, "x");
    CHECK(world.path->flows().size() == 1);
    CHECK(world.count(Reason::send_failed) == 1);
  }
}

TEST_CASE("two errors in one batch end a flow once") {
  UdpWorld world;
  world.say(7001, "x");
  world.network.fail(Call::sendmmsg, ECONNREFUSED, 2);
  world.network.fail(Call::sendmsg, EACCES, 4);
  world.say({{.port = 7001, .payload = "a"}, {.port = 7001, .payload = "longer"}});
  CHECK(world.path->flows().size() == 0);
  CHECK(world.totals.live(Protocol::udp) == 0);
}

TEST_CASE("the PROXY header stands before each datagram, and counts for no payload") {
  UdpWorld world;
  world.say(7007, "one");
  world.say(7007, "two");
  const auto sent = payloads(world.socket_of(7007));
  REQUIRE(sent.size() == 2);
  CHECK(sent[0].size() > 3);
  CHECK(sent[0].ends_with("one"));
  CHECK(sent[1].size() == sent[0].size());
  CHECK(sent[1].ends_with("two"));
  CHECK(world.flow(7007)->traffic.bytes_up == 6);
}

}  // namespace weir
