#include "flow/client_devices.h"

#include <algorithm>
#include <string>
#include <vector>

#include "catch.h"

namespace weir {
namespace {

Address address(const std::string& text) { return Address::parse(text).value(); }
const Mac tv = Mac::parse("00:00:5e:00:53:01").value();
const Mac phone = Mac::parse("02:00:5e:10:00:03").value();

// A router with 192.0.2.0/24 and 2001:db8::/64 on link 3, whose table knows a television.
struct World {
  Instant now{std::chrono::seconds(100)};
  Mac in_kernel{};   // what the kernel knows at once
  Mac after_wait{};  // and after it has looked
  std::vector<std::string> asked;
  ClientDevices devices{
      now, [this](const Address& client, std::uint32_t link, ClientDevices::Wait may_wait) {
        const bool waits = may_wait == ClientDevices::Wait::yes;
        asked.push_back(client.text() + "%" + std::to_string(link) + (waits ? " waits" : ""));
        return waits ? after_wait : in_kernel;
      }};

  World() {
    use_table();
    using Entry = Surroundings::Entry;
    const std::vector<Entry> links{
        {address("192.0.2.1"), Prefix::parse("192.0.2.0/24").value(), 3},
        {address("2001:db8::1"), Prefix::parse("2001:db8::/64").value(), 3}};
    devices.use(std::make_shared<const Surroundings>(links));
  }
  void use_table() {
    const std::vector<NamedMac> named{{"tv", tv}};
    const std::vector<Neighbour> neighbours{{address("192.0.2.7"), tv}};
    devices.use(std::make_shared<const DeviceTable>(named, nullptr, neighbours,
                                                    std::chrono::sys_seconds{}));
  }
  const Device* find(const std::string& client, Protocol protocol = Protocol::tcp) {
    return devices.finder()(
        Flow{.protocol = protocol, .client = {address(client), 1024}, .destination = {}});
  }
  std::string shown(const std::string& client) { return devices.ref_to(address(client)).text(); }
};

using Asked = std::vector<std::string>;

TEST_CASE("a client that the table knows is not asked about") {
  World world;
  REQUIRE(world.find("192.0.2.7") != nullptr);
  CHECK(world.find("192.0.2.7")->has_name("tv"));
  CHECK(world.asked.empty());
  CHECK(world.shown("192.0.2.7") == "tv");
}

TEST_CASE("the first flow from a device's new address is the device's, by one question") {
  World world;
  world.in_kernel = tv;
  REQUIRE(world.find("2001:db8::7") != nullptr);
  CHECK(world.find("2001:db8::7")->has_name("tv"));
  CHECK(world.find("2001:db8::7")->mac == tv);
  CHECK(world.asked == Asked{"2001:db8::7%3"});
  CHECK(world.shown("2001:db8::7") == "tv");
}

TEST_CASE("a datagram waits until the kernel has looked for its sender, a connection needs not") {
  World world;
  world.after_wait = phone;
  CHECK(world.find("2001:db8::8")->mac.is_zero());
  CHECK(world.find("2001:db8::9", Protocol::udp)->mac == phone);
  CHECK(world.asked == Asked{"2001:db8::8%3", "2001:db8::9%3", "2001:db8::9%3 waits"});
  CHECK(world.shown("2001:db8::9") == phone.text());
}

TEST_CASE("what the kernel does not know is asked once, until the table changes") {
  World world;
  CHECK(world.find("192.0.2.8")->mac.is_zero());
  CHECK(world.find("192.0.2.8")->mac.is_zero());
  CHECK(world.asked.size() == 1);
  CHECK(world.shown("192.0.2.8").empty());
  world.use_table();
  (void)world.find("192.0.2.8");
  CHECK(world.asked.size() == 2);
}

TEST_CASE("a client's MAC is the table's, else the kernel's at once, and no flow waits for it") {
  World world;
  CHECK(world.devices.mac_of(address("192.0.2.7")) == tv);
  CHECK(world.asked.empty());
  world.after_wait = phone;
  CHECK(world.devices.mac_of(address("2001:db8::8")).is_zero());
  CHECK(world.asked == Asked{"2001:db8::8%3"});
  CHECK(world.find("2001:db8::8", Protocol::udp)->mac == phone);  // which may wait
  world.in_kernel = phone;
  CHECK(world.devices.mac_of(address("2001:db8::9")) == phone);
  CHECK(world.devices.mac_of(address("2001:db8::9")) == phone);
  CHECK(world.asked.size() == 4);
  CHECK(world.devices.mac_of(address("198.51.100.7")).is_zero());
  CHECK(world.asked.size() == 4);
}

TEST_CASE("a client on no link of ours is not asked about, nor a record's") {
  World world;
  CHECK(world.find("198.51.100.7") == nullptr);
  CHECK(world.shown("192.0.2.9").empty());
  CHECK(world.devices.known_device()(Flow{
            .protocol = Protocol::tcp, .client = {address("192.0.2.9"), 1}, .destination = {}}) ==
        nullptr);
  CHECK(world.asked.empty());
  ClientDevices nothing(world.now, [](const Address&, std::uint32_t, ClientDevices::Wait) {
    FAIL("asked");
    return Mac{};
  });
  CHECK(nothing.finder()(Flow{}) == nullptr);
}

TEST_CASE("forged senders bound what is asked, and for how long a worker waits") {
  World world;
  for (int i = 0; i < 5'000; ++i) {
    (void)world.find("2001:db8::1:" + std::to_string(i), Protocol::udp);
  }
  const auto waits = std::count_if(world.asked.begin(), world.asked.end(), [](const auto& one) {
    return one.find("waits") != std::string::npos;
  });
  CHECK(waits == 10);
  CHECK(world.asked.size() == 1'010);
  world.now += std::chrono::seconds(1);
  world.in_kernel = tv;
  CHECK(world.find("2001:db8::7", Protocol::udp)->mac == tv);
}

TEST_CASE("flows of one device share what it is called, also when the table has changed") {
  World world;
  DeviceRef before = world.devices.ref_to(address("192.0.2.7"));
  const DeviceRef copy = before;
  world.devices.use(std::shared_ptr<const DeviceTable>());
  CHECK(world.shown("192.0.2.7").empty());
  CHECK(copy.text() == "tv");
  before = DeviceRef();
  CHECK(before.text().empty());
  CHECK(copy.text() == "tv");
}

}  // namespace
}  // namespace weir
