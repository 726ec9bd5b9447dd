// What `weir explain` says where rules ask for a host.
#include "catch.h"
#include "cli/asked_host.h"
#include "cli/explain.h"
#include "cli/explanation_text.h"
#include "cli/flow_file.h"
#include "config/made_up_files.h"

namespace weir {
namespace {

using firewall::AddressKind;
using Lines = std::vector<std::string>;

Explanation explained(const std::string& configuration, const std::string& host,
                      const std::string& client = "198.51.100.2",
                      const std::string& protocol = "tcp") {
  const auto loaded = load_text(configuration, {{"ads.list", "# of the house\n||ads.example^\n"}});
  REQUIRE(loaded.configuration);
  const auto flow = flow_of({.file = "weir.ini",
                             .protocol = protocol,
                             .client = client,
                             .destination = "203.0.113.5:443",
                             .interface = "",
                             .json = false});
  REQUIRE(flow.ok());
  return explain(*loaded.configuration, flow.value(), "", AddressKind::unicast, {}, std::nullopt,
                 {}, known_host(host));
}

// Without the flow itself.
Lines lines(const std::string& configuration, const std::string& host,
            const std::string& client = "198.51.100.2") {
  Lines out = lines_of(explained(configuration, host, client));
  REQUIRE_FALSE(out.empty());
  out.erase(out.begin());
  return out;
}

const std::string rules = R"([rule ads]
on = tcp/443
client = 198.51.100.0/24
host = @ads.list
use = reject
[rule office]
on = tcp/443
host = .example.org
use = direct
[rule rest]
on = tcp/443
use = bypass
)";

TEST_CASE("with a host the rule that wants it has the flow, and its set's line is named") {
  CHECK(
      lines(rules, "www.ads.example") ==
      Lines{"host www.ads.example", "rule ads (weir.ini:1)",
            "because host www.ads.example is in @ads.list (ads.list:2: .ads.example)",
            "upstream reject",
            "firewall: the gateway decides it, for packets do not show 'host'; under 'run "
            "--firewall' nft decides it for addresses that the client has looked up through weir"});
  CHECK(lines(rules, "www.example.org") ==
        Lines{"host www.example.org",
              "not rule ads (weir.ini:1): host www.example.org is not in @ads.list",
              "rule office (weir.ini:6)", "upstream direct", "goes to 203.0.113.5:443",
              "source gateway (the address that routing picks)"});
}

TEST_CASE("a bypass for a host acts as transparent where the client has not looked it up") {
  const std::string text =
      "[rule office]\non = tcp/443\nhost = .example.com\nuse = direct\n"
      "[rule bank]\non = tcp/443\nhost = bank.example\nuse = bypass\n";
  CHECK(
      lines(text, "bank.example").back() ==
      "firewall: the gateway decides it, for packets do not show 'host': bypass acts as "
      "transparent; under 'run --firewall' nft decides it for addresses that the client has looked "
      "up through weir");
  const std::string between =
      "[rule office]\non = tcp/443\nhost = .example.com\nuse = direct\n"
      "[rule tv]\non = tcp/443\nclient = 192.0.2.7\nuse = reject\n"
      "[rule bank]\non = tcp/443\nhost = bank.example\nuse = bypass\n";
  CHECK(lines(between, "bank.example").back() ==
        "firewall: the gateway decides it, for it has to ask [rule office] first: bypass acts as "
        "transparent");
}

TEST_CASE("without a host the rules that could have the flow are named") {
  CHECK(lines(rules, "") ==
        Lines{"not rule ads (weir.ini:1): no host name is known, and it wants @ads.list",
              "not rule office (weir.ini:6): no host name is known, and it wants .example.org",
              "[rule ads], [rule office] could match if the client names a host they want: try "
              "--host",
              "rule rest (weir.ini:10)", "upstream bypass", "goes to 203.0.113.5:443",
              "source client (198.51.100.2)",
              "firewall: the gateway decides it, for it has to ask [rule ads] first: bypass acts "
              "as transparent"});
  CHECK(lines(rules, "", "192.0.2.1")[2] ==
        "[rule office] could match if the client names a host it wants: try --host");
}

TEST_CASE("a rule for flows without a name is one that a name takes them from") {
  const std::string text =
      "[rule silent]\non = tcp/443\nhost = none\nuse = drop\n"
      "[rule named]\non = tcp/443\nhost = .example.org\nuse = direct\n";
  CHECK(lines(text, "")[0] ==
        "[rule named] could match if the client names a host it wants: try --host");
  CHECK(lines(text, "")[1] == "rule silent (weir.ini:1)");
}

TEST_CASE("where no host rule can match, none is named") {
  const std::string text =
      "[rule all]\non = tcp/443\nuse = direct\n"
      "[rule late]\non = tcp/443\nhost = .example.org\nuse = drop\n";
  CHECK(lines(text, "")[0] == "rule all (weir.ini:1)");
  CHECK(explained(text, "").could_match.empty());
}

TEST_CASE("the firewall decides what no host rule before it can match") {
  const std::string text =
      "[rule office]\non = tcp/443\nclient = 192.0.2.0/24\nhost = .example.org\nuse = direct\n"
      "[rule rest]\non = tcp/443\nuse = bypass\n";
  CHECK(lines(text, "").back() == "firewall: lets it pass; weir never sees it");
  CHECK(lines(text, "", "192.0.2.1").back().starts_with("firewall: the gateway decides it"));
}

TEST_CASE("as JSON the host and the rules that could match are there") {
  const std::string with = json_of(explained(rules, "www.ads.example"));
  CHECK(with.find(R"j("host":"www.ads.example",)j") != std::string::npos);
  CHECK(with.find("could_match") == std::string::npos);
  const std::string without = json_of(explained(rules, ""));
  CHECK(without.find(R"j("host":)j") == std::string::npos);
  CHECK(without.find(R"j("could_match":["ads","office"],)j") != std::string::npos);
}

TEST_CASE("a host that is asked about is one name, in any spelling") {
  CHECK(host_in("WWW.Example.ORG.").value() == "www.example.org");
  CHECK(host_in(".example.org").error().text() == "'.example.org' is not the name of one host");
  CHECK_FALSE(host_in("192.0.2.1").ok());
}

const std::string told = R"([upstream office]
type = socks5
server = p1=192.0.2.7
host-to-proxy = yes
[upstream plain]
type = socks5
server = p2=192.0.2.8
[upstream all]
type = group
members = plain, office, direct
[upstream out]
type = direct
via = office
[rule ads]
on = any/443
host = .example.org
use = reject
)";

TEST_CASE("a proxy that is told the host's name is named, with the name") {
  const auto with = [](const std::string& use, const std::string& host) {
    const Lines all = lines(told + "[rule rest]\non = tcp/443\nuse = " + use + "\n", host);
    Lines out;
    for (const std::string& line : all) {
      if (line.find("the proxy is told") != std::string::npos) {
        out.push_back(line);
      }
    }
    return out;
  };
  const std::string says = "office: the proxy is told the host's name";
  for (const std::string use : {"office", "all", "out"}) {
    INFO(use);
    CHECK(with(use, "www.example.net") == Lines{says + ": www.example.net"});
    CHECK(with(use, "") == Lines{says + ", where it is known"});
  }
  CHECK(with("plain", "www.example.net").empty());
  const std::string office = told + "[rule rest]\non = any/443\nuse = office\n";
  const Lines text = lines(office, "www.example.net");
  REQUIRE(text.size() > 4);
  CHECK(Lines(text.begin() + 3, text.end()) ==
        Lines{"upstream office: type socks5", "server p1 192.0.2.7:1080 weight=1",
              says + ": www.example.net", "source gateway (the address that routing picks)"});
  CHECK(json_of(explained(office, "www.example.net")).find(R"j("told_host":["office"],)j") !=
        std::string::npos);
  // A flow of datagrams goes by its address.
  CHECK(json_of(explained(office, "www.example.net", "198.51.100.2", "udp")).find("told_host") ==
        std::string::npos);
}

std::string compared(const std::string& host) {
  const auto loaded = load_text(rules, {{"ads.list", "||ads.example^\n"}});
  REQUIRE(loaded.configuration);
  const FlowDecider decider(*loaded.configuration,
                            {.kind_of = [](const Address&) { return AddressKind::unicast; }});
  FlowComparison comparison(decider, *loaded.configuration, "");
  const auto change = comparison.compare(
      R"({"protocol":"tcp","client":"198.51.100.2:4000","destination":"203.0.113.5:443",)" + host +
      R"("rule":"rest","upstream":"bypass"})");
  return change ? change.value()->would_be : change.error().text();
}

TEST_CASE("a record's host is the flow's") {
  CHECK(compared(R"("host":"www.ads.example",)") == "ads/reject");
  CHECK(compared(R"("host":"WWW.example.org",)") == "office/direct");
  CHECK(compared("") == "rest/bypass");
  CHECK(compared(R"("host":"no name",)").starts_with("host: 'no name'"));
}

}  // namespace
}  // namespace weir
