// Where intercepted packets go, looked up as the kernel does it: by the interface that they come in
// by, with weir's mark. A policy rule before weir's, of a VPN or another line, can take them for
// itself, all of them or those to some network.
#include <fmt/format.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include <map>
#include <set>
#include <sstream>

#include "doctor/checks.h"
#include "doctor/client_probes.h"
#include "doctor/route_lookup.h"
#include "doctor/saved_tables.h"
#include "firewall/installed.h"
#include "firewall/policy_routes.h"
#include "firewall/script.h"

namespace weir::doctor {

namespace {

bool weir_rules_are_there(const Subject& subject, Family family) {
  const auto rules = firewall::read_policy_rules(family);
  const auto routes = firewall::read_routes(family, subject.ruleset.table);
  return rules && routes &&
         firewall::missing_rules(rules.value(), subject.ruleset, family).empty() &&
         firewall::has_route(routes.value(), subject.ruleset);
}

// Rules of others that come before weir's and may take a packet of the probe.
std::vector<SteeringRule> rules_before(const Subject& subject, const Probe& probe) {
  const auto all = read_steering_rules(probe.family);
  std::vector<SteeringRule> before;
  for (const SteeringRule& rule : all ? all.value() : std::vector<SteeringRule>{}) {
    if (rule.protocol == firewall::route_protocol && rule.table == subject.ruleset.table) {
      break;  // they come in their order
    }
    const bool may_take = rule.protocol != firewall::route_protocol &&
                          rule.table != RT_TABLE_LOCAL && rule.action != FR_ACT_NOP &&
                          rule.action != FR_ACT_GOTO &&
                          (rule.inbound.empty() || rule.inbound == probe.inbound) &&
                          (*probe.mark & rule.mark.mask) == rule.mark.value;
    if (may_take) {
      before.push_back(rule);
    }
  }
  return before;
}

std::string text_of(Family family, const SteeringRule& rule) {
  std::istringstream lines(output_of({"ip", family == Family::v4 ? "-4" : "-6", "rule"}));
  const std::string start = std::to_string(rule.priority) + ":";
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(start)) {
      std::string text = "ip rule";
      std::istringstream words(line);
      for (std::string word; words >> word;) {
        text += " " + word;
      }
      return text;
    }
  }
  return "ip rule " + start;
}

RouteQuery query_for(const Probe& probe, const SteeringRule* rule) {
  RouteQuery query;
  const bool from_rule = rule != nullptr && rule->source && probe.client.contains(*rule->source);
  query.client = host_in(from_rule ? *rule->source : probe.client, probe.own);
  query.destination = rule != nullptr && rule->destination ? host_in(*rule->destination, probe.own)
                      : probe.destination.length > 0       ? host_in(probe.destination, probe.own)
                                                           : somewhere(probe.family);
  query.inbound = probe.inbound;
  query.mark = *probe.mark;
  query.protocol = probe.protocol;
  query.port = probe.first;
  return query;
}

// What becomes of packets that the rule may take; none: they reach weir.
std::optional<std::string> loss(const Probe& probe, const SteeringRule& rule) {
  const RouteQuery query = query_for(probe, &rule);
  const auto answer = look_up_route(query);
  const std::string what = ports_of(probe) + " from " + probe.inbound + " to " +
                           (rule.destination ? rule.destination->text() : "anywhere");
  if (!answer) {
    return rule.action == FR_ACT_TO_TBL ? std::nullopt : std::optional(what + " ends there");
  }
  if (answer.value().type == RTN_LOCAL || answer.value().table != rule.table) {
    return std::nullopt;
  }
  return what + (answer.value().outbound.empty() ? " ends there"
                                                 : " leaves by " + answer.value().outbound);
}

}  // namespace

Findings examine_routing(const Subject& subject) {
  Findings findings;
  bool looked = false;
  std::map<Family, bool> ready;
  for (const Family family : firewall::routed_families()) {
    ready[family] = weir_rules_are_there(subject, family);
  }
  std::set<std::pair<Family, std::uint32_t>> reported;
  for (const Probe& probe : client_probes(subject)) {
    // Without a subnet there is no client to ask for; without weir's rule another check complains.
    if (probe.client.length == 0 || !ready[probe.family]) {
      continue;
    }
    looked = true;
    for (const SteeringRule& rule : rules_before(subject, probe)) {
      const auto lost = loss(probe, rule);
      if (!lost || !reported.emplace(probe.family, rule.priority).second) {
        continue;
      }
      findings.push_back(
          {"routing", Level::fail,
           fmt::format("'{}' comes before weir's: intercepted {}", text_of(probe.family, rule),
                       *lost),
           fmt::format("give that rule a priority after {0}: ip {1} rule add … priority {2}, then "
                       "ip {1} rule del priority {3}",
                       firewall::rule_priority, probe.family == Family::v4 ? "-4" : "-6",
                       firewall::rule_priority + 100, rule.priority)});
    }
  }
  if (findings.empty()) {
    findings.push_back({"routing", Level::ok,
                        looked ? "intercepted packets are delivered to this machine"
                               : "no route can be looked up: see the other findings",
                        ""});
  }
  return findings;
}

}  // namespace weir::doctor
