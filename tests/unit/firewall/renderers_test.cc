// Each configuration below has its rulesets in golden/. To accept a change after reading it:
// WEIR_ACCEPT_GOLDEN=1 in the environment writes them anew.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "catch.h"
#include "firewall/installed.h"
#include "firewall/ipset.h"
#include "firewall/lower.h"
#include "firewall/print_iptables.h"
#include "firewall/print_nft.h"
#include "firewall/program.h"
#include "firewall/script.h"
#include "make.h"
#include "source_tree.h"

namespace weir::firewall {

namespace {

void compare(const std::string& text, const std::string& name) {
  const auto file = source_tree() / "tests/unit/firewall/golden" / name;
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

TEST_CASE("on ports that only bypass, reject and drop name, the rest passes") {
  compare(
      ruleset_of({rule("tv", {tcp(1, 65535), udp(1, 65535)}, Offload::bypass).client({"192.0.2.7"}),
                  rule("web", {tcp(80), udp(443)})}),
      "only-firewall");
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

TEST_CASE("rules with a host have sets of pairs, which iptables does without") {
  const auto of_host = [](Made made, const std::string& host) {
    made.settings.set(said("host", host));
    return made;
  };
  compare(ruleset_of({rule("tv", {tcp(443)}, Offload::bypass).client({"192.0.2.7"}),
                      of_host(rule("proxied", {tcp(443)}), ".shop.example"),
                      of_host(rule("ads", {tcp(443), udp(443)}, Offload::reject).interface("lan"),
                              "*.ads.example"),
                      of_host(rule("bank", {tcp(443), udp(443)}, Offload::bypass)
                                  .destination({"!203.0.113.0/24"}),
                              "bank.example")}),
          "names");
}

TEST_CASE("with local-services the router's own flows are left alone") {
  FirewallSettings settings;
  settings.local_services = true;
  compare(ruleset_of(
              {rule("all", {tcp(1, 65535), udp(1, 65535)}), rule("no", {tcp(25)}, Offload::reject)},
              settings),
          "local-services");
}

TEST_CASE("what goes on to its own destination needs a route there") {
  compare(ruleset_of({rule("pool", {tcp(80)}).client({"192.0.2.0/24", "fd00::/8"}),
                      rule("lines", {tcp(443), udp(443)}).leads(Leads::perhaps),
                      rule("calls", {udp(5060)}).leads(Leads::to_destination)},
                     {}, {.leads = Leads::to_destination}),
          "routes");
}

TEST_CASE("what the machine adds has its words") {
  FirewallSettings settings;
  settings.exclude = {prefix("203.0.113.0/24")};
  settings.local_services = true;
  auto ruleset = ruleset_of({rule("calls", {tcp(443), udp(5060)}).leads(Leads::to_destination),
                             rule("pool", {tcp(80)}).client({"192.0.2.0/24"})},
                            settings, {.leads = Leads::to_destination});
  ruleset.outside = {"eth0", "ppp0"};
  ruleset.closing = {.time_wait = 30, .close = 5};
  ruleset.long_lists = Ruleset::LongLists::are_sets;
  ruleset.by_routes = {.v4 = {prefix("203.0.113.128/25")}, .v6 = {prefix("::/0")}};
  compare(ruleset, "surroundings");
  ruleset.towards = {"eth0", "ppp*"};
  compare(ruleset, "towards");
}

TEST_CASE("long lists are sets for iptables, each once") {
  FirewallSettings settings;
  std::vector<std::string> list;
  for (int i = 1; i <= 20; ++i) list.push_back("198.51.100." + std::to_string(i * 2));
  settings.exclude = rule("x", {}).client(list).settings.client().include;
  auto ruleset = ruleset_of({rule("them", {tcp(80)}, Offload::bypass).client(list),
                             rule("there", {tcp(80)}).destination(list).client({"192.0.2.0/24"})},
                            settings);
  ruleset.long_lists = Ruleset::LongLists::are_sets;
  compare(render_iptables(ruleset, Family::v4), "sets.iptables");
  const Plan plan = for_iptables(make_plan(ruleset), Family::v4);
  compare(print_ipsets(plan), "sets.ipset");
  CHECK(ipset_names(plan).size() == 1);
  CHECK(longest_as_rules(ruleset) == 0);
  ruleset.long_lists = Ruleset::LongLists::are_rules;
  CHECK(print_ipsets(for_iptables(make_plan(ruleset), Family::v4)).empty());
  CHECK(longest_as_rules(ruleset) == 20);
}

TEST_CASE("the router's own services are spared where no interfaces are named") {
  FirewallSettings settings;
  settings.local_services = true;
  const std::vector rules{
      rule("lan", {tcp(22)}).interface("lan").leads(Leads::perhaps),
      rule("some", {tcp(22)}).client({"192.0.2.0/24"}).leads(Leads::to_destination),
      rule("pool", {tcp(80)}), rule("rest", {tcp(25)}, Offload::drop)};
  compare(ruleset_of(rules, settings, {.leads = Leads::to_destination}), "own-services");
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
  CHECK(needs_cleanup_process(ruleset, Backend::nft));
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
  CHECK(render_nft(draining).find("meta l4proto udp tproxy to") != std::string::npos);
  for (const Family family : {Family::v4, Family::v6}) {
    const std::string text = render_iptables(draining, family);
    CHECK(text.find("SYN -j TPROXY") == std::string::npos);
    CHECK(text.find("-m connlabel --label 117 -j RETURN\n") < text.find("-p udp -j TPROXY"));
    CHECK(text.find("-p udp -j TPROXY") != std::string::npos);
    // In the same chains, so that one set of rules takes the other's place.
    for (const char* table : {"mangle", "filter"}) {
      CHECK(chains_in(for_iptables(make_plan(draining), family), table) ==
            chains_in(for_iptables(make_plan(serving), family), table));
    }
  }
  for (const Backend backend : {Backend::nft, Backend::iptables}) {
    CHECK(needs_cleanup_process(draining, backend));
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
    CHECK_FALSE(needs_cleanup_process(down, Backend::iptables));
  }
}

TEST_CASE("nft lets forwarded traffic pass by itself, and needs no cleanup process for it") {
  const Ruleset ruleset = ruleset_of({rule("web", {tcp(80)})});
  CHECK_FALSE(needs_cleanup_process(ruleset, Backend::nft));
  CHECK(needs_cleanup_process(ruleset, Backend::iptables));
  CHECK_FALSE(needs_cleanup_process(
      ruleset_of({rule("no", {tcp(80)}, Offload::drop)}, {}, {.offload = Offload::drop}),
      Backend::iptables));
}

TEST_CASE("a default that rejects needs no condition") {
  compare(ruleset_of({rule("web", {tcp(80)})}, {}, {.offload = Offload::reject}), "default-reject");
}

TEST_CASE("iptables counts a packet where it leaves, however many lines led to its rule's chain") {
  FirewallSettings settings;
  settings.local_services = true;
  const std::string text = render_iptables(
      ruleset_of(
          {rule("web", {tcp(80)}).client({"192.0.2.0/24"}).interface("eth0").interface("eth*"),
           rule("some", {tcp(80)}).client({"192.0.2.0/24"}).leads(Leads::perhaps)},
          settings, Offload::drop),
      Family::v4);
  CHECK(text.find("-A WEIR-1 -s 192.0.2.0/24 -j MARK --set-xmark 0x2/0x2\n") != std::string::npos);
  CHECK(text.find("-j WEIR-1\n"
                  "-A WEIR-DECIDE -m mark --mark 0x2/0x2 -m comment --comment rule-1-web "
                  "-g WEIR-INTERCEPT\n") != std::string::npos);
  // What is for the router itself is not the rule's.
  CHECK(text.find("-A WEIR-DECIDE -m mark --mark 0x2/0x2 -m addrtype --dst-type LOCAL "
                  "-g WEIR-BYPASS\n"
                  "-A WEIR-DECIDE -m mark --mark 0x2/0x2 -m comment --comment rule-2-some "
                  "-g WEIR-INTERCEPT\n") != std::string::npos);
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

TEST_CASE(
    "a name cannot break out of its comment, nor an interface out of its quotes; a star is a "
    "pattern") {
  const Ruleset ruleset =
      ruleset_of({rule("x\nEND\nreboot", {tcp(80)}, Offload::drop).interface("a\" drop; #"),
                  rule("star", {tcp(80)}, Offload::drop).interface("eth*").interface("eth+")});
  const std::string nft = render_nft(ruleset);
  CHECK(nft.find("\nEND") == std::string::npos);
  CHECK(nft.find("iifname \"a? drop; #\"") != std::string::npos);
  CHECK(nft.find("\"eth*\"") != std::string::npos);
  const std::string iptables = render_iptables(ruleset, Family::v4);
  CHECK(iptables.find("\nEND") == std::string::npos);
  CHECK(iptables.find("\"a? drop; #\"") != std::string::npos);
  CHECK(iptables.find("\"eth+\"") != std::string::npos);
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

TEST_CASE("rules are counted alike, rendered and installed, but for those that a machine adds") {
  const Ruleset ruleset = ruleset_of({rule("web", {tcp(80)})});
  const std::string rendered = render_iptables(ruleset, Family::v6);
  const std::size_t count = count_rules(rendered);
  CHECK(count > 10);
  CHECK(count_rules(rendered + render_masqueraded(ruleset, Family::v6)) == count);
  CHECK(render_masqueraded(ruleset, Family::v4).empty());
  CHECK(render_masqueraded(while_down(ruleset), Family::v6).empty());
  CHECK(count_rules("*mangle :WEIR - [0:0]\n*mangle -A WEIR -i lo -j RETURN\n"
                    "*mangle -A WEIR-NAT-1 -j RETURN\n*mangle -A WEIR-NAT-PREROUTING -j RETURN\n"
                    "*mangle -A WEIR-NAT-IN -j WEIR-NAT-PREROUTING\n"
                    "*mangle -A WEIR -p ipv6-icmp -m connlabel --label 115 -g WEIR-DELIVER\n"
                    "*mangle -A PREROUTING -j WEIR\n") == 2);
}

}  // namespace weir::firewall
