// Rules for hosts that browsers also reach by QUIC.
#include "cli/quic_warnings.h"

#include "cli/said_by_check.h"

namespace weir {
namespace {

const std::string ads = "host = .ads.example";
const std::string upstreams =
    "[upstream office]\ntype = socks5\nserver = 198.51.100.1\n"
    "[upstream proxy]\ntype = http-connect\nserver = 198.51.100.2\n"
    "[upstream line]\ntype = direct\ninterface = wan2\n";

SaidLines said(const std::string& text) { return said_by(quic_warnings, text + upstreams); }

TEST_CASE(
    "a rule for hosts on tcp/443 alone is gone past by QUIC, and the line that helps is said") {
  CHECK(said(rule_text("ads", "tcp/80, tcp/443", "reject", ads)) ==
        SaidLines{"1: [rule ads] names tcp/443 and not udp/443: browsers reach its hosts by QUIC; "
                  "write on = tcp/80, tcp/443, udp/443, or refuse all QUIC by a rule with on = "
                  "udp/443, use = reject"});
  CHECK(said(rule_text("ads", "tcp/443", "drop", ads)).size() == 1);
  CHECK(said(rule_text("ads", "tcp/443", "office", ads)).size() == 1);
  CHECK(said(rule_text("ads", "tcp/443", "line", ads)).size() == 1);
  CHECK(said(rule_text("ads", "tcp/443", "reject", "host = !.corp.example")).size() == 1);
}

TEST_CASE("what has its hosts by QUIC, or leads them where they go anyway, is right") {
  CHECK(said(rule_text("ads", "tcp/443, udp/443", "reject", ads)).empty());
  CHECK(said(rule_text("ads", "any/443", "office", ads)).empty());
  for (const char* use : {"transparent", "direct", "bypass"}) {
    CHECK(said(rule_text("ads", "tcp/443", use, ads)).empty());
  }
  CHECK(said(rule_text("ads", "tcp/80", "reject", ads)).empty());
  CHECK(said(rule_text("ads", "tcp/443", "reject", "host = none")).empty());
  CHECK(said(rule_text("ads", "tcp/443", "reject")).empty());
}

TEST_CASE("an upstream without UDP is not offered udp/443") {
  const auto lines = said(rule_text("ads", "tcp/443", "proxy", ads));
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].ends_with("by QUIC; refuse all QUIC by a rule with on = udp/443, use = reject"));
}

TEST_CASE("another rule that refuses QUIC, or treats it alike, is enough") {
  const std::string rule = rule_text("ads", "tcp/443", "office", ads);
  CHECK(said(rule + rule_text("quic", "udp/443", "reject")).empty());
  CHECK(said(rule + rule_text("quic", "udp/*", "drop")).empty());
  CHECK(said(rule + rule_text("quic", "udp/443", "office")).empty());
  // For the same hosts, or for more: what it does with them is meant.
  CHECK(said(rule + rule_text("quic", "udp/443", "direct", ads)).empty());
  CHECK(said(rule + rule_text("quic", "udp/443", "direct", "host = .example")).empty());
}

TEST_CASE("a rule that carries QUIC on as a whole, or some of it, is not") {
  const std::string rule = rule_text("ads", "tcp/443", "reject", ads);
  const auto rest = said(rule + rule_text("rest", "any/443", "transparent"));
  REQUIRE(rest.size() == 1);
  CHECK(rest[0].find(
            "by QUIC, through [rule rest]; write on = tcp/443, udp/443, or refuse all QUIC "
            "before [rule rest] by a rule with on = udp/443, use = reject") != std::string::npos);
  CHECK(said(rule + rule_text("quic", "udp/443", "reject", "client = 192.0.2.0/24")).size() == 1);
  CHECK(said(rule + rule_text("quic", "udp/443", "reject", "host = one.ads.example")).size() == 1);
  CHECK(said(rule + rule_text("quic", "udp/444", "reject")).size() == 1);
  CHECK(said(rule_text("ads", "tcp/443", "reject", ads + "\nclient = 192.0.2.7") +
             rule_text("quic", "udp/443", "reject", "client = 192.0.2.0/24"))
            .empty());
}

TEST_CASE("a default that refuses what rules leave of QUIC is enough") {
  const std::string rules = rule_text("ads", "tcp/443", "reject", ads) +
                            rule_text("tv", "udp/443", "bypass", "client = 192.0.2.7");
  CHECK(said(rules + "[gateway]\ndefault = reject\n").empty());
  CHECK(said(rules + "[gateway]\ndefault = transparent\n").size() == 1);
  CHECK(said(rule_text("ads", "tcp/443", "reject", ads) + "[gateway]\ndefault = reject\n").size() ==
        1);  // no rule names udp/443: it passes
}

}  // namespace
}  // namespace weir
