#include <arpa/inet.h>
#include <net/if.h>

#include <array>
#include <bit>
#include <cstring>
#include <set>
#include <unordered_set>

#include "catch.h"
#include "weir/endpoint.h"

namespace weir {
namespace {

Address from_halves(std::uint64_t high, std::uint64_t low) {
  in6_addr raw{};
  std::memcpy(&raw, &high, 8);
  std::memcpy(reinterpret_cast<std::uint8_t*>(&raw) + 8, &low, 8);
  return Address::v6(raw);
}

}  // namespace

TEST_CASE("equal endpoints hash alike, however they were made") {
  const auto parsed = Endpoint::parse("192.0.2.1:80").value();
  const auto mapped = Endpoint::parse("[::ffff:192.0.2.1]:80").value();
  sockaddr_storage raw{};
  static_cast<void>(parsed.to(raw));
  CHECK(hash_of(parsed) == hash_of(mapped));
  CHECK(hash_of(parsed) == hash_of(Endpoint::from(raw)));
  CHECK(EndpointHash{}(parsed) == hash_of(parsed));
  CHECK(AddressHash{}(parsed.address) == hash_of(parsed.address));
}

TEST_CASE("every part of an endpoint is in its hash") {
  const auto base = Endpoint::parse("[fe80::1]:80").value();
  CHECK(hash_of(base) != hash_of(Endpoint{base.address, 81}));
  CHECK(hash_of(base) != hash_of(Endpoint::parse("[fe80::2]:80").value()));
  CHECK(hash_of(base) != hash_of(Endpoint::parse("[fe80::1%lo]:80").value()));
  for (unsigned bit = 0; bit < 128; ++bit) {
    INFO("bit " << bit);
    std::array<std::uint8_t, 16> bytes = base.address.bytes();
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1U << bit % 8));
    in6_addr raw{};
    std::memcpy(&raw, bytes.data(), 16);
    CHECK(hash_of(Address::v6(raw)) != hash_of(base.address));
  }
}

TEST_CASE("hashes of neighbouring tuples spread over every bit") {
  // The chance that one bit is the same in all of 4,096 good hashes is 2^-4095.
  std::uint64_t ever_set = 0;
  std::uint64_t ever_clear = 0;
  std::set<std::uint64_t> low_bits;
  for (std::uint32_t i = 0; i < 4096; ++i) {
    const auto hash = hash_of(Endpoint{Address::v4(0x0a000000U + i / 64), Port(1024 + i % 64)});
    ever_set |= hash;
    ever_clear |= ~hash;
    low_bits.insert(hash % 4096);
  }
  CHECK(ever_set == UINT64_MAX);
  CHECK(ever_clear == UINT64_MAX);
  CHECK(low_bits.size() > 2000);  // some 2,590 of 4,096 places, by chance
}

TEST_CASE("no half of an address cancels the other half") {
  // A client chooses destinations freely: a constant of the mixing function in one half must not
  // make all other halves collide.
  for (const std::uint64_t constant :
       {0x9e3779b97f4a7c15U, 0xd1b54a32d192ed03U, std::uint64_t{0}, UINT64_MAX}) {
    std::unordered_set<std::uint64_t> by_low;
    std::unordered_set<std::uint64_t> by_high;
    for (std::uint64_t i = 1; i <= 256; ++i) {
      by_low.insert(hash_of(from_halves(i * 0x0101010101010101U, constant)));
      by_high.insert(hash_of(from_halves(constant, i * 0x0101010101010101U)));
    }
    INFO(std::hex << constant);
    CHECK(by_low.size() == 256);
    CHECK(by_high.size() == 256);
  }
}

// As tables and counts by few bits need it.
TEST_CASE("neighbouring ports of an address have hashes that differ in their lowest bits") {
  for (std::uint32_t number = 0; number < 2'000; ++number) {
    std::set<std::uint64_t> lowest;
    for (Port port = 7710; port < 7720; ++port) {
      lowest.insert(hash_of(Endpoint{Address::v4(0xc0000200U + number), port}) % 64);
    }
    CHECK(lowest.size() >= 3);
  }
}

}  // namespace weir
