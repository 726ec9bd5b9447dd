// Each configuration below has its rulesets in golden/. To accept a change after reading it:
// WEIR_ACCEPT_GOLDEN=1 in the environment writes them anew.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "catch.h"
#include "firewall/installed.h"
#include "firewall/iptables.h"
#include "firewall/iptables_chains.h"
#include "firewall/nft.h"
#include "firewall/program.h"
#include "firewall/script.h"
#include "make.h"

namespace weir::firewall {

namespace {

void compare(const std::string& text, const std::string& name) {
  const auto file = std::filesystem::path(WEIR_SOURCE_DIR) / "tests/unit/firewall/golden" / name;
  if (getenv("WEIR_ACCEPT_GOLDEN") != nullptr) std::ofstream(file) << text;
  std::ifstream in(file);
  const std::string golden{std::istreambuf_iterator<char>(in), {}};
  INFO(name);
  CHECK(text == golden);
}

void compare(const Ruleset& ruleset, const std::string& name) {
  compare(render_nft(ruleset), name + ".nft");
  compare(render_iptables(ruleset, Family::v4), name + ".iptables");
  compare(render_iptables(ruleset, Family::v6), name + ".ip6tables");
}

}  // namespace

TEST_CASE("the smallest ruleset intercepts one port") {
  compare(ruleset_of({rule("web", {tcp(80)})}), "smallest");
}

TEST_CASE("a configuration without rules has no decisions") { compare(ruleset_of({}), "no-rules"); }

TEST_CASE("a rule before a bypass on the same port keeps its place") {
  compare(ruleset_of({rule("web", {tcp(80)}).client({"192.0.2.10"}),
                      rule("rest", {tcp(80)}, Offload::bypass)}),
          "order");
}

TEST_CASE("every verdict, condition and setting has its words") {
  FirewallSettings settings;
  settings.mark = {0x100, 0xf00};
  settings.bypass_mark = {0x2000, 0xf000};
  settings.interfaces = {"lan", "guest.7"};
  settings.exclude = {prefix("203.0.113.0/24"), prefix("203.0.113.7"), prefix("fd00:1::/32")};
  settings.on_failure = OnFailure::closed;
  compare(ruleset_of({rule("web", {tcp(80), tcp(8000, 8100)}).client({"192.0.2.0/24"}),
                      rule("dns", {tcp(53), udp(53)}, Offload::bypass)
                          .client({"!192.0.2.9", "fd00::/8"})
                          .destination({"198.51.100.0/24", "fd00:2::/32", "fd00:3::1"}),
                      rule("no-quic", {udp(443)}, Offload::reject).client({"!198.51.100.7"}),
                      rule("nobody \"home\"", {tcp(1, 65535)}, Offload::drop).interface("guest.7"),
                      rule("rest", {udp(5000)})},
                     settings),
          "everything");
}

TEST_CASE("with local-services the router's own flows are left alone") {
  FirewallSettings settings;
  settings.local_services = true;
  compare(ruleset_of(
              {rule("all", {tcp(1, 65535), udp(1, 65535)}), rule("no", {tcp(25)}, Offload::reject)},
              settings),
          "local-services");
}

TEST_CASE("what the router itself sends has rules of its own, but for those of an interface") {
  FirewallSettings settings;
  settings.local = true;
  settings.exclude = {prefix("203.0.113.0/24")};
  const Ruleset ruleset = ruleset_of({rule("dns", {udp(53), tcp(53)}),
                                      rule("let", {tcp(80)}, Offload::bypass)
                                          .client({"192.0.2.1", "192.0.2.9"})
                                          .destination({"198.51.100.0/24", "fd00::/8"}),
                                      rule("lan", {tcp(81)}, Offload::reject).interface("lan"),
                                      rule("no", {tcp(82), udp(82)}, Offload::reject)},
                                     settings);
  compare(ruleset, "local");
  CHECK(needs_guardian(ruleset, Backend::nft));
}

TEST_CASE("while weir drains what is its own still reaches it, and nothing new does") {
  FirewallSettings settings;
  settings.local = true;
  const Ruleset serving =
      ruleset_of({rule("alice", {tcp(80), udp(443)}).client({"192.0.2.11", "fd00::11"}),
                  rule("let", {tcp(80)}, Offload::bypass).client({"192.0.2.12"}),
                  rule("dns", {udp(53)}), rule("no", {tcp(81), udp(81)}, Offload::reject)},
                 settings);
  const Ruleset draining = while_draining(serving);
  compare(draining, "draining");
  CHECK(render_nft(serving).find("syn tproxy") != std::string::npos);
  CHECK(render_nft(draining).find("syn tproxy") == std::string::npos);
  CHECK(render_nft(draining).find("meta l4proto udp tproxy") != std::string::npos);
  for (const Family family : {Family::v4, Family::v6}) {
    const std::string text = render_iptables(draining, family);
    CHECK(text.find("SYN -j TPROXY") == std::string::npos);
    CHECK(text.find("-p udp -m connlabel ! --label 117 -j TPROXY") != std::string::npos);
    // In the same chains, so that one set of rules takes the other's place.
    for (const char* table : {"mangle", "filter"}) {
      CHECK(iptables_chains(draining, family, table) == iptables_chains(serving, family, table));
    }
  }
  for (const Backend backend : {Backend::nft, Backend::iptables}) {
    CHECK(needs_guardian(draining, backend));
    CHECK(apply_script(while_down(draining), backend) ==
          apply_script(while_down(serving), backend));
  }
}

TEST_CASE("where only connections are intercepted a draining gateway's rules ask for no label") {
  const Ruleset draining = while_draining(ruleset_of({rule("web", {tcp(80)})}));
  CHECK(render_nft(draining).find("label") == std::string::npos);
  CHECK(render_iptables(draining, Family::v4).find("label") == std::string::npos);
  CHECK(render_iptables(draining, Family::v4).find("TPROXY --on-port") == std::string::npos);
}

TEST_CASE(
    "while weir is down what was intercepted passes or is refused, and nothing needs a listener") {
  for (const OnFailure on_failure : {OnFailure::open, OnFailure::closed}) {
    FirewallSettings settings;
    settings.on_failure = on_failure;
    settings.local = true;
    const Ruleset serving = ruleset_of(
        {rule("web", {tcp(80), udp(443)}), rule("no", {tcp(81)}, Offload::drop)}, settings);
    const Ruleset down = while_down(serving);
    const Verdict wanted = on_failure == OnFailure::open ? Verdict::bypass : Verdict::reject;
    CHECK(down.decisions.front().verdict == wanted);
    CHECK(down.decisions.back().verdict == wanted);
    CHECK(down.has(Verdict::drop));
    CHECK(render_iptables(serving, Family::v4).find("TPROXY --on-port") != std::string::npos);
    CHECK(render_iptables(down, Family::v4).find("TPROXY --on-port") == std::string::npos);
    CHECK_FALSE(needs_guardian(down, Backend::iptables));
  }
}

TEST_CASE("nft lets forwarded traffic pass by itself, and needs no guardian for it") {
  const Ruleset ruleset = ruleset_of({rule("web", {tcp(80)})});
  CHECK_FALSE(needs_guardian(ruleset, Backend::nft));
  CHECK(needs_guardian(ruleset, Backend::iptables));
  CHECK_FALSE(needs_guardian(ruleset_of({rule("no", {tcp(80)}, Offload::drop)}, {}, Offload::drop),
                             Backend::iptables));
}

TEST_CASE("a default that rejects needs no condition") {
  compare(ruleset_of({rule("web", {tcp(80)})}, {}, Offload::reject), "default-reject");
}

TEST_CASE("more ports than multiport takes are spread over several rules") {
  std::vector<PortRange> on;
  for (Port port = 1000; port < 1060; port = static_cast<Port>(port + 3)) {
    on.push_back(tcp(port, port == 1027 ? static_cast<Port>(port + 1) : port));
  }
  const std::string text = render_iptables(ruleset_of({rule("many", on)}), Family::v4);
  CHECK(text.find("--dports 1000,1003,1006,1009,1012,1015,1018,1021,1024,1027:1028,1030,1033,1036,"
                  "1039 -g") != std::string::npos);
  CHECK(text.find("--dports 1042,1045,1048,1051,1054,1057 -g") != std::string::npos);
}

TEST_CASE("a name cannot break out of its comment, nor an interface out of its quotes") {
  const Ruleset ruleset =
      ruleset_of({rule("x\nEND\nreboot", {tcp(80)}, Offload::drop).interface("a\" drop; #"),
                  rule("star", {tcp(80)}, Offload::drop).interface("eth*").interface("eth+")});
  const std::string nft = render_nft(ruleset);
  CHECK(nft.find("\nEND") == std::string::npos);
  CHECK(nft.find("iifname \"a? drop; #\"") != std::string::npos);
  CHECK(nft.find("\"eth\\*\"") != std::string::npos);
  const std::string iptables = render_iptables(ruleset, Family::v4);
  CHECK(iptables.find("\nEND") == std::string::npos);
  CHECK(iptables.find("\"a? drop; #\"") != std::string::npos);
  CHECK(iptables.find("\"eth?\"") != std::string::npos);
}

TEST_CASE("the scripts are shell, whatever the configuration's file is called") {
  Ruleset ruleset = ruleset_of({rule("web", {tcp(80)}), rule("no", {tcp(81)}, Offload::reject)});
  ruleset.file = "a\n$(reboot) 'x.ini";
  for (const Backend backend : {Backend::nft, Backend::iptables}) {
    for (const std::string& script :
         {apply_script(ruleset, backend), remove_script(backend), routes_script(ruleset)}) {
      const Result<Ended> checked = run_program({"sh", "-n"}, script);
      REQUIRE(checked);
      CHECK(checked.value().errors.empty());
      CHECK(script.find("\n$(reboot)") == std::string::npos);
    }
  }
}

TEST_CASE("of rules that are there one can tell whose port they hand packets to") {
  Ruleset ruleset = ruleset_of({rule("web", {tcp(80)})});
  ruleset.port = 50081;
  CHECK(port_in(render_nft(ruleset)) == 50081);
  CHECK(port_in(render_iptables(ruleset, Family::v6)) == 50081);
  CHECK(port_in("") == std::nullopt);
  CHECK(port_in("tproxy to :99999 accept") == std::nullopt);
}

}  // namespace weir::firewall
