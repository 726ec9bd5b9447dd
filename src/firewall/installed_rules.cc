#include "firewall/installed_rules.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string_view>

#include "firewall/input_opening.h"
#include "firewall/install.h"
#include "firewall/installed.h"
#include "firewall/ipset.h"
#include "firewall/lower.h"
#include "firewall/nft.h"
#include "firewall/nft_listing.h"
#include "firewall/policy_routes.h"
#include "firewall/print_iptables.h"
#include "firewall/print_nft.h"
#include "firewall/replace_nft.h"
#include "firewall/script.h"
#include "firewall/set_loader.h"

namespace weir::firewall {

namespace {

using Fill = std::function<void(const std::vector<std::string>& empty)>;

// The sets of pairs that are new with this plan.
std::vector<std::string> new_name_sets(const Plan& plan, std::string_view listing) {
  std::set<std::string> names = name_sets_of(plan);
  for (const NftObject& object : read_listing(listing).objects) {
    if (object.kind == "set") {
      names.erase(object.name);
    }
  }
  return {names.begin(), names.end()};
}

// The first step makes the sets, and the others lead packets to them. → whether all went well.
bool replace_in_steps(const Plan& plan, const std::string& listing, const Fill& fill) {
  const std::vector<std::string> steps = replace_nft(plan, listing);
  if (steps.empty() || !apply_nft(steps.front())) {
    return false;
  }
  fill(new_name_sets(plan, listing));
  return std::all_of(steps.begin() + 1, steps.end(),
                     [](const std::string& step) { return apply_nft(step).ok(); });
}

// → whether the kernel's counters are new ones.
Result<bool> install_nft(const Plan& plan, const std::string& listing, const Fill& fill) {
  if (replace_in_steps(plan, listing, fill)) {
    return false;
  }
  if (!named_sets(plan).empty()) {
    const auto now = installed_text(Backend::nft);
    const auto made = now ? apply_nft(remake_nft(plan, now.value())) : Result<>(now.error());
    fill(now ? new_name_sets(plan, now.value()) : std::vector<std::string>{});
    return made ? Result<bool>(true) : made.error();
  }
  // Also where others changed what stood meanwhile.
  const auto made = apply_nft(print_nft(plan));
  fill(new_name_sets(plan, ""));
  return made ? Result<bool>(true) : made.error();
}

// What apply() does, without its dozen programs where none is needed: with the policy routes in
// place, which is so at every reload, nft replaces its rules and nothing else is left; step by step
// where some stand, so that nothing passes by meanwhile. → whether the kernel's counters are new
// ones.
Result<bool> install(const Ruleset& ruleset, Backend backend, const Fill& fill) {
  const auto missing = missing_policy_routes(ruleset);
  if (backend != Backend::nft || !missing || !missing.value().empty() ||
      !stale_inputs(ruleset).empty()) {
    const auto applied = apply(ruleset, backend);
    if (backend == Backend::nft) {
      fill(new_name_sets(for_nft(make_plan(ruleset)), ""));  // the table is a new one
    }
    return applied ? Result<bool>(true) : applied.error();
  }
  const auto there = installed_text(backend);
  const std::string listing = there ? there.value() : "";
  const Plan plan = for_nft(make_plan(ruleset), NftLists::in_sets);
  const auto loaded = load_sets(plan, listing);
  if (!loaded) {
    return loaded.error();
  }
  auto installed = install_nft(plan, listing, fill);
  if (!installed) {
    drop_sets(loaded.value());
  }
  return installed;
}

// Whether what the kernel says of the rules is all of them: others may have been at work since they
// were written, and then this must not become what is right.
bool is_whole(const Ruleset& ruleset, Backend backend, const std::string& own) {
  if (backend == Backend::nft) {
    return true;  // what hooks lead to is whole (replace_nft.h), and read in one
  }
  std::size_t expected = 0;
  std::size_t jumps = 0;
  for (const Family family : {Family::v4, Family::v6}) {
    if (family == Family::v6 && access("/proc/sys/net/ipv6", F_OK) != 0) {
      continue;
    }
    expected += count_rules(render_iptables(ruleset, family));
    ++jumps;
  }
  constexpr std::string_view jump = "*mangle -A PREROUTING -j WEIR\n";
  for (auto at = own.find(jump); at != std::string::npos; at = own.find(jump, at + 1)) {
    --jumps;
  }
  return count_rules(own) == expected && jumps == 0;
}

constexpr int max_tries = 3;

}  // namespace

Result<InstalledRules> install_rules(const Ruleset& ruleset, Backend backend, NameSets* name_sets) {
  const Fill fill = [&](const std::vector<std::string>& empty) {
    if (name_sets != nullptr) {
      name_sets->fill(empty);
    }
  };
  if (name_sets != nullptr && backend == Backend::nft) {
    name_sets->begin(ruleset.name_rules);
  }
  // What they translate by now may be more than the rules have read; then it is followed.
  auto before = backend == Backend::iptables ? read_installed(backend) : Installed{};
  if (!before) {
    return before.error();
  }
  Result<Installed> installed = Installed{};
  bool counts_anew = false;
  for (int tries = 0; tries < max_tries; ++tries) {
    const auto anew = install(ruleset, backend, fill);
    if (!anew) {
      return anew.error();
    }
    counts_anew = counts_anew || anew.value();
    installed = read_installed(backend);
    if (!installed) {
      return installed.error();
    }
    if (is_whole(ruleset, backend, installed.value().own)) {
      break;
    }
  }
  if (name_sets != nullptr && backend == Backend::nft) {
    name_sets->finish(ruleset.name_rules);
  }
  return InstalledRules{.ruleset = ruleset,
                        .backend = backend,
                        .script = own_script(ruleset, backend),
                        .text = std::move(installed.value().own),
                        .nat = std::move(before.value().nat),
                        .counts_anew = counts_anew};
}

bool may_load_sets(const Ruleset& ruleset, Backend backend) {
  return backend == Backend::nft &&
         !named_sets(for_nft(make_plan(ruleset), NftLists::in_sets)).empty();
}

bool is_same(const InstalledRules& ours, const Ruleset& ruleset, Backend backend,
             const std::string& text) {
  if (backend != ours.backend || text != ours.text || own_script(ruleset, backend) != ours.script) {
    return false;
  }
  const auto routes = missing_policy_routes(ruleset);
  return routes && routes.value().empty();
}

Result<Drift> drift_of(const InstalledRules& ours) {
  const auto installed = read_installed(ours.backend);
  if (!installed) {
    return installed.error();
  }
  auto routes = missing_policy_routes(ours.ruleset);
  if (!routes) {
    return routes.error();
  }
  Drift drift;
  drift.routes = std::move(routes).value();
  drift.inputs = stale_inputs(ours.ruleset);
  drift.other_translations = installed.value().nat != ours.nat;
  if (installed.value().own.empty()) {
    drift.rules = "the rules were removed";
  } else if (installed.value().own != ours.text) {
    drift.rules = "the rules were changed";
  }
  return drift;
}

std::string Drift::text() const {
  std::string words = rules;
  if (!routes.empty()) {
    words += fmt::format("{}{} removed", words.empty() ? "" : "; ", fmt::join(routes, ", "));
  }
  if (!inputs.empty()) {
    words +=
        fmt::format("{}INPUT of {} closed", words.empty() ? "" : "; ", fmt::join(inputs, ", "));
  }
  return words;
}

Result<> follow_translations(InstalledRules& ours) {
  auto before = read_installed(ours.backend);
  if (!before) {
    return before.error();
  }
  if (auto followed = follow_nat(ours.ruleset); !followed) {
    return followed;
  }
  auto installed = read_installed(ours.backend);
  if (!installed) {
    return installed.error();
  }
  ours.text = std::move(installed.value().own);
  ours.nat = std::move(before.value().nat);
  return Ok{};
}

Result<> restore(InstalledRules& ours, NameSets* name_sets) {
  const auto drift = drift_of(ours);
  if (!drift) {
    return drift.error();
  }
  if (drift.value().rules.empty()) {
    if (!drift.value().inputs.empty()) {
      if (auto settled = apply_inputs(ours.ruleset); !settled) {
        return settled;
      }
    }
    return drift.value().routes.empty() ? Result<>(Ok{}) : apply_routes(ours.ruleset);
  }
  auto again = install_rules(ours.ruleset, ours.backend, name_sets);
  if (!again) {
    return again.error();
  }
  ours = std::move(again).value();
  return Ok{};
}

}  // namespace weir::firewall
