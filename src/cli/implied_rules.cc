#include "cli/implied_rules.h"

#include <vector>

#include "base/machine_here.h"
#include "gateway/known_devices.h"
#include "upstream/assembly.h"

namespace weir {

Result<std::shared_ptr<Upstream>> upstream_named(const std::string& name,
                                                 const Configuration& configuration,
                                                 ServerPool& pool) {
  return UpstreamAssembly(configuration.upstreams, pool).get(name);
}

Result<firewall::Ruleset> implied_rules(const Configuration& configuration) {
  MachineHere here = MachineHere::read();
  here.devices = read_devices(configuration.devices);
  return implied_rules(configuration, here.for_firewall());
}

Result<firewall::Ruleset> implied_rules(const Configuration& configuration,
                                        const Machine& machine) {
  ServerPool scratch;
  UpstreamAssembly assembly(configuration.upstreams, scratch);
  std::vector<Upstream::Handling> handlings;
  for (const RuleSettings& rule : configuration.rules) {
    const auto upstream = assembly.get(rule.use);
    if (!upstream) {
      return upstream.error();
    }
    handlings.push_back(upstream.value()->handling());
  }
  const auto otherwise = assembly.get(configuration.gateway.default_use);
  if (!otherwise) {
    return otherwise.error();
  }
  return firewall::make_ruleset(configuration.fitted(machine), handlings,
                                otherwise.value()->handling(),
                                firewall::find_cgroups(configuration.firewall.exclude_cgroups));
}

}  // namespace weir
