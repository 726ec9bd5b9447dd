// Installs and removes rules on this machine, by running the scripts of script.h. For the commands
// and for the gateway under `run --firewall`: at start, at every reload, at exit.
//
// No state. Blocking, as programs are waited for (program.h); any thread. Needs CAP_NET_ADMIN;
// errors are one sentence.
#pragma once

#include <optional>
#include <string_view>

#include "firewall/ruleset.h"
#include "firewall/script.h"
#include "weir/result.h"

namespace weir::firewall {

[[nodiscard]] std::optional<Backend> backend_named(std::string_view name);
[[nodiscard]] bool is_installed(Backend backend);
// nft where it is installed, else iptables.
[[nodiscard]] Backend standard_backend();

// Replaces whatever weir installed before: with nft in one transaction, with iptables in one a
// table. On error an installed ruleset stays as it was.
Result<> apply(const Ruleset& ruleset, Backend backend);

// Only what iptables' rules know of nat's, where there is anything to know it for.
Result<> follow_nat(const Ruleset& ruleset);

// Only the opening in iptables' INPUT.
Result<> apply_inputs(const Ruleset& ruleset);

// Only the policy routes.
Result<> apply_routes(const Ruleset& ruleset);

// Takes away what apply() added, whichever configuration it had. Nothing installed is no error.
Result<> remove(Backend backend);

// Whether weir's rules are there. Does not say that they are this configuration's.
[[nodiscard]] Result<bool> applied(Backend backend);

}  // namespace weir::firewall
