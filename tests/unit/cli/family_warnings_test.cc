// Rules whose flows of one family can only fail.
#include <fstream>
#include <string>
#include <vector>

#include "base/folder.h"
#include "catch.h"
#include "cli/load.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;

// "LINE: TEXT" of the warnings about families.
Lines warnings(const std::string& text) {
  const Folder folder;
  const std::string file = folder / "weir.ini";
  std::ofstream(file) << "[firewall]\ninterfaces = lan\n" << text;
  const auto loaded = load(file);
  Lines out;
  for (const Diagnostic& finding : loaded.diagnostics) {
    out.push_back(std::to_string(finding.location.line) + ": " + finding.text);
  }
  return out;
}

std::string rule_and(const std::string& upstream, const std::string& conditions = "") {
  return "[rule r]\non = tcp/80\nuse = u\n" + conditions + "[upstream u]\n" + upstream;
}

}  // namespace

TEST_CASE("a client's address needs a server of its family") {
  const std::string pool = "type = forward\nserver = a=192.0.2.1\nsource = client\n";
  CHECK(warnings(rule_and(pool)) ==
        Lines{"5: IPv6 flows to upstream 'u' will fail: source = client needs a server of the "
              "client's family: add an IPv6 server"});
  CHECK(warnings(rule_and(pool, "client = 198.51.100.0/24\n")).empty());
  CHECK(warnings(rule_and(pool, "destination = 203.0.113.0/24\n")).empty());
  CHECK(warnings(rule_and(pool, "client = 2001:db8::/32\n")).size() == 1);
  CHECK(warnings(rule_and(pool + "server = b=fd00::1\n")).empty());
  CHECK(warnings(rule_and(pool + "server = b=www.example.net\n")).empty());
  CHECK(warnings(rule_and(pool + "server = b=srv:_http._tcp.example.net\n")).empty());
  CHECK(warnings(rule_and(pool + "server = b=192.0.2.2 source=gateway\n")).empty());
  CHECK(warnings(rule_and("type = forward\nserver = a=192.0.2.1\n")).empty());
}

TEST_CASE("a server with a source of the other family is never used") {
  CHECK(warnings(rule_and("type = forward\nserver = a=fd00::1 source=192.0.2.9\n"
                          "server = b=192.0.2.1\n")) ==
        Lines{"8: server 'a' is never used: it is IPv6, and its source IPv4"});
  CHECK(warnings(rule_and("type = forward\nserver = a=192.0.2.1 source=192.0.2.9\n")).empty());
  CHECK(warnings(rule_and("type = forward\nsource = 192.0.2.9\nserver = a=fd00::1\n",
                          "client = 198.51.100.0/24\n")) ==
        Lines{"10: server 'a' is never used: it is IPv6, and its source IPv4",
              "5: IPv4 flows to upstream 'u' will fail: none of its servers is of the family of "
              "its source, 192.0.2.9"});
}

TEST_CASE("direct with a fixed source serves that family alone") {
  const std::string direct = "type = direct\nsource = 192.0.2.9\n";
  CHECK(warnings(rule_and(direct)) ==
        Lines{"5: IPv6 flows to upstream 'u' will fail: source = 192.0.2.9"});
  CHECK(warnings(rule_and(direct, "destination = 203.0.113.0/24\n")).empty());
  CHECK(warnings(rule_and("type = direct\nsource = client\n")).empty());
}

}  // namespace weir
