// The PROXY protocol's header, byte by byte. Source: HAProxy's "The PROXY protocol", section 2.
#include "handshake/proxy_header.h"

#include <string>
#include <vector>

#include "play.h"

namespace weir {
namespace {

using namespace std::string_literals;

const std::string signature = "\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"s;
constexpr ProxyHeaderFormat v1{.version = ProxyVersion::v1, .checksum = ProxyChecksum::none};
constexpr ProxyHeaderFormat v2{.version = ProxyVersion::v2, .checksum = ProxyChecksum::none};
constexpr ProxyHeaderFormat checked{.version = ProxyVersion::v2, .checksum = ProxyChecksum::crc32c};

Flow flow(const std::string& client, const std::string& destination,
          Protocol protocol = Protocol::tcp) {
  return {.protocol = protocol,
          .client = Endpoint::parse(client).value(),
          .destination = Endpoint::parse(destination).value(),
          .interface = 0};
}

const Flow four = flow("192.0.2.11:40000", "203.0.113.5:443");
const Flow six = flow("[2001:db8::b]:40000", "[2001:db8:1::5]:443");

Flow naming(Flow flow, const std::string& host, HostFrom from = HostFrom::sni) {
  flow.host = std::make_shared<const Host>(Host{.name = host, .from = from});
  return flow;
}

std::string header(const ProxyHeaderFormat& format, const Flow& flow, const std::string& id = "") {
  std::string out = "before ";
  append_proxy_header(format, flow, id, out);
  REQUIRE(out.starts_with("before "));
  return out.substr(7);
}

}  // namespace

TEST_CASE("version 1 is one line of text") {
  CHECK(header(v1, four) == "PROXY TCP4 192.0.2.11 203.0.113.5 40000 443\r\n");
  CHECK(header(v1, six) == "PROXY TCP6 2001:db8::b 2001:db8:1::5 40000 443\r\n");
  // An id or a name has no place in it.
  CHECK(header(v1, naming(four, "www.example.net"), "id") == header(v1, four));
}

TEST_CASE("version 1 stays within 107 bytes, its longest addresses and ports included") {
  const Flow longest = flow("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
                            "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe]:65535");
  CHECK(header(v1, longest).size() == 104);
  CHECK(header(v1, flow("192.0.2.1:65535", longest.destination.text())).size() <= 107);
}

TEST_CASE("endpoints of two families are both written as IPv6 ones") {
  const Flow up = flow("192.0.2.11:40000", "[2001:db8:1::5]:443");
  const Flow down = flow("[2001:db8::b]:40000", "203.0.113.5:443");
  CHECK(header(v1, up) == "PROXY TCP6 ::ffff:192.0.2.11 2001:db8:1::5 40000 443\r\n");
  CHECK(header(v1, down) == "PROXY TCP6 2001:db8::b ::ffff:203.0.113.5 40000 443\r\n");
  CHECK(header(v2, up) ==
        signature + "\x21\x21\x00\x24"s + "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x0b"s +
            "\x20\x01\x0d\xb8\x00\x01\0\0\0\0\0\0\0\0\0\x05"s + "\x9c\x40\x01\xbb"s);
}

TEST_CASE("version 2 is the signature, the families, a length and the addresses") {
  CHECK(header(v2, four) == signature + "\x21\x11\x00\x0c"s + "\xc0\x00\x02\x0b"s +
                                "\xcb\x00\x71\x05"s + "\x9c\x40\x01\xbb"s);
  CHECK(header(v2, six) ==
        signature + "\x21\x21\x00\x24"s + "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x0b"s +
            "\x20\x01\x0d\xb8\x00\x01\0\0\0\0\0\0\0\0\0\x05"s + "\x9c\x40\x01\xbb"s);
  CHECK(header(v2, flow("192.0.2.11:40000", "203.0.113.5:53", Protocol::udp)).substr(12, 2) ==
        "\x21\x12");
  CHECK(header(v2, flow("[2001:db8::b]:40000", "[2001:db8::5]:53", Protocol::udp)).substr(12, 2) ==
        "\x21\x22");
}

TEST_CASE("the flow's id and host go along as TLVs, and the length counts them") {
  const std::string both = header(v2, naming(four, "www.example.net"), "a1b2-7");
  CHECK(both == signature + "\x21\x11\x00\x27"s + "\xc0\x00\x02\x0b"s + "\xcb\x00\x71\x05"s +
                    "\x9c\x40\x01\xbb"s + "\x02\x00\x0f"s + "www.example.net" + "\x05\x00\x06"s +
                    "a1b2-7");
  CHECK(static_cast<std::size_t>(both[15]) == both.size() - 16);
  // Both have bounds of their own, and with them the header stays below 536 bytes.
  const std::string name = std::string(200, 'h') + "." + std::string(52, 'h');
  const std::string max = header(checked, naming(six, name), std::string(500, 'i'));
  CHECK(max.find("\x02\x00\xfd"s + name + "\x05\x00\x80"s + std::string(128, 'i') +
                 "\x03\x00\x04"s) != std::string::npos);
  CHECK(max.size() == 446);
  CHECK(max.substr(14, 2) == "\x01\xae"s);
  // What is longer than a name can be is left out: cut, it would be another name.
  CHECK(header(v2, naming(four, name + "h"), "id") == header(v2, four, "id"));
}

TEST_CASE("the host is told whatever names it, of connections and of datagrams") {
  const std::string authority = "\x02\x00\x0b"s + "example.net";
  using From = HostFrom;
  for (const From from : {From::sni, From::http, From::quic, From::dns}) {
    CHECK(header(v2, naming(four, "example.net", from)) ==
          signature + "\x21\x11\x00\x1a"s + header(v2, four).substr(16) + authority);
  }
  Flow outer = naming(four, "example.net");
  outer.host = std::make_shared<const Host>(
      Host{.name = "example.net", .from = From::sni, .is_outer = true});
  CHECK(header(v2, outer).ends_with(authority));
  const Flow datagrams = flow("[2001:db8::b]:40000", "[2001:db8::5]:443", Protocol::udp);
  CHECK(header(v2, naming(datagrams, "example.net", From::quic)) ==
        signature + "\x21\x22\x00\x32"s + header(v2, datagrams).substr(16) + authority);
}

TEST_CASE("crc32c gives the known sums") {
  CHECK(crc32c("") == 0);
  CHECK(crc32c("123456789") == 0xe3069283);
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);  // RFC 3720, section B.4
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
  std::string rising;
  for (int i = 0; i < 32; ++i) {
    rising.push_back(static_cast<char>(i));
  }
  CHECK(crc32c(rising) == 0x46dd794e);
}

TEST_CASE("the checksum covers the whole header with its own four bytes as zeros") {
  const Flow named = naming(four, "www.example.net");
  const std::string whole = header(checked, named, "a1b2-7");
  const std::string tail = "\x03\x00\x04"s;
  REQUIRE(whole.substr(whole.size() - 7, 3) == tail);
  std::uint32_t sum = 0;
  for (std::size_t i = whole.size() - 4; i < whole.size(); ++i) {
    sum = (sum << 8U) | static_cast<std::uint8_t>(whole[i]);
  }
  CHECK(sum == crc32c(whole.substr(0, whole.size() - 4) + "\0\0\0\0"s));
  CHECK(sum != 0);
  // Whatever stood before the header is no part of it: header() writes behind other bytes.
  std::string alone;
  append_proxy_header(checked, named, "a1b2-7", alone);
  CHECK(alone == whole);
}

TEST_CASE("as a handshake it is said at once and waits for nothing") {
  const Flow named = naming(four, "www.example.net");
  const MakeHandshake make = [&]() { return std::make_unique<ProxyHeaderHandshake>(v2, named); };
  const Ending end = ending(make, "220 server speaks first\r\n");
  CHECK(end.state == Handshake::State::done);
  CHECK(end.said == header(v2, named, "flow-1"));
  CHECK(end.rest == "220 server speaks first\r\n");
}

TEST_CASE("before datagrams it is version 2 with the flow's id; answers come back bare") {
  const Flow one = naming(flow("192.0.2.11:40000", "203.0.113.5:53", Protocol::udp), "example.net");
  for (const auto on : {DatagramCodec::On::every, DatagramCodec::On::first}) {
    const ProxyDatagramCodec codec(v2, on);
    CHECK(codec.on() == on);
    std::string out;
    // Where the datagram is sent does not matter: the destination is the client's.
    codec.append_header(one, {.endpoint = Endpoint::parse("198.51.100.1:5353").value(), .host = {}},
                        {.flow_id = "flow-1"}, out);
    CHECK(out == header(v2, one, "flow-1"));
    const std::vector<std::uint8_t> answer{1, 2, 3};
    const auto decoded = codec.decode(answer);
    CHECK(decoded.verdict == DatagramCodec::Decoded::Verdict::payload);
    CHECK(decoded.header == 0);
    CHECK(decoded.peer.port == 0);
  }
}

}  // namespace weir
