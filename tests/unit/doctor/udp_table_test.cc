#include "doctor/udp_table.h"

#include <bit>

#include "catch.h"

namespace weir::doctor {

namespace {

using Addresses = std::vector<Address>;

// As this kernel writes 127.0.0.1, in a machine's own order of bytes.
constexpr const char* here = std::endian::native == std::endian::little ? "0100007F" : "7F000001";

// A table with that socket between others.
std::string with(const std::string& local, const std::string& remote) {
  return "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
         "timeout inode ref pointer drops\n"
         "  310: 00000000:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000     0       "
         " "
         "0 811 2 0000000000000000 0\n"
         "  295: " +
         local + " " + remote +
         " 07 00000000:00000000 00:00000000 00000000   108        0 812 2 0000000000000000 0\n";
}

}  // namespace

TEST_CASE("sockets that hear on a port are found by their local address") {
  CHECK(hearing_addresses(with("00000000:0035", "00000000:0000"), 53) ==
        Addresses{Address::any(Family::v4)});
  CHECK(hearing_addresses(with(std::string(here) + ":0035", "00000000:0000"), 53) ==
        Addresses{Address::parse("127.0.0.1").value()});
  const std::string nowhere(32, '0');
  CHECK(hearing_addresses(with(nowhere + ":0035", nowhere + ":0000"), 53) ==
        Addresses{Address::any(Family::v6)});
  CHECK(hearing_addresses(with(nowhere + ":0036", nowhere + ":0000"), 53).empty());
}

TEST_CASE("a socket of one peer is no server's") {
  CHECK(hearing_addresses(with("00000000:0035", std::string(here) + ":1234"), 53).empty());
}

TEST_CASE("what is no table of sockets has none") {
  for (const char* bad :
       {"", "\n\n", "sl local", "1: 0:35 0:0", "1: 00000000:0035", "1: 0000000G:0035 00000000:0000",
        "1: 0000000000000000:0035 00000000:0000", "1: 00000000:10035 00000000:0000",
        "1: :0035 :0000"}) {
    INFO(bad);
    CHECK(hearing_addresses(bad, 53).empty());
  }
}

}  // namespace weir::doctor
