#include "flow/udp/widths.h"

#include <arpa/inet.h>

#include "udp_world.h"

namespace weir {
namespace {

constexpr std::uint32_t may_not_be_fragmented = 2;  // the bypass-mark

std::uint16_t reported_mtu(const FakeNetwork::Datagram& packet) {
  std::uint16_t mtu = 0;
  std::memcpy(&mtu, packet.payload.data() + 6, sizeof mtu);
  return ntohs(mtu);
}

}  // namespace

TEST_CASE(
    "a datagram that is larger than the path MTU and may not be fragmented is answered with ICMP, "
    "and not sent") {
  UdpWorld world;
  world.network.mtu = 1'000;
  world.say({{.port = 7001, .payload = std::string(973, 'x'), .mark = may_not_be_fragmented}});
  CHECK(world.socket_of(7001).sent.empty());
  CHECK(world.count(Reason::exceeds_mtu) == 1);
  REQUIRE(world.network.raw_packets().size() == 1);
  CHECK(reported_mtu(world.network.raw_packets()[0]) == 1'000);
}

TEST_CASE("a datagram of the path MTU is sent") {
  UdpWorld world;
  world.network.mtu = 1'000;
  world.say({{.port = 7001, .payload = std::string(972, 'x'), .mark = may_not_be_fragmented}});
  CHECK(world.socket_of(7001).sent.size() == 1);
}

TEST_CASE("a wide datagram that may be fragmented is sent") {
  UdpWorld world;
  world.network.mtu = 1'000;
  world.say({{.port = 7001, .payload = std::string(1'400, 'x')}});
  CHECK(world.socket_of(7001).sent.size() == 1);
  CHECK(world.network.raw_packets().empty());
}

TEST_CASE("where the path MTU is not known a wide datagram is sent") {
  UdpWorld world;
  world.network.mtu = 0;
  world.say({{.port = 7001, .payload = std::string(1'400, 'x'), .mark = may_not_be_fragmented}});
  CHECK(world.socket_of(7001).sent.size() == 1);
}

TEST_CASE("of a run that is too wide every datagram is counted") {
  UdpWorld world;
  world.network.mtu = 1'000;
  world.say({{.port = 7001,
              .payload = std::string(3'000, 'x'),
              .segment = 1'000,
              .mark = may_not_be_fragmented}});
  CHECK(world.count(Reason::exceeds_mtu) == 3);
}

TEST_CASE("a path is asked for once in ten seconds, and anew when its MTU has turned out smaller") {
  UdpWorld world;
  const auto say = [&]() {
    world.say({{.port = 7001, .payload = std::string(900, 'x'), .mark = may_not_be_fragmented}});
  };
  say();
  world.network.mtu = 700;
  say();
  CHECK(world.count(Reason::exceeds_mtu) == 0);  // it is remembered
  world.socket_of(7001).errors.push_back(EMSGSIZE);
  world.ready(7001);
  say();
  CHECK(world.count(Reason::exceeds_mtu) == 1);
  world.network.mtu = 1'500;
  world.now += std::chrono::seconds(11);
  say();
  CHECK(world.count(Reason::exceeds_mtu) == 1);
}

}  // namespace weir
