#include "flow/udp/icmp_replies.h"

#include <netinet/ip_icmp.h>

#include "udp_world.h"

namespace weir {
namespace {

int code_of(const FakeNetwork::Datagram& packet) {
  return static_cast<unsigned char>(packet.payload.at(1));
}

}  // namespace

TEST_CASE("a rejected datagram is answered with port unreachable, in the destination's name") {
  UdpWorld world;
  world.say(7005, "x");
  const auto packets = world.network.raw_packets();
  REQUIRE(packets.size() == 1);
  CHECK(packets[0].peer.address == UdpWorld::client_at(1).address);
  CHECK(packets[0].payload[0] == ICMP_DEST_UNREACH);
  CHECK(code_of(packets[0]) == ICMP_PORT_UNREACH);
  CHECK(world.count(Reason::rejected) == 1);
}

TEST_CASE("a dropped datagram is answered with nothing") {
  UdpWorld world;
  world.say(7006, "x");
  CHECK(world.network.raw_packets().empty());
  CHECK(world.count(Reason::dropped) == 1);
}

TEST_CASE("each errno of the router's own is told in the words of plain routing") {
  for (const auto& [code, reported] :
       {std::pair{EACCES, int{ICMP_PKT_FILTERED}}, std::pair{EHOSTUNREACH, int{ICMP_HOST_UNREACH}},
        std::pair{ENETUNREACH, int{ICMP_NET_UNREACH}}}) {
    FakeNetwork network;
    Reasons reasons;
    const Instant now{};
    IcmpReplies icmp(2, reasons, FakeNetwork::calls(), now);
    const Flow flow{.protocol = Protocol::udp,
                    .client = UdpWorld::client_at(4000),
                    .destination = UdpWorld::server_at(7001),
                    .interface = 0};
    icmp.tell_no_route(flow, code);
    REQUIRE(network.raw_packets().size() == 1);
    CHECK(code_of(network.raw_packets()[0]) == reported);
  }
}

TEST_CASE("an errno that plain routing has no words for is told in none") {
  FakeNetwork network;
  Reasons reasons;
  const Instant now{};
  IcmpReplies icmp(2, reasons, FakeNetwork::calls(), now);
  icmp.tell_no_route({.protocol = Protocol::udp,
                      .client = UdpWorld::client_at(4000),
                      .destination = UdpWorld::server_at(7001),
                      .interface = 0},
                     EINVAL);
  CHECK(network.raw_packets().empty());
}

TEST_CASE(
    "a flood of datagrams becomes no flood of errors, and a second later there are some more") {
  UdpWorld world;
  for (int i = 0; i < 1'500; ++i) {
    world.say({{.port = 7005, .payload = "x", .from = static_cast<Port>(1'000 + i)}});
  }
  CHECK(world.network.raw_packets().size() == 1'000);
  CHECK(world.count(Reason::icmp_rate_limited) == 500);
  world.now += std::chrono::seconds(1);
  world.say(7005, "x");
  CHECK(world.network.raw_packets().size() == 1'001);
}

TEST_CASE("an ICMP error that cannot be sent is counted") {
  for (const Call call : {Call::socket, Call::setsockopt, Call::bind, Call::sendmsg}) {
    UdpWorld world;
    world.network.fail(call, EPERM);
    world.say(7005, "x");
    CHECK(world.count(Reason::icmp_send_failed) == 1);
    world.say({{.port = 7005, .payload = "x", .from = 4001}});
    CHECK(world.network.raw_packets().size() == 1);
  }
}

}  // namespace weir
