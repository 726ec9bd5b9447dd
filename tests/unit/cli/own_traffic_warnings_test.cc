// Rules that meet their servers' own traffic.
#include "cli/own_traffic_warnings.h"

#include <string>
#include <vector>

#include "catch.h"
#include "config/made_up_files.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;

// "LINE: TEXT"
Lines warnings(const std::string& text) {
  const auto loaded = load_text(text);
  REQUIRE(loaded.configuration);
  ServerPool scratch;
  UpstreamAssembly assembly(loaded.configuration->upstreams, scratch);
  Lines out;
  for (const Diagnostic& finding : own_traffic_warnings(*loaded.configuration, assembly)) {
    out.push_back(std::to_string(finding.location.line) + ": " + finding.text);
  }
  return out;
}

std::string dns(const std::string& conditions, const std::string& more = "") {
  return "[rule dns]\non = any/53\nuse = pihole\n" + conditions +
         "[upstream pihole]\ntype = forward\nserver = pi=192.0.2.3:53\n" + more;
}

}  // namespace

TEST_CASE("a rule whose clients include one of its servers says so") {
  const Lines said{
      "3: server pi (192.0.2.3) of [upstream pihole] is itself one of the clients of [rule dns]: "
      "what it sends by this rule goes on to its own destination, counted as own-server"};
  CHECK(warnings(dns("client = 192.0.2.0/24\n")) == said);
  CHECK(warnings(dns("client = 192.0.2.0/24, !192.0.2.3\n")).empty());
  CHECK(warnings(dns("client = 198.51.100.0/24\n")).empty());
  CHECK(warnings(dns("")).empty());  // what it resolves to is unknown here
}

TEST_CASE("with local = yes a server on the router is said, until its process is named") {
  const std::string proxy =
      "[rule web]\non = tcp/80\nuse = proxy\n[upstream proxy]\ntype = socks5\n"
      "server = tor=127.0.0.1:9050\n[firewall]\n";
  CHECK(warnings(proxy + "local = yes\n") ==
        Lines{"3: server tor (127.0.0.1) of [upstream proxy] is on this router, and local = yes "
              "intercepts what it sends: weir lets its connections to the destinations that it was "
              "asked for pass (own-proxy), but sends all others back to it. Name the server's "
              "process in exclude-user or exclude-cgroup"});
  CHECK(warnings(proxy + "local = yes\nexclude-user = tor\n").empty());
  CHECK(warnings(proxy + "local = no\n").empty());
  const Lines said = warnings(
      "[rule dns]\non = any/53\nuse = here\n[upstream here]\ntype = forward\n"
      "server = here=[::1]:53\n[firewall]\nlocal = yes\n");
  REQUIRE(said.size() == 1);
  CHECK(said[0].find("what this router sends by [rule dns] goes on to its own destination") !=
        std::string::npos);
}

}  // namespace weir
