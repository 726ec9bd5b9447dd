#include "cli/firewall.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <vector>

#include "cli/load.h"
#include "firewall/install.h"
#include "upstream/registry.h"

namespace weir {
namespace {

int report(const std::string& what, const Error& error) {
  (void)std::fprintf(stderr, "weir: %s: %s\n", what.c_str(), error.text().c_str());
  return 1;
}

// What the firewall may do alone for an upstream, by its name.
Result<Upstream::Offload> offload_of(const std::string& name, const Configuration& configuration) {
  if (const auto builtin = make_builtin(name)) {
    return builtin->offload();
  }
  const auto& upstreams = configuration.upstreams;
  const auto found = std::find_if(upstreams.begin(), upstreams.end(),
                                  [&](const Settings& each) { return each.name() == name; });
  if (found == upstreams.end()) {
    return Error("there is no upstream '" + name + "'");
  }
  ServerPool scratch;
  const auto made = make_upstream(*found, scratch);
  if (!made) {
    return made.error();
  }
  return made.value()->offload();
}

Result<firewall::Ruleset> ruleset_of(const Configuration& configuration) {
  std::vector<Upstream::Offload> offloads;
  for (const RuleSettings& rule : configuration.rules) {
    const auto offload = offload_of(rule.use, configuration);
    if (!offload) {
      return offload.error();
    }
    offloads.push_back(offload.value());
  }
  const auto otherwise = offload_of(configuration.gateway.default_use, configuration);
  if (!otherwise) {
    return otherwise.error();
  }
  return firewall::make_ruleset(configuration, offloads, otherwise.value());
}

int show_or_apply(const FirewallArguments& arguments, firewall::Backend backend) {
  const std::optional<Configuration> configuration = load_or_report(arguments.file);
  if (!configuration) {
    return bad_configuration;
  }
  const auto ruleset = ruleset_of(*configuration);
  if (!ruleset) {
    return report(arguments.file, ruleset.error());
  }
  if (arguments.action == "show") {
    const std::string script = firewall::apply_script(ruleset.value(), backend);
    const bool written = std::fwrite(script.data(), 1, script.size(), stdout) == script.size();
    return written && std::fflush(stdout) == 0 ? 0 : 1;
  }
  const Result<> applied = firewall::apply(ruleset.value(), backend);
  return applied ? 0 : report("cannot install the firewall's rules", applied.error());
}

int remove(const std::optional<firewall::Backend>& only) {
  for (const auto backend : {firewall::Backend::nft, firewall::Backend::iptables}) {
    // Without a choice: whatever is there. What is not installed has installed nothing.
    if (only ? *only != backend : !firewall::is_installed(backend)) {
      continue;
    }
    if (const Result<> removed = firewall::remove(backend); !removed) {
      return report("cannot remove the firewall's rules", removed.error());
    }
  }
  return 0;
}

}  // namespace

int run_firewall(const FirewallArguments& arguments) {
  const auto backend = firewall::backend_named(arguments.backend);
  if (arguments.action == "remove") {
    if (arguments.on_failure) {
      // A file that is broken by now says nothing; then traffic passes.
      const Loaded loaded = load(arguments.file);
      if (loaded.configuration && loaded.configuration->firewall.on_failure == OnFailure::closed) {
        return 0;
      }
    }
    return remove(backend);
  }
  return show_or_apply(arguments, backend.value_or(firewall::standard_backend()));
}

}  // namespace weir
