#include "weir/endpoint.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <cstring>
#include <string>
#include <vector>

#include "catch.h"

namespace weir {
namespace {

Endpoint endpoint(const std::string& text) {
  auto parsed = Endpoint::parse(text);
  INFO(text);
  REQUIRE(parsed.ok());
  return parsed.value();
}

}  // namespace

TEST_CASE("an endpoint's text is read back as the same endpoint") {
  struct Row {
    std::string given;
    std::string written;
    Port port;
  };
  const std::vector<Row> rows{
      {"192.0.2.1:80", "192.0.2.1:80", 80},
      {"192.0.2.1:1", "192.0.2.1:1", 1},
      {"192.0.2.1:65535", "192.0.2.1:65535", 65535},
      {"[fd00::1]:443", "[fd00::1]:443", 443},
      {"[::]:53", "[::]:53", 53},
      {"[::ffff:192.0.2.1]:80", "192.0.2.1:80", 80},
      {"[fe80::1%lo]:80", "[fe80::1%lo]:80", 80},
  };
  for (const Row& row : rows) {
    INFO(row.given);
    const Endpoint parsed = endpoint(row.given);
    CHECK(parsed.text() == row.written);
    CHECK(parsed.port == row.port);
    CHECK(endpoint(parsed.text()) == parsed);
  }
}

TEST_CASE("what is no endpoint is refused, each slip with its own sentence") {
  const std::string form = " is not ADDRESS:PORT (IPv6: [ADDRESS]:PORT)";
  const std::string port = " is not a port (1 to 65535)";
  const std::string address = " is not an IPv4 or IPv6 address";
  struct Row {
    std::string given;
    std::string text;
  };
  const std::vector<Row> rows{
      {"", "''" + form},
      {":", "''" + port},
      {"192.0.2.1", "'192.0.2.1'" + form},
      {"::1", "'::1'" + form},
      {"fd00::1:80", "'fd00::1:80'" + form},
      {"[fd00::1]", "'[fd00::1]'" + form},
      {"[fd00::1]80", "'[fd00::1]80'" + form},
      {"[", "'['" + form},
      {"[:", "'[:'" + form},
      {"[:80", "'[:80'" + form},
      {"[]:80", "''" + address},
      {":80", "''" + address},
      {"]:80", "']'" + address},
      {"192.0.2.1:", "''" + port},
      {"192.0.2.1:0", "'0'" + port},
      {"192.0.2.1:65536", "'65536'" + port},
      {"192.0.2.1:-1", "'-1'" + port},
      {"192.0.2.1:+1", "'+1'" + port},
      {"192.0.2.1: 80", "' 80'" + port},
      {"192.0.2.1:80 ", "'80 '" + port},
      {"192.0.2.1:0x50", "'0x50'" + port},
      {"192.0.2.1:80-81", "'80-81'" + port},
      {"192.0.2.1:99999999999999999999", "'99999999999999999999'" + port},
      {"example.net:80", "'example.net'" + address},
      {"[example.net]:80", "'example.net'" + address},
      {"[[::1]]:80", "'[::1]'" + address},
  };
  for (const Row& row : rows) {
    INFO(row.given);
    const auto parsed = Endpoint::parse(row.given);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().text() == row.text);
  }
}

TEST_CASE("brackets are for IPv6 addresses only") {
  CHECK_FALSE(Endpoint::parse("[192.0.2.1]:80").ok());
}

TEST_CASE("an endpoint goes to a socket address and comes back") {
  for (const std::string text : {"192.0.2.1:80", "0.0.0.0:65535", "[fd00::1]:443", "[::]:1"}) {
    INFO(text);
    const Endpoint before = endpoint(text);
    sockaddr_storage raw{};
    const socklen_t length = before.to(raw);
    CHECK(raw.ss_family == (before.address.is_v4() ? AF_INET : AF_INET6));
    CHECK(length == (before.address.is_v4() ? sizeof(sockaddr_in) : sizeof(sockaddr_in6)));
    CHECK(Endpoint::from(raw) == before);
  }
}

TEST_CASE("the scope of a link-local address goes to the socket address and back") {
  const unsigned lo = if_nametoindex("lo");
  const Endpoint before = endpoint("[fe80::1%lo]:80");
  sockaddr_storage raw{};
  CHECK(before.to(raw) == sizeof(sockaddr_in6));
  sockaddr_in6 six{};
  std::memcpy(&six, &raw, sizeof six);
  CHECK(six.sin6_scope_id == lo);
  CHECK(Endpoint::from(raw) == before);
}

TEST_CASE("a v4-mapped socket address is never taken for the IPv4 one") {
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(80);
  six.sin6_scope_id = 3;  // means nothing here
  REQUIRE(inet_pton(AF_INET6, "::ffff:192.0.2.1", &six.sin6_addr) == 1);
  sockaddr_storage raw{};
  std::memcpy(&raw, &six, sizeof six);
  CHECK(Endpoint::from(raw) == Endpoint{Address{}, 80});
}

TEST_CASE("a socket address of another family is no endpoint") {
  sockaddr_storage raw{};
  std::memset(&raw, 0xff, sizeof raw);
  raw.ss_family = AF_UNIX;
  CHECK(Endpoint::from(raw) == Endpoint{});
  raw.ss_family = AF_UNSPEC;
  CHECK(Endpoint::from(raw) == Endpoint{});
}

TEST_CASE("endpoints order by address, then port") {
  CHECK(endpoint("192.0.2.1:80") < endpoint("192.0.2.1:81"));
  CHECK(endpoint("192.0.2.1:81") < endpoint("192.0.2.2:80"));
  CHECK(endpoint("192.0.2.1:80") != endpoint("[fd00::1]:80"));
}

}  // namespace weir
