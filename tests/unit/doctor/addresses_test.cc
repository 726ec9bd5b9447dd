#include "doctor/addresses.h"

#include "catch.h"

namespace weir::doctor {

namespace {

InterfaceAddress at(const char* interface, const char* address, std::uint8_t length) {
  const Address parsed = Address::parse(address).value();
  return {interface, parsed, {network_of(parsed, length), length}};
}

const std::vector<InterfaceAddress> all{
    at("lan", "192.0.2.1", 24),
    at("wan", "192.0.2.129", 25),
    at("lan", "fd00::1", 64),
};

std::string link_of(const char* address) {
  const auto* link = on_link(all, Address::parse(address).value());
  return link == nullptr ? "" : link->interface;
}

}  // namespace

TEST_CASE("an address is on the link with the longest subnet that holds it") {
  CHECK(link_of("192.0.2.7") == "lan");
  CHECK(link_of("192.0.2.200") == "wan");
  CHECK(link_of("fd00::99") == "lan");
  CHECK(link_of("198.51.100.1").empty());
  CHECK(link_of("fd01::1").empty());
}

TEST_CASE("this machine's addresses are read without loopback") {
  for (const InterfaceAddress& one : interface_addresses()) {
    CHECK_FALSE(one.interface.empty());
    CHECK_FALSE(one.address.is_loopback());
    CHECK(one.subnet.contains(one.address));
  }
}

}  // namespace weir::doctor
