// What other rules on this machine translate: destinations that they change, so that the flow
// passes weir by. For `check` and `doctor`, which say so.
//
// Plain values, and one function that asks nft and iptables: blocking, for milliseconds. Any
// thread.
#pragma once

#include <string>
#include <vector>

#include "firewall/ruleset.h"

namespace weir::firewall {

struct Translation {
  std::string tool;     // "nft", "iptables", "ip6tables-legacy"
  std::string rule;     // as the tool prints it, with its table and chain
  bool copied = false;  // weir's rules of iptables know of it (shell_nat.h)
  // With nft every translation is known when weir decides.
  [[nodiscard]] bool passes(Backend backend) const { return backend == Backend::nft || copied; }
};

// None where they cannot be read: it takes root.
[[nodiscard]] std::vector<Translation> read_translations();

// From `nft list ruleset`, without the tables `ip nat` and `ip6 nat` where `skips` names them, for
// iptables prints those; and from `iptables-save`, whose rules only `tool` changes.
[[nodiscard]] std::vector<Translation> translations_of_nft(const std::string& listing,
                                                           const std::vector<std::string>& skips);
[[nodiscard]] std::vector<Translation> translations_of_iptables(const std::string& tool,
                                                                const std::string& saved);

// Some of them in a line of text, and how many more there are.
[[nodiscard]] std::string words(const std::vector<Translation>& translations);

}  // namespace weir::firewall
