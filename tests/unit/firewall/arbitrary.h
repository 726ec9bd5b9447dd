// Arbitrary rulesets over a small world, where conditions meet often: two clients' networks, a few
// servers, four ports, three interfaces. The same seed gives the same ones.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "make.h"

namespace weir::firewall {

class Arbitrary {
 public:
  explicit Arbitrary(std::uint32_t seed) : random_(seed) {}

  // 0 … count - 1
  std::size_t below(std::size_t count) { return random_() % count; }
  bool one_in(std::size_t count) { return below(count) == 0; }
  template <typename Value>
  Value of(const std::vector<Value>& values) {
    return values[below(values.size())];
  }

  struct Configured {
    Configuration configuration;
    std::vector<Upstream::Handling> handlings;
    Upstream::Handling otherwise;
    Ruleset ruleset;
  };

  Configured configured() {
    FirewallSettings settings;
    if (one_in(2)) settings.mark = {0x100, 0xf00};
    if (one_in(2)) settings.bypass_mark = {0x2000, 0xf000};
    if (one_in(3)) settings.interfaces = {"lan", "guest*"};
    if (one_in(3)) settings.exclude = list({of(servers()), of(servers())}).include;
    settings.local = one_in(3);
    settings.local_services = one_in(3);
    settings.on_failure = one_in(3) ? OnFailure::closed : OnFailure::open;
    if (one_in(6)) settings.towards = {"wan"};
    if (settings.local && one_in(2)) settings.exclude_users = {{"tor", 107}, {"x", 108}};
    const std::vector<Made> rules = rule_list();
    Configured made;
    made.configuration = configuration_of(rules, settings);
    made.configuration.gateway.default_given = one_in(2);
    made.handlings = handlings_of(rules);
    made.otherwise = {.offload = made.configuration.gateway.default_given ? offload() : Offload{},
                      .leads = leads()};
    made.ruleset = make_ruleset(made.configuration, made.handlings, made.otherwise);
    if (settings.local && one_in(3)) {
      made.ruleset.exclude_cgroups = {
          {.path = "system.slice/tor.service", .id = 7, .nft_path = "system.slice/tor.service"}};
    }
    if (settings.interfaces.empty() && one_in(2)) made.ruleset.outside = {"wan"};
    if (one_in(2)) made.ruleset.long_lists = Ruleset::LongLists::are_sets;
    if (one_in(2) || !settings.towards.empty()) {
      made.ruleset.by_routes = {.v4 = {prefix("198.51.100.128/25")}, .v6 = {prefix("fd00:2::/32")}};
    }
    return made;
  }

  static std::vector<std::string> clients() {
    return {"192.0.2.0/24", "192.0.2.7", "192.0.2.0/28", "fd00:1::/64", "fd00:1::7"};
  }
  static std::vector<std::string> servers() {
    return {"198.51.100.0/24", "198.51.100.9", "198.51.100.128/25", "203.0.113.0/24",
            "fd00:2::/32",     "fd00:3::/32",  "fd00:3::9"};
  }
  static std::vector<Port> ports() { return {53, 80, 443, 8080}; }

 private:
  Offload offload() {
    return of(
        std::vector{Offload::none, Offload::none, Offload::bypass, Offload::reject, Offload::drop});
  }
  Leads leads() { return of(std::vector{Leads::elsewhere, Leads::perhaps, Leads::to_destination}); }

  std::vector<std::string> some(const std::vector<std::string>& of_these) {
    std::vector<std::string> items;
    if (one_in(2)) return items;
    for (std::size_t i = 1 + below(3); i > 0; --i) {
      items.push_back((one_in(4) ? "!" : "") + of(of_these));
    }
    return items;
  }

  std::vector<PortRange> on() {
    std::vector<PortRange> ranges;
    for (std::size_t i = 1 + below(3); i > 0; --i) {
      const Protocol protocol = one_in(2) ? Protocol::tcp : Protocol::udp;
      const Port port = of(ports());
      ranges.push_back(one_in(6) ? PortRange{protocol, 1, 65535} : PortRange{protocol, port, port});
      if (one_in(3)) {  // any/…
        ranges.push_back({protocol == Protocol::tcp ? Protocol::udp : Protocol::tcp,
                          ranges.back().first, ranges.back().last});
      }
    }
    return ranges;
  }

  std::vector<Made> rule_list() {
    std::vector<Made> rules;
    for (std::size_t i = below(6); i > 0; --i) {
      Made made = rule("r" + std::to_string(i), on(), offload());
      made.client(some(clients())).destination(some(servers())).leads(leads());
      if (one_in(4)) made.interface(one_in(2) ? "lan" : "guest*");
      if (one_in(8)) made.interface("lan");
      rules.push_back(std::move(made));
    }
    return rules;
  }

  std::mt19937 random_;
};

}  // namespace weir::firewall
