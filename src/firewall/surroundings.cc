#include "firewall/surroundings.h"

#include <fmt/format.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/names.h"
#include "firewall/closing_timeouts.h"
#include "firewall/ipset.h"
#include "firewall/program.h"

namespace weir::firewall {

namespace {

using Extent = RouteSurvey::Extent;

// More prefixes than that are no help: the gateway finds out by itself then.
constexpr std::size_t max_unreachable = 65'536;

// Whether every interface leads outside.
bool leave_none(const std::vector<std::string>& outside,
                const std::vector<std::string>& interfaces) {
  return std::all_of(interfaces.begin(), interfaces.end(), [&](const std::string& name) {
    return std::find(outside.begin(), outside.end(), name) != outside.end();
  });
}

bool names_any_interface(const Ruleset& ruleset) {
  return !ruleset.interfaces.empty() ||
         std::any_of(ruleset.decisions.begin(), ruleset.decisions.end(),
                     [](const Decision& decision) { return !decision.interfaces.empty(); });
}

bool is_towards(const Ruleset& ruleset, const std::string& interface) {
  return std::any_of(
      ruleset.towards.begin(), ruleset.towards.end(),
      [&](const std::string& pattern) { return covers_interface(pattern, interface); });
}

// Destinations that routing sends out by another interface, or nowhere.
std::vector<Prefix> not_towards(const Ruleset& ruleset, const Surroundings& surroundings,
                                Family family) {
  const auto passes = [&](const RouteResult& result) {
    return result.kind != RouteResult::Kind::out ||
           !is_towards(ruleset, surroundings.name_of(result.interface));
  };
  auto list = common_routes(surroundings.routes, family).destinations(passes, max_unreachable);
  // Rather too little than what the operator's filter should see.
  return list ? std::move(*list)
              : std::vector<Prefix>{{.address = Address::any(family), .length = 0}};
}

std::vector<Prefix> passing_by_routes(const Ruleset& ruleset, const Surroundings& surroundings,
                                      Family family) {
  return ruleset.towards.empty() ? unreachable(surroundings.routes, family, max_unreachable)
                                       .value_or(std::vector<Prefix>{})
                                 : not_towards(ruleset, surroundings, family);
}

// Empty: there is none.
std::string interface_named(unsigned index) {
  std::array<char, IF_NAMESIZE> name{};
  return if_indextoname(index, name.data()) != nullptr ? name.data() : "";
}

}  // namespace

Result<RouteSurvey> survey_for(const Ruleset& ruleset, Backend backend) {
  if (backend == Backend::nft || !ruleset.asks_routes()) {
    return survey_routes({});
  }
  return ruleset.towards.empty() ? survey_for_unreachable()
                                 : survey_routes({.v4 = Extent::all, .v6 = Extent::all});
}

Ruleset fitted(Ruleset ruleset, Backend backend, const Surroundings& surroundings,
               std::span<const std::string> outside_before) {
  std::set<std::string> outside(outside_before.begin(), outside_before.end());
  for (const unsigned uplink : uplinks_in(surroundings.routes.routes)) {
    if (const std::string name = surroundings.name_of(uplink); !name.empty() && name != "lo") {
      outside.insert(name);
    }
  }
  ruleset.outside.clear();
  if (ruleset.inbound == Inbound::not_outside) {
    ruleset.outside.assign(outside.begin(), outside.end());
  }
  ruleset.all_outside = ruleset.inbound == Inbound::not_outside &&
                        !surroundings.interfaces.empty() &&
                        leave_none(ruleset.outside, surroundings.interfaces);
  ruleset.interfaces = inbound_names(surroundings.links, ruleset.interfaces);
  for (Decision& decision : ruleset.decisions) {
    decision.interfaces = inbound_names(surroundings.links, decision.interfaces);
  }
  ruleset.lookup = hangs_on_interface(surroundings.routes.rules) ? Ruleset::Lookup::by_interface
                                                                 : Ruleset::Lookup::by_packet;
  ruleset.long_lists =
      backend == Backend::iptables ? surroundings.long_lists : Ruleset::LongLists::are_rules;
  ruleset.closing = backend == Backend::nft ? surroundings.closing : std::nullopt;
  ruleset.by_routes = {};
  if (backend == Backend::iptables && ruleset.asks_routes() &&
      ruleset.long_lists == Ruleset::LongLists::are_sets) {
    ruleset.by_routes = {.v4 = passing_by_routes(ruleset, surroundings, Family::v4),
                         .v6 = passing_by_routes(ruleset, surroundings, Family::v6)};
  }
  return ruleset;
}

std::vector<std::string> uplinks_here() {
  std::vector<std::string> names;
  const auto survey = survey_routes({});
  if (!survey) {
    return names;
  }
  for (const unsigned uplink : uplinks_in(survey.value().routes)) {
    if (const std::string name = interface_named(uplink); !name.empty() && name != "lo") {
      names.push_back(name);
    }
  }
  return names;
}

std::vector<std::string> interfaces_here() {
  std::vector<std::string> names;
  struct if_nameindex* all = if_nameindex();
  for (const auto* one = all; one != nullptr && one->if_index != 0; ++one) {
    if (std::string_view(one->if_name) != "lo") {
      names.emplace_back(one->if_name);
    }
  }
  if_freenameindex(all);
  return names;
}

Result<Ruleset> fitted_to_machine(Ruleset ruleset, Backend backend,
                                  std::span<const std::string> outside_before,
                                  RouteSurvey::Scope* scope) {
  auto routes = survey_for(ruleset, backend);
  if (!routes) {
    return routes.error();
  }
  const bool names_interfaces = names_any_interface(ruleset);
  if (scope != nullptr) {
    *scope = routes.value().scope;
    scope->links = names_interfaces;
  }
  auto links = names_interfaces ? read_links() : Result<std::vector<Link>>(std::vector<Link>{});
  if (!links) {
    return links.error();
  }
  const Surroundings here{
      .routes = std::move(routes).value(),
      .name_of = interface_named,
      .interfaces = interfaces_here(),
      .links = std::move(links).value(),
      .long_lists = backend == Backend::iptables && is_installed("ipset")
                        ? Ruleset::LongLists::are_sets
                        : Ruleset::LongLists::are_rules,
      .closing = backend == Backend::nft ? closing_timeouts_here() : std::nullopt};
  return fitted(std::move(ruleset), backend, here, outside_before);
}

std::string trouble_with_outside(const Ruleset& ruleset,
                                 const std::vector<std::string>& interfaces) {
  if (ruleset.inbound != Inbound::not_outside || ruleset.decisions.empty()) {
    return "";
  }
  const std::string line =
      "write `interfaces = NAME, …` into [firewall], with the clients' interfaces";
  if (ruleset.outside.empty()) {
    return "no interface carries a default route, so weir cannot tell which lead outside, and "
           "intercepts every interface; " +
           line;
  }
  if (!leave_none(ruleset.outside, interfaces)) {
    return "";
  }
  return fmt::format(
      "every interface ({}) carries a default route, so each leads outside, and weir "
      "intercepts nothing; {}",
      fmt::join(ruleset.outside, ", "), line);
}

Shortcoming shortcoming_of(const Ruleset& ruleset, Backend backend) {
  using Weight = Shortcoming::Weight;
  if (backend != Backend::iptables || ruleset.long_lists == Ruleset::LongLists::are_sets) {
    return {};
  }
  const std::string install = "install ipset";
  if (!ruleset.towards.empty()) {
    return {Weight::refused, "'towards' needs ipset with iptables: " + install + " or nft"};
  }
  const std::size_t longest = longest_as_rules(ruleset);
  if (longest > too_long_as_rules) {
    return {
        Weight::refused,
        fmt::format("without ipset, a list of {} addresses would be as many iptables rules, which "
                    "every packet meets: {}, or nft",
                    longest, install)};
  }
  if (longest > long_as_rules) {
    return {
        Weight::worse,
        fmt::format("without ipset, a list of {} addresses becomes as many iptables rules, which "
                    "every packet meets: {}, or nft",
                    longest, install)};
  }
  if (ruleset.needs_routes()) {
    return {Weight::worse,
            "without ipset, iptables rules cannot tell where the router has no route: weir accepts "
            "such connections and resets them afterwards; " +
                install + ", or nft"};
  }
  return {};
}

}  // namespace weir::firewall
