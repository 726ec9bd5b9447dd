// Values that their keys do not take.
#include "config/bad_file.h"

namespace weir {
namespace {

// The only finding about a key with a value. Line 2 of the file.
std::string said_of(const std::string& section, const std::string& key_and_value) {
  const auto findings = findings_of("[" + section + "]\n" + key_and_value + "\n");
  const std::string location = "weir.ini:2: error: ";
  INFO(key_and_value);
  REQUIRE(findings.size() == 1);
  REQUIRE(findings[0].substr(0, location.size()) == location);
  return findings[0].substr(location.size());
}

TEST_CASE("a port is 1 to 65535") {
  CHECK(said_of("gateway", "port = 0") == "'port': '0' is out of bounds (1 to 65535)");
  CHECK(said_of("gateway", "port = 65536") == "'port': '65536' is out of bounds (1 to 65535)");
  CHECK(said_of("gateway", "port = -1") == "'port': '-1' is not a number (decimal or 0x)");
  CHECK(said_of("gateway", "port = +80") == "'port': '+80' is not a number (decimal or 0x)");
  CHECK(said_of("gateway", "port = 80x") == "'port': '80x' is not a number (decimal or 0x)");
  CHECK(said_of("gateway", "port = 8 0") == "'port': '8 0' is not a number (decimal or 0x)");
  CHECK(said_of("gateway", "port = 0x") == "'port': '0x' is not a number (decimal or 0x)");
  CHECK(said_of("gateway", "port = 0x-1") == "'port': '0x-1' is not a number (decimal or 0x)");
  CHECK(said_of("gateway", "port = 12345678901234567890") ==
        "'port': '12345678901234567890' is too large");
  CHECK(said_of("gateway", "port = 80 # web") ==
        "'port': '80 # web' is not a number (decimal or 0x); a comment after a value begins with "
        "' ;'");
}

TEST_CASE("a number may be hexadecimal, and blanks around it do not count") {
  const auto loaded = load_text("[gateway]\nport =   0x50  \n");
  REQUIRE(loaded.configuration);
  CHECK(loaded.configuration->gateway.port == 80);
}

TEST_CASE("a number that may be a word says which") {
  CHECK(said_of("gateway", "workers = 0") ==
        "'workers': '0' is out of bounds (1 to 1024, or auto)");
  CHECK(said_of("gateway", "workers = atuo") ==
        "'workers': 'atuo' is not a number (decimal or 0x), did you mean 'auto'?");
  CHECK(said_of("limits", "max-flows = 4294967296") ==
        "'max-flows': '4294967296' is out of bounds (1 to 4294967295, or auto)");
}

TEST_CASE("a duration has units, in order, and bounds") {
  CHECK(said_of("timeouts", "connect = 10") == "'connect': '10' lacks a unit (d, h, m, s, ms)");
  CHECK(said_of("timeouts", "connect = 0s") == "'connect': '0s' is out of bounds (1ms to 30d)");
  CHECK(said_of("timeouts", "connect = -5s") ==
        "'connect': '-5s' is not a duration (like 250ms, 30s, 5m, 2h4m)");
  CHECK(said_of("timeouts", "tcp-idle = 31d") == "'tcp-idle': '31d' is out of bounds (1ms to 30d)");
  CHECK(said_of("timeouts", "udp-idle = 4m2h") ==
        "'udp-idle': '4m2h' is not a duration (like 250ms, 30s, 5m, 2h4m)");
  CHECK(said_of("timeouts", "udp-idle = 1.5s") ==
        "'udp-idle': '1.5s' is not a duration (like 250ms, 30s, 5m, 2h4m)");
  CHECK(said_of("timeouts", "drain = 5 s") ==
        "'drain': '5 s' is not a duration (like 250ms, 30s, 5m, 2h4m)");
  CHECK(said_of("timeouts", "half-closed = 5min") ==
        "'half-closed': '5min' is not a duration (like 250ms, 30s, 5m, 2h4m)");
  CHECK(said_of("timeouts", "dns-idle = 9223372036854775807h") ==
        "'dns-idle': '9223372036854775807h' is too large");
  CHECK(said_of("timeouts", "dns-idle = 99999999999999999999ms") ==
        "'dns-idle': '99999999999999999999ms' is too large");
}

TEST_CASE("how long a list of the firewall's may be has bounds") {
  CHECK(said_of("firewall", "max-set = 4000001") ==
        "'max-set': '4000001' is out of bounds (0 to 4000000)");
  CHECK(said_of("firewall", "max-set = -1").starts_with("'max-set': '-1' is "));
}

TEST_CASE("a size has a unit and bounds") {
  CHECK(said_of("limits", "buffer = 65536") == "'buffer': '65536' lacks a unit (GiB, MiB, KiB, B)");
  CHECK(said_of("limits", "buffer = 64KB") == "'buffer': '64KB' is not a size (like 64KiB, 1MiB)");
  CHECK(said_of("limits", "buffer = 1KiB") == "'buffer': '1KiB' is out of bounds (4KiB to 16MiB)");
  CHECK(said_of("limits", "buffer = 17MiB") ==
        "'buffer': '17MiB' is out of bounds (4KiB to 16MiB)");
  CHECK(said_of("limits", "buffer = 1MiB64KiB") ==
        "'buffer': '1MiB64KiB' is not a size (like 64KiB, 1MiB)");
  CHECK(said_of("limits", "buffer = 9223372036854775807GiB") ==
        "'buffer': '9223372036854775807GiB' is too large");
}

TEST_CASE("a mark is a value within its mask, and 32 bits") {
  CHECK(said_of("firewall", "mark = 0x1/") ==
        "'mark': '0x1/' is not a mark (VALUE/MASK, like 0x1/0x1)");
  CHECK(said_of("firewall", "mark = red/blue") ==
        "'mark': 'red/blue' is not a mark (VALUE/MASK, like 0x1/0x1)");
  CHECK(said_of("firewall", "mark = 0x10/0x1") == "'mark': '0x10/0x1' has bits outside its mask");
  CHECK(said_of("firewall", "mark = 0x0/0x1") == "'mark': '0x0/0x1' marks nothing: the value is 0");
  CHECK(said_of("firewall", "mark = 0x1/0x100000000") ==
        "'mark': '0x1/0x100000000' does not fit into 32 bits");
}

TEST_CASE("a word is one of the row's") {
  CHECK(said_of("firewall", "on-failure = opne") ==
        "'on-failure': unknown word 'opne', did you mean 'open'? (one of open, closed)");
  CHECK(said_of("firewall", "local-services = true") ==
        "'local-services': 'true' is not yes or no, did you mean 'yes'?");
  CHECK(said_of("log", "format = xml") == "'format': unknown word 'xml' (one of text, json)");
  CHECK(said_of("log", "target = sdterr") ==
        "'target': unknown word 'sdterr', did you mean 'stderr'? (one of stderr, journal, syslog, "
        "file:PATH)");
}

TEST_CASE("a path that the gateway opens is absolute and fits") {
  CHECK(said_of("log", "target = file:weir.log") ==
        "'target': 'weir.log' is not the absolute path of a file");
  CHECK(said_of("admin", "socket = control.sock") ==
        "'socket': 'control.sock' is not the absolute path of a file");
  CHECK(said_of("admin", "socket = /" + std::string(108, 's')) ==
        "'socket': the path is 109 bytes long, the kernel allows 107");
  for (const std::string http : {"9080", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:99999",
                                 "2001:db8::1:9080", "router:9080", ":9080"}) {
    CHECK(said_of("admin", "http = " + http) ==
          "'http': '" + http +
              "' is not ADDRESS:PORT (IPv6: [ADDRESS]:PORT), such as 127.0.0.1:9080");
  }
}

TEST_CASE("a routing table is not one of the kernel's own") {
  CHECK(said_of("firewall", "table = 254") ==
        "'table': 254 is one of the kernel's own tables: choose another number");
  CHECK(said_of("firewall", "table = 0") == "'table': '0' is out of bounds (1 to 4294967295)");
}

TEST_CASE("a resolver is an address") {
  CHECK(said_of("dns", "servers = ns.example.net") ==
        "'servers': 'ns.example.net' is not system, ADDRESS or ADDRESS:PORT (IPv6: "
        "[ADDRESS]:PORT)");
  CHECK(said_of("dns", "servers = 192.0.2.53:0") ==
        "'servers': '192.0.2.53:0' is not system, ADDRESS or ADDRESS:PORT (IPv6: [ADDRESS]:PORT)");
  CHECK(said_of("dns", "servers = system, 192.0.2.53") ==
        "'servers': 'system' cannot stand beside other servers");
}

TEST_CASE("an interface name is one that the kernel takes") {
  CHECK(said_of("firewall", "interfaces = sixteen-letters-") ==
        "'sixteen-letters-' is no interface name (at most 15 bytes, without blanks, quotes or any "
        "of / : ! * + ,)");
  CHECK(said_of("firewall", "interfaces = eth0/1") ==
        "'eth0/1' is no interface name (at most 15 bytes, without blanks, quotes or any of / : ! "
        "* + ,)");
}

TEST_CASE("an address list names each item that is none") {
  CHECK(said_of("firewall", "exclude = 10.0.0.0/33") ==
        "'exclude': '10.0.0.0/33' needs a length of 0 to 32 after the '/'");
  CHECK(said_of("firewall", "exclude = 10.0.0.1/8") ==
        "'exclude': '10.0.0.1/8' has host bits set, did you mean '10.0.0.0/8'?");
  CHECK(said_of("firewall", "exclude = 10.0.0") ==
        "'exclude': '10.0.0' is neither an address nor a prefix (ADDRESS/LENGTH)");
  CHECK(said_of("firewall", "exclude = fe80::1%lo") ==
        "'exclude': 'fe80::1%lo' names an interface: a prefix can't");
  CHECK(said_of("firewall", "exclude = !10.0.0.0/8") ==
        "'exclude': '!10.0.0.0/8' is neither an address nor a prefix (ADDRESS/LENGTH)");
  CHECK(said_of("firewall", "exclude = 10.0.0.0/8,,11.0.0.0/8") ==
        "'exclude': the list has an empty item");
}

}  // namespace
}  // namespace weir
