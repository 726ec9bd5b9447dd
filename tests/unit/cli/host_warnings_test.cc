// Rules that ask for hosts where none can be seen.
#include "cli/host_warnings.h"

#include "cli/said_by_check.h"

namespace weir {
namespace {

const std::string corp = "host = .corp.example";
const std::string dns = rule_text("dns", "any/53", "transparent");

SaidLines said(const std::string& text) { return said_by(host_warnings, text); }

// Of one rule that asks for a host, without and with a rule that carries what clients look up.
SaidLines without_dns(const std::string& on, const std::string& host = corp) {
  return said(rule_text("r", on, "direct", host));
}
SaidLines with_dns(const std::string& on, const std::string& host = corp) {
  return said(rule_text("r", on, "direct", host) + dns);
}

TEST_CASE("where servers speak first and no questions are carried, no host is ever known") {
  CHECK(
      without_dns("tcp/22") ==
      SaidLines{"1: [rule r] knows no host on tcp/22, and hardly ever matches there: a flow there "
                "usually "
                "names none itself, and DNS questions of its clients do not pass weir; add a rule "
                "for these clients: on = any/53, use = transparent"});
  for (const char* nameless :
       {"tcp/25", "tcp/21-23", "tcp/3306", "tcp/587", "udp/5060", "udp/27000-27100"}) {
    const auto lines = without_dns(nameless);
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].find("knows no host on " + std::string(nameless) +
                        ", and hardly ever matches there") != std::string::npos);
  }
}

TEST_CASE("only the ports without names are named") {
  const auto lines = without_dns("tcp/80, tcp/22, udp/5060");
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("knows no host on tcp/22, udp/5060, ") != std::string::npos);
}

TEST_CASE("a rule that also takes flows without a name matches there all the same") {
  const auto lines = without_dns("tcp/22", corp + ", none");
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("ever matches") == std::string::npos);
  CHECK(without_dns("tcp/22", "host = none").empty());
  CHECK(without_dns("tcp/22", "host = !none").size() == 1);
  CHECK(without_dns("tcp/22", "host = !.corp.example").size() == 1);
}

TEST_CASE("where weir carries what clients look up, that alone has the names of such ports") {
  CHECK(
      with_dns("tcp/22") ==
      SaidLines{
          "1: [rule r] knows hosts on tcp/22 only by what its clients have looked up "
          "through weir: a flow there usually names none itself. Where that is not enough, ask for "
          "the 'destination'"});
}

TEST_CASE("ports where TLS, HTTP or QUIC may name a host are no reason to warn") {
  for (const char* named : {"tcp/80", "tcp/8080", "tcp/443", "tcp/993", "tcp/1-1000", "tcp/*",
                            "udp/443", "udp/8443", "udp/400-500", "any/*", "any/443"}) {
    INFO(named);
    CHECK(with_dns(named).empty());
  }
}

TEST_CASE("on port 53 a host is the server's, which is hardly meant") {
  for (const auto& lines : {with_dns("any/53"), without_dns("udp/53"), with_dns("tcp/53")}) {
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].ends_with(
        ". On port 53 'host' is the DNS server, not the name that it is asked for"));
  }
  CHECK(with_dns("any/*").empty());
}

TEST_CASE("names that clients hide are said once a file, where no answer passes weir") {
  const std::string warned =
      "1: DNS questions of clients of [rule a] do not pass weir: where one hides the host's name "
      "(Encrypted Client Hello), the rule goes by the outer name; add a rule for these clients: on "
      "= any/53, use = transparent";
  const std::string rules =
      rule_text("a", "any/443", "direct", corp) + rule_text("b", "tcp/8443", "direct", corp);
  CHECK(said(rules) == SaidLines{warned});
  CHECK(said(rules + dns).empty());
  CHECK(without_dns("tcp/80, tcp/8080").empty());
  CHECK(without_dns("udp/443").size() == 1);
}

TEST_CASE("what carries the questions of other clients does not count") {
  const std::string guests = rule_text("r", "tcp/443", "direct", corp + "\ninterface = guest");
  CHECK(said(guests + rule_text("dns", "any/53", "direct", "interface = lan")).size() == 1);
  CHECK(said(guests + rule_text("dns", "any/53", "direct", "interface = lan, guest")).empty());
  const std::string some = rule_text("r", "tcp/443", "direct", corp + "\nclient = 192.0.2.0/25");
  CHECK(said(some + rule_text("dns", "any/53", "direct", "client = 192.0.2.128/25")).size() == 1);
  CHECK(said(some + rule_text("dns", "any/53", "direct", "client = 192.0.2.0/24")).empty());
}

TEST_CASE("questions that the firewall passes or refuses are not carried, nor those by TCP alone") {
  const std::string rule = rule_text("r", "tcp/443", "direct", corp);
  const auto bypassed = said(rule + rule_text("dns", "any/53", "bypass"));
  REQUIRE(bypassed.size() == 1);
  CHECK(bypassed[0].ends_with("; write into [rule dns]: use = transparent"));
  CHECK(said(rule + rule_text("dns", "any/53", "reject")).size() == 1);
  CHECK(said(rule + rule_text("dns", "tcp/53", "direct")).size() == 1);
  CHECK(said(rule + rule_text("dns", "any/53", "bypass", "client = !mac:02:00:5e:10:00:01"))
            .empty());  // acts as transparent
}

TEST_CASE("a default that the file sets carries the questions that rules leave") {
  const std::string rules = rule_text("r", "tcp/443", "direct", corp) +
                            rule_text("tv", "any/53", "bypass", "client = 192.0.2.7");
  CHECK(said(rules).size() == 1);
  CHECK(said(rules + "[gateway]\ndefault = transparent\n").empty());
  CHECK(said(rules + "[gateway]\ndefault = bypass\n").size() == 1);
}

TEST_CASE("rules that ask for no host say nothing") {
  CHECK(said(rule_text("r", "any/*", "reject")).empty());
}

}  // namespace
}  // namespace weir
