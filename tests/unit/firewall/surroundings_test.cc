#include "firewall/surroundings.h"

#include <map>

#include "catch.h"
#include "firewall/closing_timeouts.h"
#include "firewall/print_nft.h"
#include "firewall/words.h"
#include "make.h"

namespace weir::firewall {

namespace {

using Names = std::vector<std::string>;

KernelRoute out_by(std::string_view destination, unsigned interface, std::uint32_t table = 254) {
  const Prefix to = prefix(destination);
  return {.family = to.address.family(),
          .table = table,
          .destination = to,
          .kind = RouteResult::Kind::out,
          .interfaces = {interface}};
}

KernelRoute refused(std::string_view destination) {
  KernelRoute route = out_by(destination, 0);
  route.kind = RouteResult::Kind::refused;
  route.interfaces.clear();
  return route;
}

std::vector<RoutingRule> usual_rules() {
  std::vector<RoutingRule> rules;
  for (const Family family : {Family::v4, Family::v6}) {
    rules.push_back({.family = family, .priority = 0, .table = 255});
    rules.push_back({.family = family, .priority = 32766, .table = 254});
  }
  return rules;
}

Surroundings with(std::vector<KernelRoute> routes) {
  return {.routes = {.scope = {}, .routes = std::move(routes), .rules = usual_rules()},
          .name_of =
              [](unsigned index) {
                const std::map<unsigned, std::string> names{
                    {1, "lo"}, {2, "lan"}, {3, "wan"}, {4, "ppp0"}};
                return names.at(index);
              },
          .long_lists = Ruleset::LongLists::are_sets};
}

Ruleset direct(FirewallSettings settings = {}) {
  return ruleset_of({rule("all", {tcp(80)}).leads(Leads::to_destination)}, std::move(settings));
}

}  // namespace

TEST_CASE("what carries a default route is outside: in any table, any family, by halves, too") {
  const auto outside = [](std::vector<KernelRoute> routes) {
    return fitted(direct(), Backend::nft, with(std::move(routes))).outside;
  };
  CHECK(outside({out_by("192.0.2.0/24", 2)}).empty());
  CHECK(outside({out_by("0.0.0.0/0", 3), out_by("192.0.2.0/24", 2)}) == Names{"wan"});
  CHECK(outside({out_by("::/0", 3), out_by("0.0.0.0/0", 4, 77)}) == Names{"ppp0", "wan"});
  CHECK(outside({out_by("2000::/3", 3)}) == Names{"wan"});
  CHECK(outside({out_by("0.0.0.0/1", 4), out_by("128.0.0.0/1", 4)}) == Names{"ppp0"});
  CHECK(outside({out_by("0.0.0.0/1", 4), out_by("128.0.0.0/1", 3)}).empty());
  CHECK(outside({out_by("0.0.0.0/1", 4), out_by("128.0.0.0/1", 4, 77)}).empty());
  CHECK(outside({out_by("0.0.0.0/0", 1)}).empty());
}

TEST_CASE("what led outside once stays outside") {
  const Names before{"ppp0"};
  CHECK(fitted(direct(), Backend::nft, with({out_by("0.0.0.0/0", 3)}), before).outside ==
        Names{"ppp0", "wan"});
}

TEST_CASE("where interfaces are named or all are meant, routes do not matter") {
  FirewallSettings named;
  named.interfaces = {"lan"};
  FirewallSettings all;
  all.inbound = Inbound::everywhere;
  for (const auto& settings : {named, all}) {
    CHECK(fitted(direct(settings), Backend::nft, with({out_by("0.0.0.0/0", 3)})).outside.empty());
  }
}

TEST_CASE("iptables gets the destinations without a route") {
  const auto by_routes =
      fitted(direct(), Backend::iptables, with({out_by("0.0.0.0/0", 3), refused("203.0.113.0/24")}))
          .by_routes;
  CHECK(words(by_routes.v4) == Names{"203.0.113.0/24"});
  CHECK(words(by_routes.v6) == Names{"::/0"});
}

TEST_CASE("a table for some packets counts as a route, too") {
  auto here = with({out_by("::/0", 4, 77), out_by("10.0.0.0/8", 2)});
  here.routes.rules.push_back(
      {.family = Family::v6, .priority = 100, .table = 77, .packets = RoutingRule::For::some});
  const auto by_routes = fitted(direct(), Backend::iptables, here).by_routes;
  CHECK(by_routes.v6.empty());
  CHECK(words(by_routes.v4).front() == "0.0.0.0/5");
}

TEST_CASE("a policy rule by inbound interface keeps the firewall from asking the routes") {
  auto here = with({out_by("0.0.0.0/0", 3)});
  CHECK(fitted(direct(), Backend::nft, here).needs_routes());
  here.routes.rules.push_back({.family = Family::v4,
                               .priority = 100,
                               .table = 77,
                               .packets = RoutingRule::For::an_interface});
  CHECK_FALSE(fitted(direct(), Backend::nft, here).needs_routes());
}

TEST_CASE("towards leaves out what goes elsewhere, or nowhere") {
  FirewallSettings settings;
  settings.towards = {"ppp*"};
  const auto by_routes = fitted(direct(settings), Backend::iptables,
                                with({out_by("0.0.0.0/1", 4), out_by("128.0.0.0/2", 3)}))
                             .by_routes;
  CHECK(words(by_routes.v4) == Names{"128.0.0.0/1"});
  CHECK(words(by_routes.v6) == Names{"::/0"});
}

TEST_CASE("where none or all lead outside, the line to write is named") {
  const auto trouble = [](std::vector<KernelRoute> routes, FirewallSettings settings = {}) {
    return trouble_with_outside(
        fitted(direct(std::move(settings)), Backend::nft, with(std::move(routes))), {"lan", "wan"});
  };
  CHECK(trouble({}).find("interfaces = NAME") != std::string::npos);
  CHECK(trouble({out_by("0.0.0.0/0", 3)}).empty());
  CHECK(trouble({out_by("0.0.0.0/0", 3), out_by("::/0", 2)}).find("(lan, wan)") !=
        std::string::npos);
  FirewallSettings all;
  all.inbound = Inbound::everywhere;
  CHECK(trouble({}, all).empty());
}

TEST_CASE("without ipset long lists, towards and routes fall short with iptables") {
  using Weight = Shortcoming::Weight;
  const auto weight = [](std::size_t addresses, FirewallSettings settings = {}) {
    for (std::size_t i = 0; i < addresses; ++i) {
      settings.exclude.push_back(
          {Address::v4(static_cast<std::uint32_t>(0x0a000000U + 2 * i)), 32});
    }
    return shortcoming_of(ruleset_of({rule("a", {tcp(80)})}, std::move(settings)),
                          Backend::iptables)
        .weight;
  };
  CHECK(weight(256) == Weight::none);
  CHECK(weight(257) == Weight::worse);
  CHECK(weight(20'001) == Weight::refused);
  FirewallSettings towards;
  towards.towards = {"wan"};
  CHECK(weight(0, towards) == Weight::refused);
  CHECK(shortcoming_of(direct(), Backend::iptables).weight == Weight::worse);
  CHECK(shortcoming_of(direct(), Backend::nft).weight == Weight::none);
}

TEST_CASE("what weir carries is forgotten after half the kernel's time, and 30 s at most") {
  CHECK(closing_timeouts({.time_wait = 120, .close = 10}) ==
        ClosingTimeouts{.time_wait = 30, .close = 5});
  CHECK(closing_timeouts({.time_wait = 30, .close = 30}) ==
        ClosingTimeouts{.time_wait = 15, .close = 15});
  CHECK(closing_timeouts({.time_wait = 1, .close = 0}) ==
        ClosingTimeouts{.time_wait = 1, .close = 1});
}

TEST_CASE("timeouts of connection tracking are nft's alone") {
  Surroundings here = with({});
  here.closing = {.time_wait = 30, .close = 5};
  CHECK(fitted(direct(), Backend::nft, here).closing == here.closing);
  CHECK_FALSE(fitted(direct(), Backend::iptables, here).closing);
  here.closing.reset();
  CHECK_FALSE(fitted(direct(), Backend::nft, here).closing);
}

TEST_CASE("only rules that hand connections to weir say how long they are remembered") {
  const auto says = [](Ruleset ruleset) {
    ruleset.closing = {.time_wait = 30, .close = 5};
    return render_nft(ruleset).find("ct timeout") != std::string::npos;
  };
  CHECK(says(direct()));
  CHECK_FALSE(says(while_draining(direct())));
  CHECK_FALSE(says(while_down(direct())));
  CHECK_FALSE(says(ruleset_of({rule("dns", {udp(53)})})));
  CHECK_FALSE(says(ruleset_of({rule("no", {tcp(25)}, Offload::reject)})));
  CHECK(render_nft(direct()).find("ct timeout") == std::string::npos);
}

}  // namespace weir::firewall
