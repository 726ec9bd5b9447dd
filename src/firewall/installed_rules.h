// Rules that this process has installed, and whether they are still there: their script, and what
// the kernel said of them right afterwards. Comparing that with what it says now tells every change
// by others, and costs one listing by nft (two of iptables-save) and a few netlink questions.
//
// Values of the RuleReconciler and the Upkeep; their thread. Blocking, as programs are waited for
// (program.h).
#pragma once

#include <string>
#include <vector>

#include "firewall/name_sets.h"
#include "firewall/ruleset.h"
#include "weir/result.h"

namespace weir::firewall {

struct InstalledRules {
  Ruleset ruleset;
  Backend backend = Backend::nft;
  std::string script;
  std::string text;         // what was installed after it ran
  std::string nat;          // what others translated then, as far as it matters
  bool counts_anew = true;  // the kernel's counters began with it
};

// Applies the rules. On error an installed ruleset stays as it was. `name_sets`: they are filled
// for these rules before packets meet them, where the ones before could be replaced step by step,
// or right afterwards; null: the sets stay empty.
[[nodiscard]] Result<InstalledRules> install_rules(const Ruleset& ruleset, Backend backend,
                                                   NameSets* name_sets = nullptr);

// Whether that may take sets over netlink (set_loader.h).
[[nodiscard]] bool may_load_sets(const Ruleset& ruleset, Backend backend);

// Whether these rules are the ones that are installed already; `text` is what installed_text() says
// now.
[[nodiscard]] bool is_same(const InstalledRules& ours, const Ruleset& ruleset, Backend backend,
                           const std::string& text);

// What others changed, in words.
struct Drift {
  std::string rules;                // empty: nothing
  std::vector<std::string> routes;  // the policy rules and routes that are missing
  std::vector<std::string> inputs;  // the programs whose INPUT keeps out what is intercepted
  bool other_translations = false;  // no drift, but something to follow
  [[nodiscard]] bool empty() const {
    return rules.empty() && routes.empty() && inputs.empty() && !other_translations;
  }
  [[nodiscard]] std::string text() const;
};
[[nodiscard]] Result<Drift> drift_of(const InstalledRules& ours);

// Puts back what drifted, and no more: policy routes and the opening in INPUT are restored without
// touching the rules, whose counters would begin anew.
[[nodiscard]] Result<> restore(InstalledRules& ours, NameSets* name_sets = nullptr);

// Makes the rules follow what others translate now.
[[nodiscard]] Result<> follow_translations(InstalledRules& ours);

}  // namespace weir::firewall
