#include "upstream/server_key.h"

#include <string>
#include <vector>

#include "catch.h"

namespace weir {
namespace {

Result<ServerKey> parse(const std::string& text) {
  Value value;
  value.text = text;
  value.location = {"weir.ini", 7};
  return parse_server(value);
}

}  // namespace

TEST_CASE("every form of a server is read") {
  struct Row {
    std::string text;
    std::string name;
    std::string host;
    Port port;
    int weight;
  };
  const std::vector<Row> rows{
      {"192.0.2.1", "192.0.2.1", "192.0.2.1", 0, 1},
      {"192.0.2.1:80", "192.0.2.1:80", "192.0.2.1", 80, 1},
      {"192.0.2.1:65535", "192.0.2.1:65535", "192.0.2.1", 65535, 1},
      {"web1=192.0.2.1", "web1", "192.0.2.1", 0, 1},
      {"web1=192.0.2.1:80", "web1", "192.0.2.1", 80, 1},
      {"web1=192.0.2.1:80 weight=2", "web1", "192.0.2.1", 80, 2},
      {"192.0.2.1 weight=256", "192.0.2.1", "192.0.2.1", 0, 256},
      {"  192.0.2.1:80 \t weight=3  ", "192.0.2.1:80", "192.0.2.1", 80, 3},
      {"fd00::1", "fd00::1", "fd00::1", 0, 1},
      {"::1", "::1", "::1", 0, 1},
      {"fd00::1:80", "fd00::1:80", "fd00::1:80", 0, 1},  // an address, however it looks
      {"[fd00::1]:80", "[fd00::1]:80", "fd00::1", 80, 1},
      {"[fd00::1]", "[fd00::1]", "fd00::1", 0, 1},
      {"six=[fd00::1]", "six", "fd00::1", 0, 1},
      {"six=fd00::1", "six", "fd00::1", 0, 1},
      {"six=[fd00::1]:443 weight=9", "six", "fd00::1", 443, 9},
      {"[fe80::1%lo]:80", "[fe80::1%lo]:80", "fe80::1%lo", 80, 1},
      {"fe80::1%lo", "fe80::1%lo", "fe80::1%lo", 0, 1},
      {"fe80::1%lo:80", "fe80::1%lo:80", "fe80::1%lo", 80, 1},
      {"example.net", "example.net", "example.net", 0, 1},
      {"example.net:8080", "example.net:8080", "example.net", 8080, 1},
      {"example.net.:80", "example.net.:80", "example.net.", 80, 1},
      {"localhost", "localhost", "localhost", 0, 1},
      {"xn--bcher-kva.example", "xn--bcher-kva.example", "xn--bcher-kva.example", 0, 1},
      {"_weird_but_used.example", "_weird_but_used.example", "_weird_but_used.example", 0, 1},
      {"1and1.example", "1and1.example", "1and1.example", 0, 1},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const auto parsed = parse(row.text);
    INFO((parsed.ok() ? "" : parsed.error().text()));
    REQUIRE(parsed.ok());
    CHECK(parsed.value().name == row.name);
    CHECK(parsed.value().host == row.host);
    CHECK(parsed.value().port == row.port);
    CHECK(parsed.value().weight == row.weight);
  }
}

TEST_CASE("what may stand behind a server is read in any order") {
  const auto parsed = parse("a=192.0.2.1:80 source=192.0.2.9 max-flows=20 backup weight=3");
  REQUIRE(parsed.ok());
  const ServerKey& key = parsed.value();
  CHECK(key.weight == 3);
  CHECK(key.role == ServerKey::Role::backup);
  CHECK(key.max_flows == 20);
  CHECK(key.source == Source{SourceKind::address, Address::parse("192.0.2.9").value()});
  CHECK_FALSE(parse("192.0.2.1").value().source);
  CHECK(parse("192.0.2.1 source=client:port").value().source->kind == SourceKind::client_port);
}

TEST_CASE("a service of the DNS is named by its records") {
  const auto parsed = parse("web=srv:_http._tcp.example.net backup");
  REQUIRE(parsed.ok());
  CHECK(parsed.value().kind == ServerKey::Kind::service);
  CHECK(parsed.value().host == "_http._tcp.example.net");
  CHECK(parsed.value().name == "web");
  CHECK(parsed.value().role == ServerKey::Role::backup);
}

TEST_CASE("a server that is wrong is refused with a sentence that says how") {
  const std::string port = " is not a port (1 to 65535)";
  const std::string weight = " is not a weight (1 to 256)";
  const std::string known = " after the server (known: weight=N, backup, max-flows=N, source=...)";
  const std::string name = " is no name of a server: letters, digits, '.', '_' and '-' make one";
  const std::string host = " is neither an address nor a host name";
  struct Row {
    std::string text;
    std::string description;
  };
  const std::vector<Row> rows{
      {"", "a server needs HOST or HOST:PORT"},
      {"   ", "a server needs HOST or HOST:PORT"},
      {"web1=", "a server needs HOST or HOST:PORT"},
      {"web1= 192.0.2.1", "a server needs HOST or HOST:PORT"},
      {"=192.0.2.1", "a server's name is missing before '='"},
      {"we/b=192.0.2.1", "'we/b'" + name},
      {"\"web\"=192.0.2.1", "'\"web\"'" + name},
      {"web:1=192.0.2.1", "'web:1'" + name},
      {"192.0.2.1:", "''" + port},
      {"192.0.2.1:0", "'0'" + port},
      {"192.0.2.1:65536", "'65536'" + port},
      {"192.0.2.1:-80", "'-80'" + port},
      {"192.0.2.1:+80", "'+80'" + port},
      {"192.0.2.1:0x50", "'0x50'" + port},
      {"192.0.2.1:http", "'http'" + port},
      {"192.0.2.1:80-90", "'80-90'" + port},
      {"192.0.2.1:99999999999999999999", "'99999999999999999999'" + port},
      {"[fd00::1]:", "''" + port},
      {"[fd00::1]:0", "'0'" + port},
      {"[192.0.2.1]:80", "'192.0.2.1' is not an IPv6 address"},
      {"[192.0.2.1]", "'192.0.2.1' is not an IPv6 address"},
      {"[example.net]:80", "'example.net' is not an IPv6 address"},
      {"[]:80", "'' is not an IPv6 address"},
      {"[]", "'' is not an IPv6 address"},
      {"[fd00::1", "'[fd00:'" + host},
      {"[fd00::1:80", "'[fd00::1'" + host},
      {"fd00::1]:80", "'fd00::1]'" + host},
      {":80", "''" + host},
      {"a=b=c", "'b=c'" + host},
      {"192.0.2.256", "'192.0.2.256'" + host},
      {"192.0.2", "'192.0.2'" + host},
      {"1.2.3.4.5", "'1.2.3.4.5'" + host},
      {"192.0.2.1/24", "'192.0.2.1/24'" + host},
      {"http://example.net", "'http://example.net': a server is HOST or HOST:PORT, without '://'"},
      {"example..net", "'example..net'" + host},
      {".example.net", "'.example.net'" + host},
      {"-example.net", "'-example.net'" + host},
      {"exam ple.net", "unknown word 'ple.net'" + known},
      {"ex\xc3\xa4mple.net", "'ex\xc3\xa4mple.net'" + host},
      {std::string(254, 'a'), "'" + std::string(254, 'a') + "'" + host},
      {"0.0.0.0:80", "'0.0.0.0' is no address of a server"},
      {"[::]:80", "'::' is no address of a server"},
      {"224.0.0.1", "'224.0.0.1' is no address of a server"},
      {"ff02::1", "'ff02::1' is no address of a server"},
      {"192.0.2.1 weight=0", "'0'" + weight},
      {"192.0.2.1 weight=257", "'257'" + weight},
      {"192.0.2.1 weight=-1", "'-1'" + weight},
      {"192.0.2.1 weight=", "''" + weight},
      {"192.0.2.1 weight=2x", "'2x'" + weight},
      {"192.0.2.1 weight = 2", "unknown word 'weight'" + known},
      {"192.0.2.1 backup=yes", "unknown word 'backup=yes'" + known},
      {"192.0.2.1 backup backup", "backup is given twice"},
      {"192.0.2.1 max-flows=0", "'0' is not a number of flows (1 and more)"},
      {"192.0.2.1 max-flows=many", "'many' is not a number of flows (1 and more)"},
      {"192.0.2.1 source=eth0",
       "'eth0' is not gateway, client, client:port or an address of the router"},
      {"srv:http.tcp.example.net", "'srv:http.tcp.example.net' is not srv:_SERVICE._PROTOCOL.NAME"},
      {"srv:_http._tcp", "'srv:_http._tcp' is not srv:_SERVICE._PROTOCOL.NAME"},
      {"srv:_http._tcp.example.net:80",
       "'srv:_http._tcp.example.net:80' is not srv:_SERVICE._PROTOCOL.NAME"},
      {"srv:_http._tcp.example.net weight=2", "the SRV records say the weights of their servers"},
      {"192.0.2.1 192.0.2.2", "unknown word '192.0.2.2'" + known},
      {"192.0.2.1 weight=2 weight=3", "weight is given twice"},
      {"a/b=10.0.0.1:99999 weight=0 backup backup up",
       "'a/b'" + name + "; '99999'" + port + "; '0'" + weight +
           "; backup is given twice; unknown word 'up'" + known},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const auto parsed = parse(row.text);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().text() == row.description);
    CHECK(parsed.error().location() == SourceLocation{"weir.ini", 7});
  }
}

TEST_CASE("a NUL byte does not end a server early") {
  using namespace std::string_literals;
  CHECK_FALSE(parse("192.0.2.1\0:80"s).ok());
  CHECK_FALSE(parse("192.0.2.1:80\0"s).ok());
  CHECK_FALSE(parse("example.net\0"s).ok());
}

}  // namespace weir
