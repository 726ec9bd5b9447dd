// The header of datagrams through a SOCKS5 relay (RFC 1928, section 7).
#include <span>
#include <string>
#include <vector>

#include "catch.h"
#include "handshake/socks5.h"

namespace weir {
namespace {

using namespace std::string_literals;
using Verdict = DatagramCodec::Decoded::Verdict;

const std::string from_v4 = "\0\0\0\x01\xcb\x00\x71\x05\x00\x35"s;  // 203.0.113.5:53
const std::string from_v6 =
    "\0\0\0\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x05\x00\x35"s;  // [2001:db8::5]:53

std::string header(const std::string& destination, const std::string& host = "") {
  std::string out = "before ";
  const Socks5DatagramCodec codec;
  CHECK(codec.on() == DatagramCodec::On::every);
  const Target target{.endpoint = Endpoint::parse(destination).value(), .host = host};
  codec.append_header({}, target, {}, out);
  REQUIRE(out.starts_with("before "));  // appended, not written over
  return out.substr(7);
}

DatagramCodec::Decoded decoded(const std::string& wire) {
  // A copy of exactly that size, so that reading beyond it is seen by a sanitizer.
  const std::vector<std::uint8_t> exact(wire.begin(), wire.end());
  return Socks5DatagramCodec().decode(exact);
}

}  // namespace

TEST_CASE("a datagram's header names its target: address or name") {
  CHECK(header("203.0.113.5:53") == from_v4);
  CHECK(header("[2001:db8::5]:53") == from_v6);
  CHECK(header("203.0.113.5:53", "dns.example") == "\0\0\0\x03\x0b"s + "dns.example\x00\x35"s);
}

TEST_CASE("what comes back names who sent it, and the payload begins behind the header") {
  struct Row {
    std::string header;
    std::string peer;
  };
  const std::vector<Row> rows{{from_v4, "203.0.113.5:53"},
                              {from_v6, "[2001:db8::5]:53"},
                              {"\0\0\0\x03\x04peer\x00\x35"s, ""},
                              {"\0\0\0\x03\x00\x00\x35"s, ""},
                              {"\0\0\0\x03\xff"s + std::string(255, 'x') + "\x00\x35"s, ""},
                              {"\xff\xff\0\x01\xcb\x00\x71\x05\x00\x35"s, "203.0.113.5:53"}};
  for (const Row& row : rows) {
    for (const std::string& payload : {""s, "x"s, std::string(65'000, 'p')}) {
      const auto found = decoded(row.header + payload);
      CHECK(found.verdict == Verdict::payload);
      CHECK(found.header == row.header.size());
      if (row.peer.empty()) {
        CHECK(found.peer.port == 0);
      } else {
        CHECK(found.peer.text() == row.peer);
      }
    }
  }
}

TEST_CASE("a mapped IPv4 address is that IPv4 address") {
  const std::string mapped = "\0\0\0\x04\0\0\0\0\0\0\0\0\0\0\xff\xff\xcb\x00\x71\x05\x00\x35"s;
  CHECK(decoded(mapped + "x").peer == Endpoint::parse("203.0.113.5:53").value());
}

TEST_CASE("a header cut anywhere is malformed") {
  for (const std::string& whole : {from_v4, from_v6, "\0\0\0\x03\x04peer\x00\x35"s,
                                   "\0\0\0\x03\xff"s + std::string(255, 'x') + "\x00\x35"s}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const auto found = decoded(whole.substr(0, size));
      INFO(size << " of " << whole.size());
      REQUIRE(found.verdict == Verdict::malformed);
    }
  }
}

TEST_CASE("an unknown address type is malformed, and a fragment is told apart") {
  for (const char type : {'\x00', '\x02', '\x05', '\xff'}) {
    CHECK(decoded("\0\0\0"s + type + std::string(300, 'x')).verdict == Verdict::malformed);
  }
  for (const char fragment : {'\x01', '\x7f', '\x80', '\xff'}) {
    CHECK(decoded("\0\0"s + fragment + from_v4.substr(3) + "payload").verdict == Verdict::fragment);
  }
}

}  // namespace weir
