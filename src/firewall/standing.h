// Rules that this process has put in place, and whether they still stand: their script, and what
// the kernel said of them right afterwards. Comparing that with what it says now tells every change
// by others, and costs one call of nft (two of iptables-save) and a few netlink questions.
//
// Blocking, for milliseconds; main thread.
#pragma once

#include <string>

#include "firewall/ruleset.h"
#include "weir/result.h"

namespace weir::firewall {

struct Standing {
  Ruleset ruleset;
  Backend backend = Backend::nft;
  std::string script;
  std::string text;  // installed_text() after it ran
};

// Applies the rules. On error an installed ruleset stays as it was.
[[nodiscard]] Result<Standing> put_up(const Ruleset& ruleset, Backend backend);

// Whether these rules are the ones that stand already; `text` is what installed_text() says now.
[[nodiscard]] bool still_stands(const Standing& standing, const Ruleset& ruleset, Backend backend,
                                const std::string& text);

// What somebody changed, in words; empty: nothing.
[[nodiscard]] Result<std::string> damage_to(const Standing& standing);

// Puts back what is damaged, and no more: policy routes are mended without touching the rules,
// whose counters would begin anew.
[[nodiscard]] Result<> mend(Standing& standing);

}  // namespace weir::firewall
