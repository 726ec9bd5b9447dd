// Half of the traffic forgotten: clients have IPv6 addresses, and only IPv4 is intercepted.
#include <algorithm>

#include "doctor/addresses.h"
#include "doctor/checks.h"
#include "firewall/installed.h"
#include "firewall/program.h"

namespace weir::doctor {

namespace {

// Whatever becomes of the flows, and also while the rule's window is closed.
bool can_match(const Configuration& configuration, Family family) {
  return std::any_of(configuration.rules.begin(), configuration.rules.end(),
                     [=](const RuleSettings& rule) { return rule.admits(family); });
}

// With nft one table serves both families.
bool has_rules(firewall::Backend backend) {
  if (backend == firewall::Backend::nft) {
    return true;
  }
  const auto ended = firewall::run_program({"ip6tables-save"}, "");
  return ended && ended.value().output.find("-A PREROUTING -j WEIR\n") != std::string::npos;
}

}  // namespace

Findings examine_ipv6(const Subject& subject) {
  const auto addresses = interface_addresses();
  const auto client_side =
      std::find_if(addresses.begin(), addresses.end(), [&](const InterfaceAddress& one) {
        return !one.address.is_v4() && is_client_side(subject, one.interface);
      });
  if (client_side == addresses.end()) {
    return {{"ipv6", Level::ok, "clients have no IPv6 here", ""}};
  }
  const auto installed = firewall::installed_text(subject.backend);
  if (installed && !installed.value().empty() && !has_rules(subject.backend)) {
    return {{"ipv6", Level::fail,
             client_side->interface +
                 " has IPv6 addresses and ip6tables has no rules of weir: IPv6 is not intercepted",
             "weir firewall apply -c " + subject.configuration.file}};
  }
  if (!can_match(subject.configuration, Family::v6)) {
    return {{"ipv6", Level::warn,
             client_side->interface + " has IPv6 addresses and no rule of this file can match IPv6",
             "name IPv6 prefixes in the rules' client and destination"}};
  }
  return {{"ipv6", Level::ok, "is intercepted as IPv4 is", ""}};
}

}  // namespace weir::doctor
