// [devices], from the text to its values.
#include "catch.h"
#include "config/ini_reader.h"
#include "config/made_up_files.h"
#include "config/section_reader.h"
#include "config/sections.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;

struct Read {
  DeviceSettings devices;
  Lines findings;
};

Read read(const std::string& keys) {
  Findings findings;
  const IniFile ini = read_ini("[devices]\n" + keys, "weir.ini", findings);
  const KeyTable table{.keys = keys_of(*find_section_kind("devices"), {}), .elsewhere = nullptr};
  const Settings settings = read_section(ini.sections.at(0), "", table, MadeUpFiles({}), findings);
  Read out{devices_section(settings, findings), {}};
  for (const Diagnostic& one : findings.take()) {
    out.findings.push_back(one.line());
  }
  return out;
}

NamedMac named(const std::string& name, const std::string& mac) {
  return {.name = name, .mac = Mac::parse(mac).value()};
}

TEST_CASE("[devices] names lease files and devices, one device as often as it has interfaces") {
  const Read out = read(
      "leases = /var/lib/misc/dnsmasq.leases, /srv/kea.csv\nleases = /srv/more\n"
      "name = tv 02:00:5e:10:00:01\nname = tv 02-00-5E-10-00-02\nname = küche 02:00:5e:10:00:03\n");
  CHECK(out.findings.empty());
  CHECK(out.devices.leases == Lines{"/var/lib/misc/dnsmasq.leases", "/srv/kea.csv", "/srv/more"});
  CHECK(out.devices.names == std::vector{named("tv", "02:00:5e:10:00:01"),
                                         named("tv", "02:00:5e:10:00:02"),
                                         named("küche", "02:00:5e:10:00:03")});
}

TEST_CASE("without a word about lease files, they are looked for where servers keep them") {
  CHECK(read("").devices.leases.empty());
  CHECK(read("leases = auto\n").devices.leases.empty());
  CHECK(read("leases = auto\n").findings.empty());
}

TEST_CASE("what is wrong in [devices] is said with its line") {
  CHECK(read("leases = auto, /srv/kea.csv\n").findings ==
        Lines{"weir.ini:2: error: 'leases': 'auto' cannot stand beside names of files"});
  CHECK(read("leases = kea.csv\n").findings ==
        Lines{"weir.ini:2: error: 'leases': 'kea.csv' is not the absolute path of a file"});
  CHECK(read("leases = /a, /a\n").findings ==
        Lines{"weir.ini:2: warning: 'leases': '/a' is named twice"});
  CHECK(read("name = tv\n").findings ==
        Lines{"weir.ini:2: error: 'name': 'tv' is not a name and a MAC address (like tv "
              "02:00:5e:10:00:01)"});
  CHECK(read("name = tv,x 02:00:5e:10:00:01\n").findings ==
        Lines{"weir.ini:2: error: 'name': the name 'tv,x' may have letters, digits, '-', '_' and "
              "'.' alone"});
  CHECK(read("\nname = tv 02:00:5e:10:00:01\nname = tv 02:00:5E:10:00:01\n").findings ==
        Lines{"weir.ini:4: warning: 'name': 'tv 02:00:5E:10:00:01' is given twice"});
}

}  // namespace
}  // namespace weir
