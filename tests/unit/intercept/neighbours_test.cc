#include "intercept/neighbours.h"

#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <array>
#include <optional>
#include <string>

#include "catch.h"
#include "netlink_messages.h"

namespace weir {
namespace {

using Mac = std::array<std::uint8_t, 6>;
constexpr Mac one{2, 0, 0, 0, 0, 1};
constexpr Mac two{2, 0, 0, 0, 0, 2};

netlink::Message about(const std::string& address, std::optional<Mac> mac,
                       std::uint16_t state = NUD_REACHABLE, std::uint16_t type = RTM_NEWNEIGH,
                       int link = 3) {
  const bool v6 = address.find(':') != std::string::npos;
  ndmsg header{};
  header.ndm_family = v6 ? AF_INET6 : AF_INET;
  header.ndm_ifindex = link;
  header.ndm_state = state;
  std::array<std::uint8_t, 16> bytes{};
  REQUIRE(inet_pton(v6 ? AF_INET6 : AF_INET, address.c_str(), bytes.data()) == 1);
  netlink::Message out;
  netlink::append(out, header);
  netlink::append_attribute(out, NDA_DST, bytes.data(), v6 ? 16 : 4);
  if (mac) {
    netlink::append_attribute(out, NDA_LLADDR, mac->data(), mac->size());
  }
  return netlink::finished(out, type);
}

Neighbours::Device device(const NeighbourTable& table, const std::string& address) {
  return table.share()->device_of(Address::parse(address).value());
}

TEST_CASE("addresses that lead to one MAC are one device") {
  NeighbourTable table;
  CHECK(table.apply(about("192.0.2.1", one)));
  CHECK(table.apply(about("fd00::1", one, NUD_STALE)));
  CHECK(table.apply(about("fd00::2", two, NUD_PERMANENT)));
  CHECK(device(table, "192.0.2.1") != 0);
  CHECK(device(table, "192.0.2.1") == device(table, "fd00::1"));
  CHECK(device(table, "fd00::2") != device(table, "fd00::1"));
  CHECK(device(table, "fd00::3") == 0);
}

TEST_CASE("the addresses of a device are known, also when one has moved to another") {
  Neighbours neighbours;
  const auto at = [](const char* text) { return Address::parse(text).value(); };
  neighbours.add(at("192.0.2.1"), 7);
  neighbours.add(at("fd00::1"), 7);
  neighbours.add(at("fd00::1"), 7);
  CHECK(neighbours.addresses_of(7).size() == 2);
  CHECK(neighbours.addresses_of(0).empty());
  neighbours.add(at("fd00::1"), 8);
  REQUIRE(neighbours.addresses_of(7).size() == 1);
  CHECK(neighbours.addresses_of(7)[0] == at("192.0.2.1"));
  CHECK(neighbours.addresses_of(8).size() == 1);
  CHECK(neighbours.size() == 2);
}

TEST_CASE("what is told again is no change, another MAC is") {
  NeighbourTable table;
  CHECK(table.apply(about("192.0.2.1", one)));
  CHECK_FALSE(table.apply(about("192.0.2.1", one, NUD_DELAY)));
  CHECK(table.apply(about("192.0.2.1", two)));
  table.clear();
  CHECK(table.share()->size() == 0);
}

TEST_CASE("an address that is looked for in vain, or gone, has no device") {
  NeighbourTable table;
  CHECK_FALSE(table.apply(about("192.0.2.1", std::nullopt, NUD_INCOMPLETE)));
  CHECK(table.apply(about("192.0.2.1", one)));
  CHECK(table.apply(about("192.0.2.1", one, NUD_FAILED)));
  CHECK(device(table, "192.0.2.1") == 0);
  CHECK(table.apply(about("fd00::1", one)));
  CHECK(table.apply(about("fd00::1", one, NUD_STALE, RTM_DELNEIGH)));
  CHECK(table.share()->size() == 0);
}

TEST_CASE("multicast, loopback's zeros and messages cut short tell nothing") {
  NeighbourTable table;
  CHECK_FALSE(table.apply(about("ff02::1", one, NUD_PERMANENT)));
  CHECK_FALSE(table.apply(about("127.0.0.1", Mac{}, NUD_PERMANENT)));
  const auto whole = about("192.0.2.1", one);
  for (std::size_t size = 0; size < sizeof(nlmsghdr) + sizeof(ndmsg); ++size) {
    CHECK_FALSE(table.apply(netlink::Bytes(whole).first(size)));
  }
}

TEST_CASE("this machine's table is read at once") {
  Loop loop;
  int reported = 0;
  const auto watch = NeighbourWatch::start(loop, [&](const std::shared_ptr<const Neighbours>& all) {
    CHECK(all != nullptr);
    ++reported;
  });
  REQUIRE(watch.ok());
  CHECK(reported == 1);
}

}  // namespace
}  // namespace weir
