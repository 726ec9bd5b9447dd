#include "gateway/known_devices.h"

#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "base/folder.h"
#include "catch.h"
#include "flow/made_up_gate.h"

namespace weir {
namespace {

Address address(const std::string& text) { return Address::parse(text).value(); }
const Mac tv = Mac::parse("00:00:5e:00:53:01").value();

struct World {
  World() {
    devices.emplace(loop, *log, workers, [this]() { loop.stop(); });
  }
  ~World() {
    devices->stop();
    devices.reset();
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  [[nodiscard]] DeviceSettings settings(std::vector<NamedMac> named = {}) const {
    return {.leases = {folder / "leases"}, .names = std::move(named)};
  }
  // As dnsmasq does; `until`: seconds since 1970.
  void write(const std::string& until, const std::string& name) const {
    std::ofstream(folder / "leases") << until << " 00:00:5e:00:53:01 192.0.2.7 " << name << " *\n";
  }
  [[nodiscard]] std::string shown(const std::string& client) const {
    const Device* device = devices->table()->device_of(address(client));
    return device == nullptr ? "" : device->text();
  }
  bool comes_to(const std::string& client, const std::string& wanted) {
    bool late = false;
    std::optional<Timer> end(std::in_place, loop, [&]() {
      late = true;
      loop.stop();
    });
    end->once(Milliseconds(10'000));
    while (shown(client) != wanted && !late) {
      loop.run();
    }
    return shown(client) == wanted;
  }
  static std::unique_ptr<Log> quiet(const Folder& folder) {
    LogSettings settings;
    settings.target = LogTarget::file;
    settings.path = folder / "log";
    return std::move(Log::open(settings)).value();
  }
  static std::shared_ptr<const Neighbours> neighbour(const std::string& of, const Mac& by) {
    auto out = std::make_shared<Neighbours>();
    Neighbours::Device number = 0;
    std::memcpy(&number, by.bytes().data(), by.bytes().size());
    out->add(address(of), number);
    return out;
  }

  Folder folder;
  std::unique_ptr<Log> log = quiet(folder);
  Loop loop;
  Mailbox mailbox{loop};
  LearntNames names;
  MadeUpGate gate;
  Workers workers{mailbox, *log, names, gate, 10'000, 1};
  std::optional<KnownDevices> devices;
};

TEST_CASE("the table follows lease files, neighbours and [devices]") {
  World world;
  CHECK(world.shown("192.0.2.7").empty());
  world.devices->follow(world.settings());
  world.write("4102444800", "tv");
  CHECK(world.comes_to("192.0.2.7", "tv"));
  world.devices->use(World::neighbour("2001:db8::7", tv));
  CHECK(world.comes_to("2001:db8::7", "tv"));
  world.devices->follow(world.settings({{"kitchen", tv}}));
  CHECK(world.comes_to("2001:db8::7", "kitchen"));
  world.write("4102444800", "radio");
  CHECK(world.comes_to("192.0.2.7", "kitchen"));
  world.devices->follow(world.settings());
  CHECK(world.comes_to("192.0.2.7", "radio"));
}

TEST_CASE("a lease that ends leaves its address at once, without a change of the file") {
  World world;
  const auto in_two_seconds =
      std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) +
      std::chrono::seconds(2);
  world.write(std::to_string(in_two_seconds.time_since_epoch().count()), "tv");
  world.devices->follow(world.settings());
  CHECK(world.comes_to("192.0.2.7", "tv"));
  CHECK(world.comes_to("192.0.2.7", ""));
  CHECK(std::chrono::system_clock::now() >= in_two_seconds);
}

TEST_CASE("settings that are not in force yet have a table of their own") {
  World world;
  world.write("4102444800", "tv");
  CHECK(world.devices->table_for(world.settings())->name_holds(address("192.0.2.7"), "tv"));
  world.devices->follow(world.settings());
  CHECK(world.devices->table_for(world.settings()) == world.devices->table());
  const auto next = world.devices->table_for(world.settings({{"kitchen", tv}}));
  CHECK(next->name_holds(address("192.0.2.7"), "kitchen"));
  CHECK_FALSE(world.devices->table()->name_holds(address("192.0.2.7"), "kitchen"));
}

}  // namespace
}  // namespace weir
