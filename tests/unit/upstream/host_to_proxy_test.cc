// What a proxy is told of a flow whose host is known: the name, where it asks for it, and only by
// the hop that addresses the destination itself.
#include <memory>
#include <string>
#include <vector>

#include "make.h"
#include "upstream/assembly.h"
#include "upstream/proxy_chain.h"

namespace weir {
namespace {

using namespace std::string_literals;
using Lines = std::vector<std::pair<std::string, std::string>>;

Flow naming(const std::string& name, Host host = {}, Protocol protocol = Protocol::tcp) {
  Flow out = flow("192.0.2.11:40000", "203.0.113.5:8443", protocol);
  host.name = name;
  out.host = std::make_shared<const Host>(std::move(host));
  return out;
}

const Flow nameless = flow("192.0.2.11:40000", "203.0.113.5:8443");
const Flow named = naming("www.example.net");

const std::string by_address = "\x05\x01\x00\x01\xcb\x00\x71\x05\x20\xfb"s;
const std::string by_name = "\x05\x01\x00\x03\x0fwww.example.net\x20\xfb"s;

Settings socks(Lines more, const std::string& name = "office") {
  more.insert(more.begin(), {"server", "p1=198.51.100.1:1080"});
  return section("socks5", more, name);
}

const Lines told{{"host-to-proxy", "yes"}};

struct Made {
  explicit Made(std::vector<Settings> those)
      : sections(std::move(those)), assembly(sections, servers) {}
  [[nodiscard]] std::shared_ptr<Upstream> get(const std::string& name) {
    auto made = assembly.get(name);
    INFO((made.ok() ? "" : made.error().text()));
    REQUIRE(made.ok());
    return made.value();
  }
  std::vector<Settings> sections;
  ServerPool servers;
  UpstreamAssembly assembly;
};

// What each hop says when the server agrees to everything; of SOCKS5, the request alone.
std::vector<std::string> asked(const Route& route) {
  REQUIRE(route.verdict == Route::Verdict::dial);
  std::vector<std::string> out;
  for (const Hop& hop : route.hops) {
    std::string said;
    if (hop.handshake->start({.flow_id = "flow-1"}, said) == Handshake::State::waiting &&
        said.starts_with("\x05")) {
      said.clear();
      static_cast<void>(hop.handshake->receive("\x05\x00"s, said));
    }
    out.push_back(std::move(said));
  }
  return out;
}

std::vector<std::string> asked(const std::shared_ptr<Upstream>& upstream, const Flow& flow) {
  return asked(upstream->route(flow, {}));
}

using Asked = std::vector<std::string>;

}  // namespace

TEST_CASE("a socks5 server is told the host's name and the destination's port") {
  Made made({socks(told)});
  const Route route = made.get("office")->route(named, {});
  CHECK(asked(route) == Asked{by_name});
  // What is dialled and recorded stays.
  CHECK(route.remote.text() == "198.51.100.1:1080");
  CHECK(route.host.empty());
  CHECK(route.server->identity().name == "p1");
  CHECK(route.hops[0].asks == named.destination);
  CHECK(route.hops[0].asks_by_host);
}

TEST_CASE("without host-to-proxy, and by default, it is told the address") {
  Made made({socks({{"host-to-proxy", "no"}}), socks({}, "plain")});
  for (const std::string upstream : {"office", "plain"}) {
    const Route route = made.get(upstream)->route(named, {});
    CHECK(asked(route) == Asked{by_address});
    CHECK(route.hops[0].asks == named.destination);
    CHECK_FALSE(route.hops[0].asks_by_host);
  }
}

TEST_CASE("a flow whose host is not known goes by its address") {
  Made made({socks(told)});
  const Route route = made.get("office")->route(nameless, {});
  CHECK(asked(route) == Asked{by_address});
  CHECK_FALSE(route.hops[0].asks_by_host);
}

TEST_CASE("whatever names it, the host is told; only an outer name of ECH is none") {
  Made made({socks(told)});
  using From = HostFrom;
  for (const From from : {From::sni, From::http, From::quic, From::dns}) {
    CHECK(asked(made.get("office"), naming("www.example.net", {.name = "", .from = from})) ==
          Asked{by_name});
  }
  const Flow outer = naming("www.example.net", {.name = "", .from = From::sni, .is_outer = true});
  CHECK(asked(made.get("office"), outer) == Asked{by_address});
}

TEST_CASE("the longest name fits") {
  const std::string longest = std::string(63, 'a') + "." + std::string(63, 'b') + "." +
                              std::string(63, 'c') + "." + std::string(61, 'd');
  REQUIRE(longest.size() == 253);
  Made made({socks(told)});
  CHECK(asked(made.get("office"), naming(longest)) ==
        Asked{"\x05\x01\x00\x03\xfd"s + longest + "\x20\xfb"});
}

TEST_CASE("with pipeline the name stands in the one message that says everything") {
  Made made({socks({{"host-to-proxy", "yes"}, {"pipeline", "yes"}})});
  const Route route = made.get("office")->route(named, {});
  std::string said;
  REQUIRE(route.hops[0].handshake->start({.flow_id = ""}, said) == Handshake::State::waiting);
  CHECK(said == "\x05\x01\x00"s + by_name);
}

TEST_CASE("an HTTP proxy is told the name in authority form") {
  Made made(
      {section("http-connect", {{"server", "b1=198.51.100.2"}, {"host-to-proxy", "yes"}}, "base")});
  CHECK(asked(made.get("base"), named) ==
        Asked{"CONNECT www.example.net:8443 HTTP/1.1\r\nHost: www.example.net:8443\r\n\r\n"});
  CHECK(asked(made.get("base"), nameless) ==
        Asked{"CONNECT 203.0.113.5:8443 HTTP/1.1\r\nHost: 203.0.113.5:8443\r\n\r\n"});
}

TEST_CASE("datagrams go by addresses, and an association names no target") {
  Made made({socks(told)});
  const Flow one = naming("www.example.net", {.name = "", .from = HostFrom::quic}, Protocol::udp);
  const Route route = made.get("office")->route(one, {});
  CHECK(asked(route) == Asked{"\x05\x03\x00\x01\0\0\0\0\0\0"s});
  REQUIRE(route.layers.size() == 1);
  CHECK(route.layers[0].target.endpoint == one.destination);
  CHECK(route.layers[0].target.host.empty());
  CHECK_FALSE(route.hops[0].asks_by_host);
}

TEST_CASE("of a chain the hop that addresses the destination is told the host") {
  Made made(
      {socks({{"host-to-proxy", "yes"}, {"via", "base"}}),
       section("http-connect", {{"server", "b1=198.51.100.2"}, {"host-to-proxy", "yes"}}, "base"),
       section("direct", {{"via", "office"}}, "out")});
  // The one before it is told where the next proxy is.
  const std::string to_office =
      "CONNECT 198.51.100.1:1080 HTTP/1.1\r\nHost: 198.51.100.1:1080\r\n\r\n";
  CHECK(asked(made.get("office"), named) == Asked{to_office, by_name});
  // An upstream without servers leads to the destination itself.
  CHECK(asked(made.get("out"), named) == Asked{to_office, by_name});
  CHECK(asked(made.get("out"), nameless) == Asked{to_office, by_address});
}

TEST_CASE("a proxy on the way to a server is told the server, even where that is the destination") {
  Made made({section("forward", {{"server", "web1=203.0.113.5:8443"}, {"via", "office"}}, "web"),
             section("forward", {{"server", "web1=origin.example:8443"}, {"via", "office"}}, "far"),
             socks(told)});
  CHECK(asked(made.get("web"), named) == Asked{by_address});
  CHECK(asked(made.get("far"), named) == Asked{"\x05\x01\x00\x03\x0eorigin.example\x20\xfb"s});
}

TEST_CASE("each member of a group has it as its own section says") {
  const auto with = [](const Lines& office) {
    Made made({section("group", {{"members", "office, direct"}}, "all"), socks(office)});
    return asked(made.get("all"), named);
  };
  CHECK(with(told) == Asked{by_name});
  CHECK(with({}) == Asked{by_address});
}

TEST_CASE("which upstreams of a chain or a group are told the host") {
  Made made({socks(told), socks({}, "plain"), socks({{"via", "office"}}, "behind"),
             socks({{"host-to-proxy", "yes"}, {"via", "office"}}, "last"),
             section("direct", {{"via", "office"}}, "out"),
             section("forward", {{"server", "192.0.2.60:80"}, {"via", "office"}}, "web"),
             section("group", {{"members", "plain, last, out, office, direct"}}, "all")});
  const auto names = [&](const std::string& upstream) {
    std::string out;
    for (const Upstream* one : told_the_host(*made.get(upstream))) {
      out += (out.empty() ? "" : " ") + one->name();
    }
    return out;
  };
  CHECK(names("office") == "office");
  CHECK(names("plain").empty());
  CHECK(names("behind").empty());
  CHECK(names("last") == "last");
  CHECK(names("out") == "office");
  CHECK(names("web").empty());
  CHECK(names("all") == "last office");
}

}  // namespace weir
