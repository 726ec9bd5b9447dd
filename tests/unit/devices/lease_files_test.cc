// What dnsmasq, ISC dhcpd and Kea write: each form of a line once, and what goes wrong in between.
#include "devices/lease_files.h"

#include "catch.h"

namespace weir {
namespace {

struct Read {
  std::vector<Lease> leases;
  BadLines bad;
  LeaseFormat format = LeaseFormat::none;

  [[nodiscard]] const Lease* of(const std::string& address) const {
    const auto wanted = Address::parse(address).value();
    for (const Lease& lease : leases) {
      if (lease.address == wanted) {
        return &lease;
      }
    }
    return nullptr;
  }
};

Read read(const std::string& text) {
  LeaseList list;
  Read out;
  out.format = read_leases(text, list, out.bad);
  out.leases = list.take();
  return out;
}

std::optional<std::chrono::sys_seconds> at(std::int64_t seconds) {
  return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

const Mac tv = Mac::parse("00:00:5e:00:53:01").value();
const Mac phone = Mac::parse("02:00:5e:10:00:02").value();

TEST_CASE("dnsmasq: a lease a line, of both families") {
  const Read file = read(
      "1795234080 00:00:5e:00:53:01 192.0.2.10 tv 01:00:00:5e:00:53:01\n"
      "0 02:00:5e:10:00:02 192.0.2.11 * *\n"
      "duid 00:01:00:01:2f:00:00:00:00:00:5e:00:53:ff\n"
      "1795234080 16777216 2001:db8::10 tv 00:01:00:01:2f:00:00:00:00:00:5e:00:53:01\n"
      "1795234080 T4096 2001:db8::11 * 00:03:00:01:02:00:5e:10:00:02\n"
      "vendorclass 192.0.2.10 61:62\n"
      "agent-info 192.0.2.10 01:02\n");
  CHECK(file.format == LeaseFormat::dnsmasq);
  CHECK(file.bad.count == 0);
  REQUIRE(file.leases.size() == 4);
  CHECK(*file.of("192.0.2.10") == Lease{.address = file.leases[0].address,
                                        .mac = tv,
                                        .name = "tv",
                                        .expires = at(1'795'234'080),
                                        .is_over = false});
  CHECK(file.of("192.0.2.11")->mac == phone);
  CHECK(file.of("192.0.2.11")->name.empty());
  CHECK_FALSE(file.of("192.0.2.11")->expires.has_value());
  CHECK(file.of("2001:db8::10")->name == "tv");
  CHECK(file.of("2001:db8::10")->mac.is_zero());
  CHECK(file.of("2001:db8::11")->name.empty());
}

TEST_CASE("dnsmasq: hardware that is no Ethernet has no MAC, and lengths are no ends") {
  const Read file = read(
      "1795234080 06-00:00:5e:00:53:01 192.0.2.10 radio *\n"
      "1795234080 20-00:00:5e:00:53:01:02:03:04:05 192.0.2.11 infiniband *\n"
      "1795234080 00- 192.0.2.12 nothing 01:02\n"
      "43200 00:00:5e:00:53:01 192.0.2.13 tv *\n");
  CHECK(file.bad.count == 0);
  REQUIRE(file.leases.size() == 4);
  for (int i = 0; i < 3; ++i) {
    CHECK(file.leases[static_cast<std::size_t>(i)].mac.is_zero());
  }
  CHECK_FALSE(file.of("192.0.2.13")->expires.has_value());
}

TEST_CASE("dnsmasq: a bad line is counted, and costs no other") {
  const Read file = read(
      "1795234080 00:00:5e:00:53:01 192.0.2.10 tv *\r\n"
      "garbage\n"
      "1795234080 00:00:5e:00:53:01 192.0.2.300 tv *\n"
      "1795234080 xx:yy 192.0.2.12 tv *\n"
      "1795234080 00:00:5e:00:53:01 192.0.2.13 tv\n"
      "1795234080 00:00:5e:00:53:01 192.0.2.14 tv * more\n"
      "1795234080 abc 2001:db8::1 tv *\n"
      "\n"
      "1795234080 00:00:5e:00:53:01 192.0.2.15 " +
      std::string(256, 'a') +
      " *\n"
      "1795234080 02:00:5e:10:00:02 192.0.2.16 phone *\n");
  CHECK(file.leases.size() == 2);
  CHECK(file.of("192.0.2.10")->name == "tv");
  CHECK(file.bad.count == 7);
  CHECK(file.bad.first == 2);
  CHECK(file.bad.why == "it does not begin with a time");
}

TEST_CASE("dnsmasq: a line that is still being written is no bad one") {
  CHECK(read("1795234080 00:00:5e:00:53:01 192.0.2.10 tv *\n1795234080 02:00:5").bad.count == 0);
  CHECK(read("1795234080 00:00:5e:00:53:01 192.0.2.10 tv *").leases.size() == 1);
  CHECK(read("").format == LeaseFormat::none);
  CHECK(read("").bad.count == 0);
}

TEST_CASE("of an address the last line counts") {
  const Read file = read(
      "1795234080 00:00:5e:00:53:01 192.0.2.10 tv *\n"
      "1795234090 02:00:5e:10:00:02 192.0.2.10 phone *\n");
  REQUIRE(file.leases.size() == 1);
  CHECK(file.leases[0].name == "phone");
}

TEST_CASE("ISC: the last block of an address counts, with what it says") {
  const Read file =
      read(R"(# The format of this file is documented in the dhcpd.leases(5) manual page.
# This lease file was written by isc-dhcp-4.4.3-P1

# authoring-byte-order entry is generated, DO NOT DELETE
authoring-byte-order little-endian;

server-duid "\000\001\000\001/\000;{}\000";

lease 192.0.2.10 {
  starts 5 2026/11/27 08:00:00;
  ends 5 2026/11/27 20:00:00;
  cltt 5 2026/11/27 08:00:00;
  binding state active;
  next binding state free;
  rewind binding state free;
  hardware ethernet 00:00:5e:00:53:01;
  uid "\001\000\000^\000S\001";
  set vendor-class-identifier = "a \"quoted\" one; {";
  client-hostname "old-tv";
}
lease 192.0.2.11 {
  ends never;
  binding state active;
  hardware ethernet 02:00:5e:10:00:02;
  on expiry {
    set client-hostname = "no name";
  }
}
lease 192.0.2.10 {
  starts 5 2026/11/27 14:00:00;
  ends epoch 1795831200; # Sat Nov 28 02:00:00 2026
  binding state active;
  hardware ethernet 00:00:5e:00:53:01;
  client-hostname "Annas \"gro\303\237er\" TV";
}
lease 192.0.2.12 {
  ends 5 2026/11/27 20:00:00;
  binding state free;
  hardware ethernet 00:00:5e:00:53:03;
  set ddns-fwd-name = "printer.example.org";
}
)");
  CHECK(file.format == LeaseFormat::isc);
  CHECK(file.bad.count == 0);
  REQUIRE(file.leases.size() == 3);
  CHECK(file.of("192.0.2.10")->name ==
        "Annas \"gro\xC3\x9F"
        "er\" TV");
  CHECK(file.of("192.0.2.10")->mac == tv);
  CHECK(file.of("192.0.2.10")->expires == at(1'795'831'200));
  CHECK_FALSE(file.of("192.0.2.10")->is_over);
  CHECK(file.of("192.0.2.11")->name.empty());
  CHECK_FALSE(file.of("192.0.2.11")->expires.has_value());
  CHECK(file.of("192.0.2.12")->is_over);
  CHECK(file.of("192.0.2.12")->name == "printer.example.org");
  CHECK(file.of("192.0.2.12")->expires == at(1'795'809'600));
}

TEST_CASE("ISC: blocks of other kinds are passed over") {
  const Read file = read(R"(failover peer "dhcp" state {
  my state normal at 5 2026/11/27 08:00:00;
}
host kept { dynamic; hardware ethernet 00:00:5e:00:53:09; fixed-address 192.0.2.9; }
ia-na "\001\000\000\000" {
  cltt 5 2026/11/27 08:00:00;
  iaaddr 2001:db8::10 {
    binding state active;
    ends 5 2026/11/27 20:00:00;
  }
}
lease 192.0.2.10 { binding state active; client-hostname "tv"; }
)");
  CHECK(file.bad.count == 0);
  REQUIRE(file.leases.size() == 1);
  CHECK(file.leases[0].name == "tv");
}

TEST_CASE("ISC: a block that was cut ends where the next one begins") {
  const Read file = read(R"(lease 192.0.2.10 {
  binding state active;
  client-hostname "t
lease 192.0.2.11 {
  binding state active;
  client-hostname "phone";
}
lease 192.0.2.999 {
  binding state active;
}
lease 192.0.2.12 {
  ends 5 2026/13/27 20:00:00;
  hardware ethernet nonsense;
  client-hostname "printer";
}
}
nonsense;
lease 192.0.2.13 {
  binding state act)");
  REQUIRE(file.leases.size() == 2);
  CHECK(file.of("192.0.2.11")->name == "phone");
  CHECK(file.of("192.0.2.12")->name == "printer");
  CHECK(file.of("192.0.2.12")->mac.is_zero());
  CHECK(file.bad.count == 5);
  CHECK(file.bad.first == 1);
  CHECK(file.bad.why == "a lease without an end");
}

TEST_CASE("Kea: columns are found by name, later lines replace and remove leases") {
  const Read file = read(
      "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,"
      "user_context,pool_id\n"
      "192.0.2.10,00:00:5e:00:53:01,01:00:00:5e:00:53:01,4000,1795234080,1,0,0,old-tv,0,,0\n"
      "192.0.2.11,02:00:5e:10:00:02,,4000,1795234080,1,0,0,phone,0,,0\n"
      "192.0.2.12,00:00:5e:00:53:03,,4000,1795234080,1,0,0,printer.example.org.,2,,0\n"
      "192.0.2.13,,,4000,1795234080,1,0,0,,1,,0\n"
      "192.0.2.10,00:00:5e:00:53:01,01:00:00:5e:00:53:01,4000,1795238080,1,0,0,Annas&#x2cTV,0,,0\n"
      "192.0.2.11,02:00:5e:10:00:02,,0,1795234080,1,0,0,phone,0,,0\n"
      "192.0.2.14,00:00:5e:00:53:04,,4294967295,6090201375,1,0,0,server,0,"
      "{ \"ISC\": { \"a\": 1&#x2c \"b\": 2 } },0\n");
  CHECK(file.format == LeaseFormat::kea);
  CHECK(file.bad.count == 0);
  REQUIRE(file.leases.size() == 4);
  CHECK(file.of("192.0.2.10")->name == "Annas,TV");
  CHECK(file.of("192.0.2.10")->expires == at(1'795'238'080));
  CHECK(file.of("192.0.2.11") == nullptr);
  CHECK(file.of("192.0.2.12")->is_over);
  CHECK(file.of("192.0.2.13")->is_over);
  CHECK_FALSE(file.of("192.0.2.14")->expires.has_value());
}

TEST_CASE("Kea: DHCPv6 has its MAC in a later column, and prefixes that are no devices'") {
  const Read file = read(
      "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,"
      "fqdn_fwd,fqdn_rev,hostname,hwaddr,state,user_context\n"
      "2001:db8::10,00:01:00:01,4000,1795234080,1,3000,0,7,128,0,0,tv,00:00:5e:00:53:01,0,\n"
      "2001:db8:8::,00:01:00:02,4000,1795234080,1,3000,2,7,56,0,0,router,00:00:5e:00:53:02,0,\n");
  CHECK(file.bad.count == 0);
  REQUIRE(file.leases.size() == 1);
  CHECK(file.leases[0].mac == tv);
}

TEST_CASE("Kea: the first version had no state, and bad lines are counted") {
  const Read file = read(
      "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname\n"
      "192.0.2.10,00:00:5e:00:53:01,,4000,1795234080,1,0,0,tv\n"
      "192.0.2.11,00:00:5e:00:53:01,,4000\n"
      "192.0.2.12,00:00:5e:00:53:01,,long,1795234080,1,0,0,tv\n"
      "nowhere,00:00:5e:00:53:01,,4000,1795234080,1,0,0,tv\n"
      "192.0.2.13,00:00:5e:00:53:01,,4000,17952");
  CHECK(file.leases.size() == 1);
  CHECK(file.bad.count == 3);
  CHECK(file.bad.first == 3);
  CHECK(file.bad.why == "it has not as many values as the file has columns");
  CHECK(read("address,hostname\n192.0.2.10,tv\n").bad.count == 2);
}

TEST_CASE("a file is known by what it begins with, not by its name") {
  CHECK(read("\n\n# a comment\n1795234080 x\n").format == LeaseFormat::dnsmasq);
  CHECK(read("duid 00:01\n").format == LeaseFormat::dnsmasq);
  CHECK(read("server-duid \"x\";\n").format == LeaseFormat::isc);
  CHECK(read("# only a comment\n").format == LeaseFormat::none);
  const Read other = read("<html>\nlease\n");
  CHECK(other.format == LeaseFormat::unknown);
  CHECK(other.bad.count == 1);
  CHECK(other.bad.why == "no lease file of dnsmasq, ISC dhcpd or Kea begins like this");
}

}  // namespace
}  // namespace weir
