#include "base/system_zone.h"

#include <filesystem>
#include <fstream>

#include "base/folder.h"
#include "base/libc_zone.h"

namespace weir {
namespace {

void write(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

// /etc and the zones of a made-up machine.
struct Machine {
  Machine() {
    places.etc = folder / "etc";
    places.zones = folder / "usr/share/zoneinfo";
    std::filesystem::create_directories(places.etc);
    write(places.zones + "/Europe/Berlin", zone_file("Europe/Berlin"));
  }
  [[nodiscard]] SystemZone read() const { return read_system_zone(places); }
  Folder folder;
  ZonePlaces places;
};

std::chrono::seconds ahead(const SystemZone& zone) {
  return zone.zone.period_at(utc(2026, 7, 1)).offset.ahead;
}
constexpr std::chrono::hours summer_in_berlin{2};

TEST_CASE("TZ counts before /etc/localtime, by name, by path or as a rule") {
  Machine machine;
  write(machine.places.etc + "/localtime", zone_file("Asia/Kolkata"));
  for (const std::string& tz :
       {std::string("Europe/Berlin"), std::string(":Europe/Berlin"),
        machine.places.zones + "/Europe/Berlin", std::string("CET-1CEST,M3.5.0,M10.5.0/3")}) {
    machine.places.tz = tz;
    const SystemZone zone = machine.read();
    CHECK(ahead(zone) == summer_in_berlin);
    CHECK(zone.source == "TZ=" + tz);
    CHECK(zone.problem.empty());
  }
}

TEST_CASE("an empty TZ is UTC, and one that means nothing is told of") {
  Machine machine;
  machine.places.tz = "";
  CHECK(machine.read().source == "UTC (TZ=)");
  CHECK(machine.read().problem.empty());
  machine.places.tz = "Europe/Berln";
  CHECK(machine.read().source == "UTC");
  CHECK(machine.read().problem == "TZ=Europe/Berln is neither a zone of " + machine.places.zones +
                                      " nor a rule: times are those of UTC");
}

TEST_CASE("/etc/localtime has the name that it is a link to, or none") {
  Machine machine;
  const std::string localtime = machine.places.etc + "/localtime";
  std::filesystem::create_symlink(machine.places.zones + "/Europe/Berlin", localtime);
  CHECK(ahead(machine.read()) == summer_in_berlin);
  CHECK(machine.read().source == "Europe/Berlin (" + localtime + ")");
  std::filesystem::remove(localtime);
  write(localtime, zone_file("Asia/Kolkata"));
  CHECK(machine.read().source == localtime);
  CHECK(ahead(machine.read()) == std::chrono::minutes(330));
}

TEST_CASE("a router without /etc/localtime has a rule in /etc/TZ, or UTC") {
  Machine machine;
  CHECK(machine.read().source == "UTC");
  CHECK(machine.read().problem == "neither TZ nor " + machine.places.etc +
                                      "/localtime says which time zone this is: times are those "
                                      "of UTC");
  write(machine.places.etc + "/TZ", "CET-1CEST,M3.5.0,M10.5.0/3\n");
  CHECK(ahead(machine.read()) == summer_in_berlin);
  CHECK(machine.read().problem.empty());
  write(machine.places.etc + "/TZ", "nonsense\n");
  CHECK(ahead(machine.read()) == std::chrono::seconds(0));
  CHECK_FALSE(machine.read().problem.empty());
}

TEST_CASE("a broken or dangling /etc/localtime is UTC, and told of") {
  Machine machine;
  const std::string localtime = machine.places.etc + "/localtime";
  write(localtime, "no zone");
  CHECK(machine.read().source == "UTC");
  CHECK(machine.read().problem ==
        localtime + ": the file is no time zone (TZif), or cut short: times are those of UTC");
  std::filesystem::remove(localtime);
  std::filesystem::create_symlink(machine.places.zones + "/Nowhere", localtime);
  CHECK(machine.read().problem == localtime + " leads to no file: times are those of UTC");
  std::filesystem::remove(localtime);
  std::filesystem::create_directory(localtime);
  CHECK(machine.read().problem ==
        "cannot read the time zone " + localtime + ": times are those of UTC");
}

TEST_CASE("a zone that was changed is seen when it is asked for again") {
  Machine machine;
  const std::string localtime = machine.places.etc + "/localtime";
  write(localtime, zone_file("Asia/Kolkata"));
  CHECK(ahead(machine.read()) != summer_in_berlin);
  std::filesystem::rename(machine.places.zones + "/Europe/Berlin", localtime);
  CHECK(ahead(machine.read()) == summer_in_berlin);
}

}  // namespace
}  // namespace weir
