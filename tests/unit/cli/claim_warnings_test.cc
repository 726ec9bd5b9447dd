// Rules that let flows through by what their client claims.
#include "cli/claim_warnings.h"

#include "cli/said_by_check.h"

namespace weir {
namespace {

SaidLines said(const std::string& text) {
  return said_by(claim_warnings, text + "[set ads]\nentries = 203.0.113.0/24, ads.example\n");
}

const std::string corp = rule_text("corp", "any/443", "direct", "host = .corp.example");
const std::string rest = rule_text("rest", "any/443", "reject");
const std::string tv =
    rule_text("tv", "any/443", "bypass", "client = mac:02:00:5e:10:00:01, 192.0.2.7");

TEST_CASE("a host that lets in what a later rule refuses is a claim, and protects nothing") {
  CHECK(said(corp + rest) ==
        SaidLines{"1: [rule corp] lets clients through on tcp/443, by the host that they name, "
                  "and [rule rest] after it refuses: any client can name any host, so [rule rest] "
                  "protects nothing there. Where it has to, ask for the 'destination' as well"});
  CHECK(said(corp + rule_text("rest", "any/443", "drop")).size() == 1);
  CHECK(said(rule_text("corp", "any/443", "bypass", "host = !@ads") + rest).size() == 1);
  // A block list behind it, too: a client that names the host reaches what is on the list.
  CHECK(said(corp + rule_text("blocked", "any/*", "reject", "destination = @ads")).size() == 1);
  CHECK(said(corp + rule_text("night", "any/*", "reject", "client = name:tablet")).size() == 1);
}

TEST_CASE("a device that lets in what a later rule refuses is a claim") {
  CHECK(said(tv + rest) ==
        SaidLines{"1: [rule tv] lets clients through on tcp/443, by mac:02:00:5e:10:00:01, and "
                  "[rule rest] after it refuses: any device can claim to be that one, so [rule "
                  "rest] protects nothing there. Where it has to, ask for an 'interface' or a "
                  "network that no other device is in"});
  CHECK(said(rule_text("tv", "any/443", "direct", "client = name:tv") + rest).size() == 1);
}

TEST_CASE("one later rule is named, and each rule is warned of once") {
  CHECK(said(corp + tv + rest + rule_text("more", "any/*", "drop")).size() == 2);
}

TEST_CASE("what refuses by a claim that is as easily made is no protection that is lost") {
  CHECK(said(corp + rule_text("ads", "any/443", "reject", "host = @ads")).empty());
  CHECK(said(corp + rule_text("ads", "any/443", "reject", "host = none")).empty());
  CHECK(said(tv + rule_text("ads", "any/443", "reject", "host = @ads")).empty());
  CHECK(said(tv + rule_text("night", "any/*", "reject", "client = name:tablet")).empty());
}

TEST_CASE("an order that refuses first, and rules that do not meet, are no reason to warn") {
  CHECK(said(rest + corp).empty());
  CHECK(said(corp + rule_text("mail", "tcp/25", "reject")).empty());
  CHECK(said(corp + rule_text("rest", "any/443", "transparent")).empty());
  const std::string lan = rule_text("corp", "any/443", "direct",
                                    "host = .corp.example\ninterface = lan\nclient = 192.0.2.0/24");
  CHECK(said(lan + rule_text("guests", "any/*", "reject", "interface = guest")).empty());
  CHECK(said(lan + rule_text("guests", "any/*", "reject", "client = 198.51.100.0/24")).empty());
  CHECK(said(lan + rule_text("guests", "any/*", "reject", "interface = lan")).size() == 1);
}

TEST_CASE("a rule that lets in by more than a claim is no reason to warn") {
  CHECK(said(rule_text("corp", "any/443", "direct",
                       "host = .corp.example\ndestination = 198.51.100.0/24") +
             rest)
            .empty());
  CHECK(said(rule_text("lan", "any/443", "direct", "client = 192.0.2.0/24") + rest).empty());
  CHECK(said(rule_text("corp", "any/443", "reject", "host = .corp.example") + rest).empty());
  CHECK(said(rule_text("silent", "any/443", "direct", "host = none") + rest).empty());
}

}  // namespace
}  // namespace weir
