// Configurations for the firewall's tests, written the way they read: rule("web", {tcp(80)}).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/configuration.h"
#include "firewall/ruleset.h"
#include "rule_conditions.h"
#include "weir/upstream.h"

namespace weir::firewall {

using Offload = Upstream::Offload;
using Leads = Upstream::Leads;

inline PortRange tcp(Port first, Port last) { return {Protocol::tcp, first, last}; }
inline PortRange tcp(Port port) { return tcp(port, port); }
inline PortRange udp(Port first, Port last) { return {Protocol::udp, first, last}; }
inline PortRange udp(Port port) { return udp(port, port); }

inline Prefix prefix(std::string_view text) { return Prefix::parse(text).value(); }

// "!192.0.2.1" excludes.
inline AddressCondition list(const std::vector<std::string>& items) { return condition(items); }

struct Made {
  RuleSettings settings;
  Upstream::Handling handling;

  Made& client(const std::vector<std::string>& items) {
    if (!items.empty()) settings.set(weir::client(items));
    return *this;
  }
  Made& destination(const std::vector<std::string>& items) {
    if (!items.empty()) settings.set(weir::destination(items));
    return *this;
  }
  Made& interface(std::string name) {
    std::vector<std::string> names = settings.interfaces();
    names.push_back(std::move(name));
    settings.set(weir::interfaces(std::move(names)));
    return *this;
  }
  Made& leads(Leads leads) {
    handling.leads = leads;
    return *this;
  }
};

inline Made rule(std::string name, std::vector<PortRange> on, Offload offload = Offload::none) {
  Made made;
  made.settings.name = std::move(name);
  made.settings.set(weir::on(std::move(on)));
  made.handling.offload = offload;
  return made;
}

inline Configuration configuration_of(const std::vector<Made>& rules, FirewallSettings settings) {
  Configuration configuration;
  configuration.file = "weir.ini";
  configuration.firewall = std::move(settings);
  if (!configuration.firewall.interfaces.empty()) {
    configuration.firewall.inbound = Inbound::named;
  }
  for (const Made& made : rules) {
    configuration.rules.push_back(made.settings);
  }
  return configuration;
}

inline std::vector<Upstream::Handling> handlings_of(const std::vector<Made>& rules) {
  std::vector<Upstream::Handling> handlings;
  for (const Made& made : rules) {
    handlings.push_back(made.handling);
  }
  return handlings;
}

// A file that sets no `default`.
inline Ruleset ruleset_of(const std::vector<Made>& rules, FirewallSettings settings = {}) {
  return make_ruleset(configuration_of(rules, std::move(settings)), handlings_of(rules), {});
}

// One whose own `default` is handled so.
inline Ruleset ruleset_of(const std::vector<Made>& rules, FirewallSettings settings,
                          Upstream::Handling otherwise) {
  Configuration configuration = configuration_of(rules, std::move(settings));
  configuration.gateway.default_given = true;
  return make_ruleset(configuration, handlings_of(rules), otherwise);
}

inline Ruleset ruleset_of(const std::vector<Made>& rules, FirewallSettings settings,
                          Offload otherwise) {
  return ruleset_of(rules, std::move(settings), Upstream::Handling{.offload = otherwise});
}

}  // namespace weir::firewall
