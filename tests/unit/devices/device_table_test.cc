#include "devices/device_table.h"

#include <algorithm>
#include <random>

#include "devices/device_fixture.h"

namespace weir {
namespace {

std::string shown(const DeviceTable& table, const std::string& of) {
  const Device* device = table.device_of(address(of));
  return device == nullptr ? "" : device->text();
}
bool is(const DeviceTable& table, const std::string& of, const std::string& name) {
  return table.name_holds(address(of), name);
}

TEST_CASE("every address of a MAC has the name that one lease gives it") {
  const DeviceTable table = Sources{
      .leases = {lease("192.0.2.10", tv, "tv")},
      .neighbours = {{address("192.0.2.10"), tv},
                     {address("2001:db8::10"), tv},
                     {address("2001:db8::11"),
                      printer}}}.table();
  CHECK(is(table, "192.0.2.10", "tv"));
  CHECK(is(table, "2001:db8::10", "tv"));
  CHECK_FALSE(is(table, "2001:db8::11", "tv"));
  CHECK_FALSE(is(table, "2001:db8::12", "tv"));
  CHECK(shown(table, "2001:db8::10") == "tv");
  CHECK(shown(table, "2001:db8::11") == "00:00:5e:00:53:02");
  CHECK(shown(table, "2001:db8::12").empty());
  CHECK(table.device_of(address("2001:db8::12")) == nullptr);
}

TEST_CASE("a device that has just come is what the table would say with its neighbour entry") {
  const DeviceTable table = Sources{
      .named = {"printer 00:00:5e:00:53:02"},
      .leases = {lease("192.0.2.10", tv, "tv.lan"), lease("192.0.2.30", phone, "printer")},
      .neighbours = {{address("192.0.2.10"),
                      tv}}}.table();
  const Device come = table.device_with(address("2001:db8::10"), tv);
  CHECK(come.mac == tv);
  CHECK(come.text() == "tv.lan");
  CHECK(come.has_name("tv"));
  CHECK(come.has_name("tv.lan"));
  CHECK(described(come) == "tv.lan, 00:00:5e:00:53:01");
  CHECK(table.device_with(address("2001:db8::20"), printer).has_name("printer"));
  // What [devices] calls another one, it is not.
  const Device claims = table.device_with(address("2001:db8::30"), phone);
  CHECK_FALSE(claims.has_name("printer"));
  CHECK(claims.text() == phone.text());
  CHECK(table.device_with(address("192.0.2.10"), Mac{}).has_name("tv"));
  CHECK(table.device_with(address("192.0.2.99"), Mac{}).text().empty());
}

TEST_CASE("mac: holds by the neighbour table alone, for so the firewall sees it") {
  const DeviceTable table = Sources{
      .leases = {lease("192.0.2.10", tv, "tv"), lease("192.0.2.11", printer, "printer")},
      .neighbours = {{address("192.0.2.11"),
                      printer}}}.table();
  CHECK(table.mac_holds(address("192.0.2.11"), printer));
  CHECK_FALSE(table.mac_holds(address("192.0.2.11"), tv));
  CHECK_FALSE(table.mac_holds(address("192.0.2.10"), tv));
  CHECK(table.has_seen(tv));
  CHECK_FALSE(table.has_seen(phone));
  CHECK_FALSE(table.mac_holds(address("192.0.2.10"), Mac{}));
}

TEST_CASE("a lease names its own address where the neighbour table knows another MAC or none") {
  // Behind another router, and behind a repeater that answers for its devices.
  const DeviceTable table = Sources{
      .leases = {lease("198.51.100.10", tv, "tv"), lease("192.0.2.20", printer, "printer")},
      .neighbours = {{address("192.0.2.20"),
                      phone}}}.table();
  CHECK(is(table, "198.51.100.10", "tv"));
  CHECK(is(table, "192.0.2.20", "printer"));
  CHECK(shown(table, "192.0.2.20") == "printer");
}

TEST_CASE("a lease of DHCPv6 gets its MAC from the neighbour table, and the MAC's name with it") {
  const DeviceTable table =
      Sources{.leases = {lease("2001:db8::10", Mac{}, "tv")},
              .neighbours = {{address("2001:db8::10"), tv}, {address("2001:db8::99"), tv}}}
          .table();
  CHECK(is(table, "2001:db8::10", "tv"));
  CHECK(is(table, "2001:db8::99", "tv"));
}

TEST_CASE("[devices] names a MAC without any lease, and its name is the one shown") {
  const DeviceTable table =
      Sources{.named = {"tv 00:00:5e:00:53:01", "kids 00:00:5e:00:53:01", "kids 02:00:5e:10:00:03"},
              .leases = {lease("192.0.2.10", tv, "LGwebOSTV")},
              .neighbours = {{address("192.0.2.10"), tv}, {address("192.0.2.30"), phone}}}
          .table();
  CHECK(shown(table, "192.0.2.10") == "tv");
  CHECK(is(table, "192.0.2.10", "tv"));
  CHECK(is(table, "192.0.2.10", "kids"));
  CHECK(is(table, "192.0.2.10", "lgwebostv"));
  CHECK(is(table, "192.0.2.30", "kids"));
  REQUIRE(table.named("kids") != nullptr);
  CHECK(table.named("kids")->macs == std::vector{tv, phone});
}

TEST_CASE("a client that calls itself like a device of [devices] is not that device") {
  const DeviceTable table =
      Sources{.named = {"tv 00:00:5e:00:53:01"},
              .leases = {lease("192.0.2.30", phone, "tv"), lease("192.0.2.31", printer, "TV.lan"),
                         lease("2001:db8::30", Mac{}, "tv"), lease("192.0.2.10", tv, "tv")},
              .neighbours = {{address("192.0.2.30"), phone}, {address("192.0.2.10"), tv}}}
          .table();
  CHECK(is(table, "192.0.2.10", "tv"));
  CHECK_FALSE(is(table, "192.0.2.30", "tv"));
  CHECK_FALSE(is(table, "192.0.2.31", "tv"));
  CHECK_FALSE(is(table, "2001:db8::30", "tv"));
  CHECK(table.named("tv")->macs == std::vector{tv});
  CHECK(table.named("tv")->addresses == std::vector{address("192.0.2.10")});
}

TEST_CASE("names are compared without case, and whole or by their first part") {
  const DeviceTable table = Sources{.leases = {lease("192.0.2.10", tv, "TV.example.org."),
                                               lease("192.0.2.11", printer, "printer")}}
                                .table();
  CHECK(is(table, "192.0.2.10", "tv"));
  CHECK(is(table, "192.0.2.10", "Tv.Example.ORG"));
  CHECK_FALSE(is(table, "192.0.2.10", "tv.example"));
  CHECK_FALSE(is(table, "192.0.2.11", "printer.example.org"));
}

TEST_CASE("two devices may have one name") {
  const DeviceTable table =
      Sources{.leases = {lease("192.0.2.10", tv, "android"), lease("192.0.2.11", phone, "android")}}
          .table();
  CHECK(is(table, "192.0.2.10", "android"));
  CHECK(is(table, "192.0.2.11", "android"));
  CHECK(table.named("android")->macs == std::vector{tv, phone});
}

TEST_CASE("a lease that is over gives no address a name, and its MAC one until it has another") {
  Sources sources{.leases = {lease("192.0.2.10", tv, "tv", std::chrono::seconds(-1))},
                  .neighbours = {{address("192.0.2.99"), tv}}};
  CHECK_FALSE(is(sources.table(), "192.0.2.10", "tv"));
  CHECK(is(sources.table(), "192.0.2.99", "tv"));
  CHECK(sources.table().named("tv")->addresses.empty());
  sources.leases.push_back(lease("192.0.2.11", tv, "new-tv"));
  CHECK(is(sources.table(), "192.0.2.99", "new-tv"));
  CHECK_FALSE(is(sources.table(), "192.0.2.99", "tv"));
}

TEST_CASE("the table says when it has to be made anew") {
  const Sources sources{.leases = {lease("192.0.2.10", tv, "tv", std::chrono::hours(2)),
                                   lease("192.0.2.11", phone, "phone", std::chrono::hours(1)),
                                   lease("192.0.2.12", printer, "old", std::chrono::hours(-1))}};
  CHECK(sources.table().changes_at() == noon + std::chrono::hours(1));
  CHECK(is(sources.table(), "192.0.2.11", "phone"));
  const DeviceTable later = sources.table(noon + std::chrono::hours(1));
  CHECK(later.changes_at() == noon + std::chrono::hours(2));
  CHECK_FALSE(is(later, "192.0.2.11", "phone"));
  CHECK_FALSE(DeviceTable().changes_at().has_value());
}

TEST_CASE("a line of [devices] is a name and a MAC address") {
  CHECK(parse_named_mac("tv 00:00:5e:00:53:01").value().mac == tv);
  CHECK(parse_named_mac("  tv\t00-00-5E-00-53-01 ").value().name == "tv");
  CHECK(parse_named_mac("tv").error().text() ==
        "'tv' is not a name and a MAC address (like tv 02:00:5e:10:00:01)");
  CHECK(parse_named_mac("00:00:5e:00:53:01 tv").error().text() ==
        "'tv' is no MAC address (six bytes, like 02:00:5e:10:00:01): the name comes first");
  CHECK(parse_named_mac("tv ff:ff:ff:ff:ff:ff").error().text() ==
        "'ff:ff:ff:ff:ff:ff' is no device's MAC address but a group's");
  CHECK_FALSE(parse_named_mac("").ok());
}

TEST_CASE("the gateway's answer for an address is the firewall's by frame and by address") {
  std::mt19937 engine(23);
  const auto random = [&](unsigned below) { return static_cast<unsigned>(engine()) % below; };
  const std::vector<Mac> macs{tv, printer, phone, mac("00:00:5e:00:53:04"), Mac{}};
  const std::vector<std::string> names{"a", "b", "a.lan", "B.lan", "c", ""};
  const std::vector<std::string> addresses{"192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1",
                                           "2001:db8::2"};
  for (int round = 0; round < 500; ++round) {
    Sources sources;
    for (unsigned i = random(3); i > 0; --i) {
      sources.named.push_back(names[random(5)] + " " + macs[random(4)].text());
    }
    for (unsigned i = random(6); i > 0; --i) {
      Lease one = lease(addresses[random(5)], macs[random(5)], names[random(6)],
                        std::chrono::seconds(random(3) == 0 ? -1 : 100));
      one.is_over = random(4) == 0;
      std::erase_if(sources.leases, [&](const Lease& l) { return l.address == one.address; });
      sources.leases.push_back(one);
    }
    for (const std::string& of : addresses) {
      if (random(2) == 0) {
        sources.neighbours.push_back({address(of), macs[random(4)]});
      }
    }
    const DeviceTable table = sources.table();
    for (const std::string& of : addresses) {
      const Device* device = table.device_of(address(of));
      const Mac frame = device == nullptr ? Mac{} : device->mac;
      for (const std::string& name : names) {
        const NamedDevices* named = table.named(name);
        const bool by_frame = named != nullptr && !frame.is_zero() &&
                              std::binary_search(named->macs.begin(), named->macs.end(), frame);
        const bool by_address =
            named != nullptr &&
            std::binary_search(named->addresses.begin(), named->addresses.end(), address(of));
        INFO(round << ": " << of << " " << name);
        CHECK(is(table, of, name) == (by_frame || by_address));
      }
    }
  }
}

}  // namespace
}  // namespace weir
