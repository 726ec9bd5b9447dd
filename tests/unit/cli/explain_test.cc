// What `weir explain` says of a flow.
#include "cli/explain.h"

#include "catch.h"
#include "cli/explanation_text.h"
#include "config/made_up_files.h"

namespace weir {
namespace {

using firewall::AddressKind;
using Lines = std::vector<std::string>;

Lines explained(const std::string& configuration, const std::string& protocol,
                const std::string& client, const std::string& destination,
                const std::string& interface = "", AddressKind kind = AddressKind::unicast,
                const std::optional<std::string>& leaves_by = std::nullopt) {
  const auto loaded = load_text(configuration);
  REQUIRE(loaded.configuration);
  const auto flow = flow_of({.file = "weir.ini",
                             .protocol = protocol,
                             .client = client,
                             .destination = destination,
                             .interface = interface,
                             .json = false});
  REQUIRE(flow.ok());
  auto lines =
      lines_of(explain(*loaded.configuration, flow.value(), interface, kind, {}, leaves_by));
  REQUIRE_FALSE(lines.empty());
  lines.erase(lines.begin());  // the flow itself
  return lines;
}

const std::string example = R"([firewall]
exclude = 203.0.113.128/25
[upstream pool]
type = forward
server = web1=192.0.2.60:80 weight=2
server = web2=2001:db8::61
source = client:port
mark = 0x10/0xf0
interface = wan2
dscp = 46
[rule guests]
on = tcp/80
client = 198.51.100.128/25
use = reject
[rule web]
on = tcp/80, tcp/8080
use = pool
[rule lan]
on = tcp/22
interface = eth1
use = bypass
[rule dns]
on = any/53
use = drop
)";

TEST_CASE("a flow of a pool shows rule, servers, source and marks, and why not the rules before") {
  CHECK(explained(example, "tcp", "198.51.100.2:41000", "203.0.113.5:8080") ==
        Lines{"not rule guests (weir.ini:11): tcp/8080 is not in tcp/80", "rule web (weir.ini:15)",
              "upstream pool: type forward", "server web1 192.0.2.60:80 weight=2",
              "server web2 [2001:db8::61]:8080 weight=1 (not for IPv4 clients)",
              "source client:port (198.51.100.2:41000)", "mark 0x10/0xf0", "interface wan2",
              "dscp 46"});
}

TEST_CASE("a client that is a server of its upstream passes by") {
  const std::string text =
      "[rule dns]\non = any/53\nuse = any\n[upstream any]\ntype = group\nmembers = pihole\n"
      "[upstream pihole]\ntype = forward\nserver = pi=192.0.2.3:53\n";
  CHECK(explained(text, "udp", "192.0.2.3", "203.0.113.5:53") ==
        Lines{"rule dns (weir.ini:1)",
              "passes by: the client is server pi (192.0.2.3) of [upstream pihole]: the flow goes "
              "on to its own destination, counted as own-server",
              "upstream transparent", "goes to 203.0.113.5:53", "source client (192.0.2.3)"});
  CHECK(explained(text, "udp", "192.0.2.4", "203.0.113.5:53")[1] == "upstream any: type group");
}

TEST_CASE("where the firewall decides, it says so") {
  CHECK(explained(example, "tcp", "198.51.100.129", "203.0.113.5:80") ==
        Lines{"rule guests (weir.ini:11)", "upstream reject",
              "firewall: refuses it (TCP RST, ICMP port unreachable)"});
  CHECK(explained(example, "udp", "198.51.100.129", "203.0.113.5:53").back() ==
        "firewall: drops it unanswered");
  CHECK(explained(example, "tcp", "198.51.100.129", "203.0.113.5:22", "eth1").back() ==
        "firewall: lets it pass; weir never sees it");
}

TEST_CASE("what the firewall could decide and leaves to the gateway, for its list is too long") {
  const std::string section = "[firewall]\n";
  const std::string none = section + "max-set = 0\n" + example.substr(section.size());
  CHECK(explained(none, "tcp", "198.51.100.129", "203.0.113.5:80").back() ==
        "firewall: the gateway decides it, for its list has 1 prefix, more than "
        "firewall.max-set = 0");
  CHECK(explained(none, "tcp", "198.51.100.129", "203.0.113.5:22", "eth1").back() ==
        "firewall: lets it pass; weir never sees it");
}

TEST_CASE("a flow that no rule matches gets the gateway's default") {
  CHECK(explained("[rule a]\non = tcp/80\nclient = 10.0.0.0/8\nuse = direct\n", "tcp",
                  "198.51.100.2", "203.0.113.5:80") ==
        Lines{"not rule a (weir.ini:1): client 198.51.100.2 is not in 10.0.0.0/8",
              "rule (default): no rule matches, [gateway] default decides", "upstream transparent",
              "goes to 203.0.113.5:80", "source client (198.51.100.2)"});
}

TEST_CASE("a flow that the firewall leaves alone says why") {
  CHECK(explained(example, "udp", "198.51.100.2", "203.0.113.5:443") ==
        Lines{"not intercepted: no rule names udp/443"});
  CHECK(explained(example, "tcp", "198.51.100.2", "203.0.113.129:80") ==
        Lines{"not intercepted: destination 203.0.113.129 is in [firewall] exclude "
              "(203.0.113.128/25)"});
  CHECK(explained(example, "udp", "198.51.100.2", "224.0.0.251:53", "", AddressKind::multicast) ==
        Lines{"not intercepted: destination 224.0.0.251 is a multicast address"});
  CHECK(
      explained(example, "udp", "198.51.100.2", "255.255.255.255:53", "", AddressKind::broadcast) ==
      Lines{"not intercepted: destination 255.255.255.255 is a broadcast address"});
  CHECK(explained(example, "udp", "2001:db8::2", "[2001:db8::]:53", "", AddressKind::anycast) ==
        Lines{"not intercepted: destination 2001:db8:: is an anycast address of this router"});
  CHECK(explained(example, "tcp", "198.51.100.2", "192.0.2.1:80", "", AddressKind::local) ==
        Lines{"not intercepted: destination 192.0.2.1 is an address of this router "
              "(local-services = no)"});
  CHECK(explained("[firewall]\ninterfaces = eth1\n[rule a]\non = tcp/80\nuse = direct\n", "tcp",
                  "198.51.100.2", "203.0.113.5:80", "eth0") ==
        Lines{"not intercepted: interface eth0 is not in [firewall] interfaces"});
  CHECK(explained("[rule a]\non = tcp/80\nclient = 10.0.0.0/8\nuse = reject\n", "tcp",
                  "198.51.100.2", "203.0.113.5:80") ==
        Lines{"not rule a (weir.ini:1): client 198.51.100.2 is not in 10.0.0.0/8",
              "not intercepted: no rule matches it, the firewall alone decides the rules that name "
              "tcp/80, and [gateway] default is not set"});
}

TEST_CASE("with local-services the router's own addresses are intercepted too") {
  CHECK(explained("[firewall]\nlocal-services = yes\n[rule a]\non = tcp/80\nuse = direct\n", "tcp",
                  "198.51.100.2", "192.0.2.1:80", "", AddressKind::local)
            .front() == "rule a (weir.ini:3)");
}

TEST_CASE("arguments that describe no flow are refused") {
  const auto error = [](const std::string& protocol, const std::string& client,
                        const std::string& destination) {
    const auto flow = flow_of({"f", protocol, client, destination, "", false});
    REQUIRE_FALSE(flow.ok());
    return flow.error().text();
  };
  CHECK(error("sctp", "192.0.2.1", "192.0.2.2:80") == "'sctp' is not tcp or udp");
  CHECK(error("tcp", "laptop", "192.0.2.2:80") ==
        "client 'laptop' is not ADDRESS or ADDRESS:PORT (IPv6: [ADDRESS]:PORT)");
  CHECK(error("tcp", "192.0.2.1", "192.0.2.2").starts_with("destination '192.0.2.2' is not"));
  CHECK(error("tcp", "192.0.2.1", "192.0.2.2:0").starts_with("destination '0' is not a port"));
  CHECK(error("tcp", "192.0.2.1", "[2001:db8::1]:80") ==
        "client and destination are of different families");
}

std::string explained_json(const std::string& configuration, const std::string& destination) {
  const auto loaded = load_text(configuration);
  REQUIRE(loaded.configuration);
  const auto flow = flow_of({.file = "weir.ini",
                             .protocol = "tcp",
                             .client = "198.51.100.2:41000",
                             .destination = destination,
                             .interface = "",
                             .json = true});
  REQUIRE(flow.ok());
  return json_of(explain(*loaded.configuration, flow.value(), "", AddressKind::unicast));
}

const std::string chained = R"([upstream pool]
type = forward
server = web=192.0.2.60:80
source = client
mark = 0x10/0xf0
via = middle
[upstream middle]
type = socks5
server = m=192.0.2.7 source=192.0.2.1
via = first
[upstream first]
type = http-connect
server = f1=192.0.2.8:3129 source=client
server = f2=192.0.2.9
source = 192.0.2.2
interface = wan2
[upstream out]
type = direct
via = either
[upstream either]
type = group
members = first, direct
[upstream line]
type = direct
source = 192.0.2.3
via = first
[rule a]
on = tcp/80
use = pool
[rule b]
on = tcp/81
use = out
[rule c]
on = tcp/82
use = line
)";

TEST_CASE("with via, source and marks are those of the upstream that is dialled") {
  CHECK(explained(chained, "tcp", "198.51.100.2", "203.0.113.5:80") ==
        Lines{"rule a (weir.ini:27)", "upstream pool: type forward",
              "server web 192.0.2.60:80 weight=1", "via first: type http-connect",
              "via first: server f1 192.0.2.8:3129 weight=1 source=client (198.51.100.2)",
              "via first: server f2 192.0.2.9:3128 weight=1", "via middle: type socks5",
              "via middle: server m 192.0.2.7:1080 weight=1", "source 192.0.2.2",
              "interface wan2"});
}

TEST_CASE("a direct upstream with via is no group, and a group on the way decides the source") {
  const Lines line = explained(chained, "tcp", "198.51.100.2", "203.0.113.5:82");
  CHECK(
      Lines(line.begin() + 3, line.end()) ==
      Lines{"upstream line: type direct", "goes to 203.0.113.5:82", "via first: type http-connect",
            "via first: server f1 192.0.2.8:3129 weight=1 source=client (198.51.100.2)",
            "via first: server f2 192.0.2.9:3128 weight=1", "source 192.0.2.2", "interface wan2"});
  const Lines out = explained(chained, "tcp", "198.51.100.2", "203.0.113.5:81");
  CHECK(Lines(out.begin() + 2, out.end()) ==
        Lines{"upstream out: type direct", "goes to 203.0.113.5:81", "via either: type group",
              "via either: first: f1 192.0.2.8:3129 weight=1 source=client (198.51.100.2)",
              "via either: first: f2 192.0.2.9:3128 weight=1", "via either: direct"});
}

TEST_CASE("a server's own source stands behind it") {
  CHECK(explained("[upstream pool]\ntype = forward\nserver = a=192.0.2.60:80 source=client:port\n"
                  "server = b=192.0.2.61:80\n[rule a]\non = tcp/80\nuse = pool\n",
                  "tcp", "198.51.100.2:41000", "203.0.113.5:80") ==
        Lines{"rule a (weir.ini:5)", "upstream pool: type forward",
              "server a 192.0.2.60:80 weight=1 source=client:port (198.51.100.2:41000)",
              "server b 192.0.2.61:80 weight=1",
              "source gateway (the address that routing picks)"});
}

TEST_CASE("as JSON an explanation has the same in keys") {
  CHECK(explained_json(example, "203.0.113.5:8080") ==
        R"j({"protocol":"tcp","client":"198.51.100.2:41000","destination":"203.0.113.5:8080",)j"
        R"j("intercepted":true,"not_rules":[{"rule":"guests","file":"weir.ini","line":11,)j"
        R"j("why":"tcp/8080 is not in tcp/80"}],"rule":"web","file":"weir.ini","line":15,)j"
        R"j("upstream":"pool","type":"forward",)j"
        R"j("servers":["web1 192.0.2.60:80 weight=2","web2 [2001:db8::61]:8080 weight=1 )j"
        R"j((not for IPv4 clients)"],)j"
        R"j("source":"client:port (198.51.100.2:41000)","mark":"0x10/0xf0","interface":"wan2",)j"
        R"j("dscp":46,"firewall":"hands it to weir"})j");
  CHECK(explained_json(example, "203.0.113.129:80") ==
        R"j({"protocol":"tcp","client":"198.51.100.2:41000","destination":"203.0.113.129:80",)j"
        R"j("intercepted":false,"why_not":"destination 203.0.113.129 is in [firewall] exclude )j"
        R"j((203.0.113.128/25)"})j");
}

TEST_CASE("as JSON the upstreams on the way are a list, in the order of the way") {
  const std::string json = explained_json(chained, "203.0.113.5:80");
  CHECK(json.find(R"j("servers":["web 192.0.2.60:80 weight=1"],)j"
                  R"j("via":[{"upstream":"first","type":"http-connect","servers":[)j"
                  R"j("f1 192.0.2.8:3129 weight=1 source=client (198.51.100.2)",)j"
                  R"j("f2 192.0.2.9:3128 weight=1"]},{"upstream":"middle","type":"socks5",)j"
                  R"j("servers":["m 192.0.2.7:1080 weight=1"]}],)j"
                  R"j("source":"192.0.2.2","interface":"wan2",)j") != std::string::npos);
}

TEST_CASE("an IPv6 client may come with or without a port") {
  CHECK(explained(example, "tcp", "2001:db8::1", "[2001:db8::2]:80").at(1) ==
        "rule web (weir.ini:15)");
  CHECK(explained(example, "tcp", "[2001:db8::1]:5", "[2001:db8::2]:80").at(5) ==
        "source client:port ([2001:db8::1]:5)");
}

TEST_CASE("a flow that routing sends elsewhere than `towards` says where it leaves") {
  const std::string rules = "[rule web]\non = tcp/80\nuse = direct\n";
  const auto said = [&](const std::string& firewall, AddressKind kind,
                        const std::optional<std::string>& leaves_by) {
    return explained(firewall + rules, "tcp", "198.51.100.2", "203.0.113.5:80", "lan", kind,
                     leaves_by)
        .front();
  };
  const std::string towards = "[firewall]\nlocal-services = yes\ntowards = wan, ppp*\n";
  CHECK(said(towards, AddressKind::unicast, "dmz") ==
        "not intercepted: destination 203.0.113.5 leaves by dmz, which is not in [firewall] "
        "towards");
  CHECK(said(towards, AddressKind::unicast, "ppp7").starts_with("rule web "));
  CHECK(said(towards, AddressKind::local, "lo").starts_with("rule web "));
  CHECK(said(towards, AddressKind::unicast, std::nullopt).starts_with("rule web "));
  CHECK(said("", AddressKind::unicast, "dmz").starts_with("rule web "));
}

TEST_CASE("a flow that no route leads on is said, where its rule leads to its destination") {
  const auto said = [](const std::string& firewall, const std::string& use) {
    return explained(firewall + "[rule web]\non = tcp/80\nuse = " + use +
                         "\n[upstream pool]\ntype = forward\nserver = 192.0.2.60:80\n",
                     "tcp", "198.51.100.2", "203.0.113.5:80", "", AddressKind::unicast, "")
        .front();
  };
  const std::string no_route =
      "not intercepted: the router has no route to destination 203.0.113.5";
  CHECK(said("", "transparent") == no_route);
  CHECK(said("[firewall]\ntowards = wan\n", "pool") == no_route);
  CHECK(said("", "pool").starts_with("rule web "));
  CHECK(said("", "reject").starts_with("rule web "));
}

}  // namespace
}  // namespace weir
