// What the firewall counted for each rule, read back from the kernel. Counting begins anew whenever
// rules are applied: RuleCounts reads them before, and adds up.
//
// No state. Blocking, for milliseconds; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "firewall/nft_counters.h"
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

// One for each decision of the ruleset that the tool has, in its order, and one for redirects where
// it drops them (redirects.h); zero where the kernel has none. No list: no rules of weir's are
// there. With nft the kernel is asked, which takes a millisecond; with iptables two programs run.
[[nodiscard]] Result<std::optional<std::vector<RuleCounter>>> read_counters(const Ruleset& ruleset,
                                                                            Backend backend);

// Adds what nft's counters say, by their names.
void add_counters_of_nft(std::vector<RuleCounter>& counters, const Ruleset& ruleset,
                         const NftCounters::value_type& counted);
// Adds what the text of `iptables-save -c` says.
void add_counters_of_iptables(std::vector<RuleCounter>& counters, const Ruleset& ruleset,
                              const std::string& text);
[[nodiscard]] std::vector<RuleCounter> zero_counters(const Ruleset& ruleset);
// Without those of pairs, which iptables does not have. REQUIRES: as zero_counters() made them.
void leave_out_pairs(std::vector<RuleCounter>& counters, const Ruleset& ruleset);

}  // namespace weir::firewall
