// The opening in iptables' INPUT that the scripts make (shell_input.h), as it stands: for the
// reconciler, which has to see that it went, or that there are rules now where there were none.
//
// No state. Blocking, for milliseconds; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "firewall/ruleset.h"

namespace weir::firewall {

// The chain of the table `filter`.
inline constexpr std::string_view input_chain = "WEIR-INPUT";

// What a ruleset lets in: `-m mark … -j ACCEPT`; empty: nothing is intercepted, nothing let in.
[[nodiscard]] std::string input_rule(const Ruleset& ruleset);

// The filter's INPUT in a text of iptables-save.
struct InputState {
  bool others = false;    // there are rules of others, or a policy other than ACCEPT
  bool jump = false;      // into weir's chain
  bool chain = false;     // of weir's
  bool for_mark = false;  // which lets this mark in
  friend bool operator==(const InputState&, const InputState&) = default;
};
[[nodiscard]] InputState input_state_in(const std::string& saved, Mark mark);
[[nodiscard]] bool is_shut(const InputState& state);

// The programs ("iptables", "ip6tables-legacy") whose INPUT is not what the ruleset wants: shut
// where it should be open, or with a chain that nothing needs.
[[nodiscard]] std::vector<std::string> stale_inputs(const Ruleset& ruleset);

}  // namespace weir::firewall
