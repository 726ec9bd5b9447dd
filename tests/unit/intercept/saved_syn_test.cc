#include "intercept/saved_syn.h"

#include <string>
#include <vector>

#include "catch.h"

namespace weir {
namespace {

std::vector<std::uint8_t> bytes(const std::string& hex) {
  std::vector<std::uint8_t> out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return out;
}

// As a kernel gave them.
const std::string tcp_header =
    "a6d600501c8c583900000000a002faf026430000020405b40402080a475df9aa000000000103030a";
const std::string v4_header = "45b8003c4e3d40004006c6420a090901cb007105";
const std::string v6_header =
    "6b800000"
    "0028"
    "06"
    "40"
    "fd000001000000000000000000000002"
    "fd000002000000000000000000000005";

TEST_CASE("a saved SYN says where the client was going, and with which DSCP") {
  const auto four = parse_syn(bytes(v4_header + tcp_header));
  REQUIRE(four);
  CHECK(four->destination == Endpoint::parse("203.0.113.5:80").value());
  CHECK(four->dscp == 46);
  const auto six = parse_syn(bytes(v6_header + tcp_header));
  REQUIRE(six);
  CHECK(six->destination == Endpoint::parse("[fd00:2::5]:80").value());
  CHECK(six->dscp == 46);
}

TEST_CASE("IP options stand between the headers") {
  std::string header = v4_header;
  header.replace(0, 2, "46");
  const auto syn = parse_syn(bytes(header + "01010101" + tcp_header));
  REQUIRE(syn);
  CHECK(syn->destination.port == 80);
}

TEST_CASE(
    "what is cut short, behind extension headers or to a link-local address is left to the "
    "socket") {
  const auto whole = bytes(v4_header + tcp_header);
  for (std::size_t size = 0; size < 40; ++size) {
    CHECK_FALSE(parse_syn(std::span(whole).first(size)));
  }
  std::string hops = v6_header;
  hops.replace(12, 2, "00");
  CHECK_FALSE(parse_syn(bytes(hops + tcp_header)));
  std::string near = v6_header;
  near.replace(48, 4, "fe80");
  CHECK_FALSE(parse_syn(bytes(near + tcp_header)));
}

}  // namespace
}  // namespace weir
