// What the firewall counted for each rule, read back from the kernel. Counting begins anew whenever
// rules are applied: whoever shows totals reads before and adds up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "firewall/ruleset.h"
#include "firewall/script.h"
#include "weir/result.h"

namespace weir::firewall {

struct RuleCounter {
  std::string name;     // the rule's, or "(default)"
  std::size_t row = 0;  // Decision::row
  Verdict verdict = Verdict::intercept;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  friend bool operator==(const RuleCounter&, const RuleCounter&) = default;
};

// One for each decision of the ruleset, in its order, and one for redirects where it drops them
// (redirects.h); zero where the kernel has none. Blocking, for milliseconds.
[[nodiscard]] Result<std::vector<RuleCounter>> read_counters(const Ruleset& ruleset,
                                                             Backend backend);

// The same from the text of `nft -j list counters table inet weir`.
[[nodiscard]] Result<std::vector<RuleCounter>> counters_of_nft(const Ruleset& ruleset,
                                                               const std::string& text);
// Adds what the text of `iptables-save -c` says.
void add_counters_of_iptables(std::vector<RuleCounter>& counters, const Ruleset& ruleset,
                              const std::string& text);
[[nodiscard]] std::vector<RuleCounter> zero_counters(const Ruleset& ruleset);

}  // namespace weir::firewall
