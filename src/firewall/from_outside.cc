#include "firewall/from_outside.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/names.h"

namespace weir::firewall {

namespace {

constexpr Port dns = 53;

bool takes_questions(const RuleSettings& rule) {
  return std::any_of(rule.on().begin(), rule.on().end(), [](const PortRange& range) {
    return range.first <= dns && dns <= range.last;
  });
}

bool is_everybody(const AddressCondition& condition) {
  return !condition.names_some() ||
         std::any_of(condition.include.begin(), condition.include.end(),
                     [](const Prefix& prefix) { return prefix.length == 0; });
}

bool names(const std::vector<std::string>& patterns, const std::string& interface) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return covers_interface(pattern, interface);
  });
}

// Whether clients of the rule may come in there.
bool comes_in(const FirewallSettings& settings, const RuleSettings& rule,
              const std::string& interface) {
  const bool is_watched =
      settings.inbound == Inbound::everywhere ||
      (settings.inbound == Inbound::named && names(settings.interfaces, interface));
  return is_watched && (rule.interfaces().empty() || names(rule.interfaces(), interface));
}

// Whether all flows that come in by an interface of its own are the rule's, on its ports.
bool takes_all_from_there(const RuleSettings& rule) {
  return std::all_of(rule.conditions.begin(), rule.conditions.end(),
                     [](const RuleCondition& condition) {
                       return condition.type().index == ConditionType::Index::ports ||
                              condition.type().needs == ConditionType::Needs::interface;
                     });
}

// Whether a rule after it, or it itself, takes whatever comes in there on those ports.
bool is_taken(const Configuration& configuration, const PortRange& ports,
              const std::string& interface) {
  return std::any_of(
      configuration.rules.begin(), configuration.rules.end(), [&](const RuleSettings& rule) {
        return comes_in(configuration.firewall, rule, interface) && takes_all_from_there(rule) &&
               std::any_of(rule.on().begin(), rule.on().end(), [&](const PortRange& range) {
                 return range.protocol == ports.protocol && range.first <= ports.first &&
                        ports.last <= range.last;
               });
      });
}

// Whether some flow that comes in there, on the rule's ports, is no rule's.
bool leaves_some(const Configuration& configuration, const RuleSettings& rule,
                 const std::string& interface) {
  return comes_in(configuration.firewall, rule, interface) &&
         std::any_of(rule.on().begin(), rule.on().end(), [&](const PortRange& ports) {
           return !is_taken(configuration, ports, interface);
         });
}

}  // namespace

std::string open_resolver(const Configuration& configuration, const RuleSettings& rule,
                          Upstream::Handling handling, std::span<const std::string> uplinks,
                          std::span<const std::string> interfaces) {
  const FirewallSettings& settings = configuration.firewall;
  // What goes on to the router's own address is answered, or not, as without weir.
  if (!settings.local_services || handling.offload != Upstream::Offload::none ||
      handling.leads != Upstream::Leads::elsewhere || !takes_questions(rule) ||
      !is_everybody(rule.client()) || !is_everybody(rule.destination())) {
    return "";
  }
  const auto outside = std::find_if(uplinks.begin(), uplinks.end(), [&](const std::string& uplink) {
    return comes_in(settings, rule, uplink);
  });
  if (outside == uplinks.end()) {
    return "";
  }
  std::vector<std::string> inside;
  for (const std::string& name : interfaces) {
    if (comes_in(settings, rule, name) &&
        std::find(uplinks.begin(), uplinks.end(), name) == uplinks.end()) {
      inside.push_back(name);
    }
  }
  return fmt::format(
      "[rule {}] answers DNS questions from outside: {} leads there, and with local-services = yes "
      "the rule also matches questions to the router itself; add to the rule: {}",
      rule.name, *outside,
      inside.empty() ? "client = 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fc00::/7"
                     : fmt::format("interface = {}", fmt::join(inside, ", ")));
}

std::string outside_default(const Configuration& configuration, Upstream::Handling handling,
                            std::span<const std::string> uplinks) {
  // With `towards` it carries only what leaves by the interfaces that are named there.
  if (configuration.gateway.default_given || handling.offload != Upstream::Offload::none ||
      !configuration.firewall.towards.empty()) {
    return "";
  }
  for (const std::string& uplink : uplinks) {
    for (const RuleSettings& rule : configuration.rules) {
      if (leaves_some(configuration, rule, uplink)) {
        return fmt::format(
            "what comes in by {}, which leads outside, on the ports of [rule {}] and matches no "
            "rule is carried on to wherever it goes, past the filters in FORWARD (default = {}); "
            "write into [gateway]: default = bypass",
            uplink, rule.name, configuration.gateway.default_use);
      }
    }
  }
  return "";
}

}  // namespace weir::firewall
