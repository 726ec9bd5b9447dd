#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "catch.h"
#include "relay/raw_sender.h"

namespace weir {
namespace {

Endpoint endpoint(const std::string& text) { return Endpoint::parse(text).value(); }

// A UDP header with checksum 0, and a payload.
std::vector<std::uint8_t> datagram(const Endpoint& from, const Endpoint& to,
                                   const std::vector<std::uint8_t>& payload) {
  const auto length = static_cast<std::uint16_t>(8 + payload.size());
  std::vector<std::uint8_t> out;
  for (const std::uint16_t word : {from.port, to.port, length, std::uint16_t{0}}) {
    out.push_back(static_cast<std::uint8_t>(word >> 8U));
    out.push_back(static_cast<std::uint8_t>(word));
  }
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}

// RFC 1071 by the book: all 16-bit words in one wide sum, folded at the end.
std::uint16_t by_the_book(const Endpoint& from, const Endpoint& to,
                          const std::vector<std::uint8_t>& bytes) {
  std::vector<std::uint8_t> all;
  const std::ptrdiff_t skip = from.address.is_v4() ? 12 : 0;
  for (const Address* address : {&from.address, &to.address}) {
    all.insert(all.end(), address->bytes().begin() + skip, address->bytes().end());
  }
  for (const std::size_t word : {bytes.size() >> 16U, bytes.size() & 0xffffU, std::size_t{17}}) {
    all.push_back(static_cast<std::uint8_t>(word >> 8U));
    all.push_back(static_cast<std::uint8_t>(word));
  }
  all.insert(all.end(), bytes.begin(), bytes.end());
  if (all.size() % 2 != 0) {
    all.push_back(0);
  }
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < all.size(); i += 2) {
    sum += static_cast<std::uint64_t>(all[i]) << 8U | all[i + 1];
  }
  while (sum >> 16U != 0) {
    sum = (sum & 0xffffU) + (sum >> 16U);
  }
  const auto result = static_cast<std::uint16_t>(~sum);
  return result == 0 ? 0xffff : result;
}

}  // namespace

TEST_CASE("the checksum of known datagrams") {
  // By hand: 0x0a00 + 0x0001 + 0x0a00 + 0x0002 + 0x0011 + 0x000a + 0x1000 + 0x2000 + 0x000a +
  // 0x6869 = 0xac91; its complement.
  const Endpoint a = endpoint("10.0.0.1:4096");
  const Endpoint b = endpoint("10.0.0.2:8192");
  CHECK(udp_checksum(a, b, datagram(a, b, {'h', 'i'})) == 0x536e);
  // An odd length counts as if a zero followed: 0xac91 with 0x000b twice and 0x6869 + 0x2100.
  CHECK(udp_checksum(a, b, datagram(a, b, {'h', 'i', '!'})) == 0x326c);
  // IPv6: 0xfd00 + 1 + 0xfd00 + 2 + 0x11 + 0xa + 0x1000 + 0x2000 + 0xa + 0x6869 = 0x29291 ->
  // 0x9293.
  const Endpoint c = endpoint("[fd00::1]:4096");
  const Endpoint d = endpoint("[fd00::2]:8192");
  CHECK(udp_checksum(c, d, datagram(c, d, {'h', 'i'})) == 0x6d6c);
}

TEST_CASE("a checksum that comes out as zero is sent as all ones") {
  const Endpoint a = endpoint("10.0.0.1:4096");
  const Endpoint b = endpoint("10.0.0.2:8192");
  // The first case's sum with a payload that makes it 0xffff: 0xac91 - 0x6869 + 0xbbd7.
  CHECK(udp_checksum(a, b, datagram(a, b, {0xbb, 0xd7})) == 0xffff);
}

TEST_CASE("the checksum is the book's for every length, in both families") {
  std::mt19937 random(7);
  const Endpoint pairs[][2] = {
      {endpoint("198.51.100.2:65535"), endpoint("203.0.113.255:53")},
      {endpoint("255.255.255.254:1"), endpoint("0.0.0.1:2")},
      {endpoint("[2001:db8:ffff::ffff]:443"), endpoint("[fe80::1]:65535")}};
  for (const auto& [from, to] : pairs) {
    int wrong = 0;
    for (std::size_t size = 0; size < 300; ++size) {
      std::vector<std::uint8_t> payload(size);
      for (auto& byte : payload) {
        byte = static_cast<std::uint8_t>(size % 3 == 0 ? 0xff : random());
      }
      const auto packet = datagram(from, to, payload);
      wrong += udp_checksum(from, to, packet) != by_the_book(from, to, packet) ? 1 : 0;
    }
    CHECK(wrong == 0);
    for (const std::size_t size : {std::size_t{65'506}, std::size_t{65'507}}) {
      const auto packet = datagram(from, to, std::vector<std::uint8_t>(size, 0xff));
      CHECK(udp_checksum(from, to, packet) == by_the_book(from, to, packet));
    }
  }
}

}  // namespace weir
