// Configurations for the firewall's tests, written the way they read: rule("web", {tcp(80)}).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/configuration.h"
#include "firewall/ruleset.h"
#include "weir/upstream.h"

namespace weir::firewall {

using Offload = Upstream::Offload;

inline PortRange tcp(Port first, Port last) { return {Protocol::tcp, first, last}; }
inline PortRange tcp(Port port) { return tcp(port, port); }
inline PortRange udp(Port first, Port last) { return {Protocol::udp, first, last}; }
inline PortRange udp(Port port) { return udp(port, port); }

inline Prefix prefix(std::string_view text) { return Prefix::parse(text).value(); }

// "!192.0.2.1" excludes.
inline AddressCondition list(const std::vector<std::string>& items) {
  AddressCondition condition;
  for (const std::string& item : items) {
    if (item.front() == '!') {
      condition.exclude.push_back(prefix(item.substr(1)));
    } else {
      condition.include.push_back(prefix(item));
    }
  }
  return condition;
}

struct Made {
  RuleSettings settings;
  Offload offload = Offload::none;

  Made& client(const std::vector<std::string>& items) {
    settings.client = list(items);
    return *this;
  }
  Made& destination(const std::vector<std::string>& items) {
    settings.destination = list(items);
    return *this;
  }
  Made& interface(std::string name) {
    settings.interfaces.push_back(std::move(name));
    return *this;
  }
};

inline Made rule(std::string name, std::vector<PortRange> on, Offload offload = Offload::none) {
  Made made;
  made.settings.name = std::move(name);
  made.settings.on = std::move(on);
  made.offload = offload;
  return made;
}

inline Ruleset ruleset_of(const std::vector<Made>& rules, FirewallSettings settings = {},
                          Offload otherwise = Offload::none) {
  Configuration configuration;
  configuration.file = "weir.ini";
  configuration.firewall = std::move(settings);
  std::vector<Offload> offloads;
  for (const Made& made : rules) {
    configuration.rules.push_back(made.settings);
    offloads.push_back(made.offload);
  }
  return make_ruleset(configuration, offloads, otherwise);
}

}  // namespace weir::firewall
