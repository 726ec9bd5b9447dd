#include "handshake/codecs.h"

#include "catch.h"
#include "handshake/proxy_header.h"
#include "handshake/socks5.h"

namespace weir {
namespace {

std::string header_of(const DatagramCodec& codec) {
  const Flow flow{.protocol = Protocol::udp,
                  .client = Endpoint::parse("192.0.2.11:41000").value(),
                  .destination = Endpoint::parse("203.0.113.5:53").value(),
                  .interface = 0};
  std::string out;
  codec.append_header(flow, {.endpoint = flow.destination, .host = {}}, {.flow_id = "id"}, out);
  return out;
}

TEST_CASE("every datagram codec is found by its name, and is the same one") {
  using On = DatagramCodec::On;
  const auto check = [](const DatagramCodec& codec) {
    const DatagramCodec* found = codec_named(codec.name());
    REQUIRE(found != nullptr);
    CHECK(found->on() == codec.on());
    CHECK(header_of(*found) == header_of(codec));
  };
  check(Socks5DatagramCodec());
  for (const auto checksum : {ProxyChecksum::none, ProxyChecksum::crc32c}) {
    for (const On on : {On::every, On::first}) {
      check(ProxyDatagramCodec({.version = ProxyVersion::v2, .checksum = checksum}, on));
    }
  }
  CHECK(codec_named("") == nullptr);
  CHECK(codec_named("socks6") == nullptr);
}

}  // namespace
}  // namespace weir
