// Whole proxy chains as values: an upstream's own hop, the PROXY header around it, and those
// through `via`.
#include "upstream/proxy_chain.h"

#include <string>
#include <vector>

#include "dial/tcp_dial.h"
#include "make.h"
#include "upstream/assembly.h"

namespace weir {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;
using Verdict = Route::Verdict;
using namespace std::string_literals;

const Flow tcp = flow("192.0.2.11:40000", "203.0.113.5:80");
const Flow udp = flow("192.0.2.11:40000", "203.0.113.5:53", Protocol::udp);

Settings office() { return section("socks5", {{"server", "p1=198.51.100.1:1080"}}, "office"); }
Settings base() { return section("http-connect", {{"server", "b1=198.51.100.2:3128"}}, "base"); }
Settings plain() { return section("direct", {}, "plain"); }
Settings reject() { return section("reject", {}, "no"); }

Settings web(Lines more) {
  more.insert(more.begin(), {"server", "web1=192.0.2.60:8080"});
  return section("forward", more, "web");
}

struct Made {
  explicit Made(std::vector<Settings> those)
      : sections(std::move(those)), assembly(sections, servers) {}
  [[nodiscard]] std::shared_ptr<Upstream> get(const std::string& name) {
    auto made = assembly.get(name);
    INFO((made.ok() ? "" : made.error().text()));
    REQUIRE(made.ok());
    return made.value();
  }
  [[nodiscard]] std::string error(const std::string& name) {
    const auto made = assembly.get(name);
    return made.ok() ? "accepted"
                     : std::to_string(made.error().location().line) + ": " + made.error().text();
  }
  std::vector<Settings> sections;
  ServerPool servers;
  UpstreamAssembly assembly;
};

// "office/p1", in order of travel.
std::vector<std::string> hops_of(const Route& route) {
  std::vector<std::string> out;
  for (const Hop& hop : route.hops) {
    out.push_back(hop_name(hop.upstream, hop.server.get()));
  }
  return out;
}

// What a hop's handshake says when the server agrees to everything.
std::string said(const Hop& hop) {
  std::string out;
  if (hop.handshake->start({.flow_id = "flow-1"}, out) == Handshake::State::waiting) {
    static_cast<void>(hop.handshake->receive("\x05\x00"s, out));
  }
  return out;
}

const std::string connect_web = "\x05\x01\x00"s + "\x05\x01\x00\x01\xc0\x00\x02\x3c\x1f\x90"s;

}  // namespace

TEST_CASE("a socks5 server is told the flow's destination") {
  Made made({office()});
  const Route route = made.get("office")->route(tcp, {});
  CHECK(route.verdict == Verdict::dial);
  CHECK(route.remote.text() == "198.51.100.1:1080");
  CHECK(route.server->identity().name == "p1");
  CHECK(route.first_hop == nullptr);
  CHECK(path_of(route, "office").empty());
  REQUIRE(hops_of(route) == std::vector<std::string>{"office/p1"});
  CHECK(said(route.hops[0]) == "\x05\x01\x00"s + "\x05\x01\x00\x01\xcb\x00\x71\x05\x00\x50"s);
}

TEST_CASE("a proxy's port is the protocol's usual one where none is given") {
  Made made({section("socks5", {{"server", "p1=198.51.100.1"}}, "office"),
             section("http-connect", {{"server", "b1=fd00::1"}}, "base")});
  CHECK(made.get("office")->route(tcp, {}).remote.text() == "198.51.100.1:1080");
  CHECK(made.get("base")->route(tcp, {}).remote.text() == "[fd00::1]:3128");
}

TEST_CASE("a server through a proxy: the proxy is dialled and told the server") {
  Made made({web({{"via", "office"}}), office()});
  const Route route = made.get("web")->route(tcp, {});
  CHECK(route.remote.text() == "198.51.100.1:1080");
  CHECK(route.server->identity().name == "web1");
  CHECK(route.first_hop->identity().name == "p1");
  CHECK(path_of(route, "web") == "office/p1>web1");
  REQUIRE(hops_of(route) == std::vector<std::string>{"office/p1"});
  CHECK(said(route.hops[0]) == connect_web);
}

TEST_CASE("a chain of three is dialled at its beginning and named whole") {
  Made made({web({{"via", "office"}}),
             section("socks5", {{"server", "p1=198.51.100.1:1080"}, {"via", "base"}}, "office"),
             base()});
  const Route route = made.get("web")->route(tcp, {});
  CHECK(route.remote.text() == "198.51.100.2:3128");
  CHECK(path_of(route, "web") == "base/b1>office/p1>web1");
  REQUIRE(hops_of(route) == std::vector<std::string>{"base/b1", "office/p1"});
  CHECK(said(route.hops[0]).starts_with("CONNECT 198.51.100.1:1080 HTTP/1.1\r\n"));
  CHECK(said(route.hops[1]) == connect_web);
}

TEST_CASE("the first of a chain opens the socket: its source and its options count") {
  Made made(
      {web({{"via", "office"}, {"source", "client"}, {"dscp", "1"}}),
       section("socks5", {{"server", "p1=198.51.100.1"}, {"source", "198.51.100.9"}, {"dscp", "2"}},
               "office")});
  const Route route = made.get("web")->route(tcp, {});
  CHECK(route.source.kind == SourceKind::address);
  CHECK(route.options->dscp == 2);
}

TEST_CASE("the PROXY header is the last word on the way to its server") {
  Made made({web({{"via", "base"}, {"proxy-protocol", "v1"}}), base(),
             section("direct", {{"proxy-protocol", "v1"}}, "told")});
  const Route chained = made.get("web")->route(tcp, {});
  REQUIRE(hops_of(chained) == std::vector<std::string>{"base/b1", "web/web1"});
  CHECK(said(chained.hops[1]) == "PROXY TCP4 192.0.2.11 203.0.113.5 40000 80\r\n");
  const Route direct = made.get("told")->route(tcp, {});
  REQUIRE(hops_of(direct) == std::vector<std::string>{"told"});
  CHECK(said(direct.hops[0]) == "PROXY TCP4 192.0.2.11 203.0.113.5 40000 80\r\n");
  // Version 1 knows no datagrams: they go bare.
  CHECK(made.get("told")->route(udp, {}).layers.empty());
}

TEST_CASE("a name that only the proxy can look up is passed on") {
  Made made(
      {section("forward", {{"server", "web1=www.corp.example:8080"}, {"via", "office"}}, "web"),
       office(),
       section("forward", {{"server", "www.corp.example:8080"}, {"via", "plain"}}, "lost"),
       plain()});
  const Route route = made.get("web")->route(tcp, {});
  CHECK(route.verdict == Verdict::dial);
  CHECK(said(route.hops[0]) == "\x05\x01\x00"s + "\x05\x01\x00\x03\x10www.corp.example\x1f\x90"s);
  // No hop of this chain can: it must not lead to ::, which is this machine.
  const Route lost = made.get("lost")->route(tcp, {});
  CHECK(lost.verdict == Verdict::no_server);
  CHECK(lost.server == nullptr);
}

TEST_CASE("servers that were tried are passed over at every hop") {
  Made made(
      {section(
           "forward",
           {{"server", "web1=192.0.2.60:80"}, {"server", "web2=192.0.2.61:80"}, {"via", "office"}},
           "web"),
       section("socks5", {{"server", "p1=198.51.100.1"}, {"server", "p2=198.51.100.3"}},
               "office")});
  const auto pool = made.get("web");
  const Route first = pool->route(tcp, {});
  const std::vector tried{first.first_hop, first.server};
  const Route next = pool->route(tcp, tried);
  CHECK(next.first_hop != first.first_hop);
  CHECK(next.server != first.server);
  const std::vector all_proxies{first.first_hop, next.first_hop};
  CHECK(pool->route(tcp, all_proxies).verdict == Verdict::no_server);
}

TEST_CASE("a chain that leads back to itself is refused at its line") {
  Made two({section("socks5", {{"server", "192.0.2.1"}, {"via", "b"}}, "a"),
            section("socks5", {{"server", "192.0.2.2"}, {"retries", "1"}, {"via", "a"}}, "b")});
  CHECK(two.error("a") == "13: upstream 'a' leads back to itself through this line");
  Made one({section("socks5", {{"server", "192.0.2.1"}, {"via", "self"}}, "self")});
  CHECK(one.error("self") == "12: upstream 'self' leads back to itself through this line");
}

TEST_CASE("via needs an upstream that leads somewhere") {
  for (const std::string name : {"no", "reject", "drop"}) {
    Made made({web({{"via", name}}), reject()});
    CHECK(made.error("web") ==
          "12: 'via' cannot name '" + name + "', which refuses or drops every flow");
  }
  Made nobody({web({{"via", "nobody"}})});
  CHECK(nobody.error("web") == "12: unknown upstream 'nobody'");
}

TEST_CASE("datagrams through socks5 go by a relay in the family of its connection") {
  Made made({office(), section("socks5", {{"server", "p1=fd00::1"}}, "six"),
             web({{"via", "office"}, {"proxy-protocol", "v2"}})});
  const Route route = made.get("office")->route(udp, {});
  CHECK(route.transport == Route::Transport::udp_associate);
  REQUIRE(route.layers.size() == 1);
  CHECK(route.layers[0].target.endpoint == udp.destination);
  REQUIRE(route.hops.size() == 1);
  CHECK(said(route.hops[0]) == "\x05\x01\x00"s + "\x05\x03\x00\x01\0\0\0\0\0\0"s);
  CHECK(said(made.get("six")->route(udp, {}).hops[0]) ==
        "\x05\x01\x00"s + "\x05\x03\x00\x04"s + std::string(18, '\0'));
  // To a server through the relay, and with a header for that server inside.
  const Route chained = made.get("web")->route(udp, {});
  CHECK(chained.transport == Route::Transport::udp_associate);
  REQUIRE(chained.layers.size() == 2);
  CHECK(chained.layers[0].target.endpoint.text() == "192.0.2.60:8080");
  std::string inner;
  chained.layers[1].codec->append_header(udp, chained.layers[1].target, {}, inner);
  CHECK(inner.starts_with("\r\n\r\n\0\r\nQUIT\n"s));
}

TEST_CASE("where datagrams cannot go, it is said why, and no flow goes there") {
  const Lines socks{{"server", "192.0.2.1"}};
  const auto socks_via = [&](const std::string& via, const std::string& name) {
    return section("socks5", {{"server", "192.0.2.1"}, {"via", via}}, name);
  };
  Made made({office(), base(), plain(), web({{"via", "base"}}), socks_via("office", "twice"),
             socks_via("hidden", "deep"),
             section("forward", {{"server", "x=192.0.2.9"}, {"via", "office"}}, "hidden"),
             socks_via("told", "headed"),
             section("forward", {{"server", "x=192.0.2.9"}, {"proxy-protocol", "v2"}}, "told"),
             socks_via("plain", "well")});
  struct Row {
    std::string name;
    std::string why;
  };
  const std::vector<Row> rows{
      {"base", "type http-connect carries no UDP"},
      {"web", "[upstream web] goes through base: type http-connect carries no UDP"},
      {"twice",
       "type socks5 via office: datagrams of one SOCKS5 relay cannot go through another SOCKS5 "
       "server"},
      {"deep",
       "type socks5 via office: datagrams of one SOCKS5 relay cannot go through another SOCKS5 "
       "server"},
      {"headed",
       "type socks5 via told: a SOCKS5 relay's datagrams cannot go through an upstream with "
       "proxy-protocol"},
      {"office", ""},
      {"hidden", ""},
      {"told", ""},
      {"well", ""},
      {"plain", ""},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const auto one = made.get(row.name);
    CHECK(why_no_datagrams(*one) == row.why);
    CHECK((one->route(udp, {}).verdict == Verdict::dial) == row.why.empty());
    CHECK(one->route(tcp, {}).verdict == Verdict::dial);
  }
}

}  // namespace weir
