#include "cli/implied_rules.h"

#include <algorithm>
#include <vector>

#include "upstream/registry.h"

namespace weir {

Result<std::shared_ptr<Upstream>> upstream_named(const std::string& name,
                                                 const Configuration& configuration,
                                                 ServerPool& pool) {
  if (auto builtin = make_builtin(name)) {
    return builtin;
  }
  const auto& upstreams = configuration.upstreams;
  const auto found = std::find_if(upstreams.begin(), upstreams.end(),
                                  [&](const Settings& each) { return each.name() == name; });
  if (found == upstreams.end()) {
    return Error("there is no upstream '" + name + "'");
  }
  return make_upstream(*found, pool);
}

Result<firewall::Ruleset> implied_rules(const Configuration& configuration) {
  ServerPool scratch;
  std::vector<Upstream::Offload> offloads;
  for (const RuleSettings& rule : configuration.rules) {
    const auto upstream = upstream_named(rule.use, configuration, scratch);
    if (!upstream) {
      return upstream.error();
    }
    offloads.push_back(upstream.value()->offload());
  }
  const auto otherwise = upstream_named(configuration.gateway.default_use, configuration, scratch);
  if (!otherwise) {
    return otherwise.error();
  }
  return firewall::make_ruleset(configuration, offloads, otherwise.value()->offload());
}

}  // namespace weir
