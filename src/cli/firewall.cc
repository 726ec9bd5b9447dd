#include "cli/firewall.h"

#include <cstdio>
#include <optional>

#include "base/machine_here.h"
#include "cli/exit_status.h"
#include "cli/implied_rules.h"
#include "cli/load.h"
#include "cli/rule_owner.h"
#include "devices/asked_devices.h"
#include "firewall/install.h"
#include "firewall/ruleset_json.h"
#include "firewall/surroundings.h"
#include "gateway/known_devices.h"

namespace weir {
namespace {

int report(const std::string& what, const Error& error) {
  (void)std::fprintf(stderr, "weir: %s: %s\n", what.c_str(), error.text().c_str());
  return 1;
}

// What these rules will not follow by themselves.
void tell_of_windows(const Configuration& fitted) {
  for (const RuleSettings& rule : fitted.rules) {
    for (const RuleCondition& condition : rule.conditions) {
      if (const std::string clock_state = condition.clock_state(); !clock_state.empty()) {
        (void)std::fprintf(stderr,
                           "weir: warning: rule %s %s; only a running weir then changes the "
                           "firewall's rules\n",
                           rule.name.c_str(), clock_state.c_str());
      }
    }
  }
}

void tell_of_devices(const Configuration& configuration) {
  for (const RuleSettings& rule : configuration.rules) {
    if (asks_for_names(rule)) {
      (void)std::fprintf(stderr,
                         "weir: warning: rule %s has the MAC and leased addresses that its "
                         "devices have now; only a running weir then changes the firewall's "
                         "rules\n",
                         rule.name.c_str());
    }
  }
}

int show_or_apply(const FirewallArguments& arguments, firewall::Backend backend) {
  const std::optional<Configuration> configuration = load_or_report(arguments.file);
  if (!configuration) {
    return Exit::bad_configuration;
  }
  MachineHere here = MachineHere::read();
  here.devices = read_devices(configuration->devices);
  const auto implied = implied_rules(*configuration, here.for_firewall());
  if (!implied) {
    return report(arguments.file, implied.error());
  }
  const auto ruleset = firewall::fitted_to_machine(implied.value(), backend);
  if (!ruleset) {
    return report(arguments.file, ruleset.error());
  }
  const auto shortcoming = firewall::shortcoming_of(ruleset.value(), backend);
  if (shortcoming.weight == firewall::Shortcoming::Weight::refused) {
    return report(arguments.file, Error(shortcoming.text));
  }
  if (!shortcoming.text.empty()) {
    (void)std::fprintf(stderr, "weir: warning: %s\n", shortcoming.text.c_str());
  }
  tell_of_windows(configuration->fitted(here.for_firewall()));
  tell_of_devices(*configuration);
  if (arguments.action == "show") {
    const std::string text = arguments.json ? firewall::ruleset_json(ruleset.value()) + "\n"
                                            : firewall::apply_script(ruleset.value(), backend);
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
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

// A gateway that keeps its rules would put back what is removed: it has to let go of them first.
// Also where those of the other backend are meant: both have the same policy routes.
Result<> free_rules(const FirewallArguments& arguments) {
  const auto owner = rule_owner(arguments.file);
  if (!owner) {
    return Ok{};
  }
  if (arguments.force) {
    return release_rules(*owner);
  }
  return Error("the running gateway (" + owner->process +
               ") keeps them in place and would put them back; nothing was removed. End it (" +
               owner->to_end + "), or use --force, after which it no longer keeps them");
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
    } else if (const auto free = free_rules(arguments); !free) {
      return report("cannot remove the firewall's rules", free.error());
    }
    return remove(backend);
  }
  return show_or_apply(arguments, backend.value_or(firewall::standard_backend()));
}

}  // namespace weir
