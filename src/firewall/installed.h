// What of weir's rules is in the kernel now, as text that two readings of the same rules share: no
// counters, no handles. For telling whether another process changed them.
//
// Blocking, for milliseconds; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "firewall/script.h"
#include "weir/result.h"

namespace weir::firewall {

// Empty: none are there.
[[nodiscard]] Result<std::string> installed_text(Backend backend);

// The port that rules of such a text hand packets to; none: they intercept nothing.
[[nodiscard]] std::optional<Port> port_in(std::string_view installed);

// What others translate, as far as weir's rules of iptables have to know it (shell_nat.h); empty
// with nft.
struct Installed {
  std::string own;  // as above
  std::string nat;
};
[[nodiscard]] Result<Installed> read_installed(Backend backend);

// How many of weir's rules a text of iptables' has, rendered or installed: not those that only this
// machine knows of, copies of nat's and what some kernels lack.
[[nodiscard]] std::size_t count_rules(const std::string& text);

// The lines of `iptables-save` that are weir's, table by table; and nat's rules, but for those that
// translate a source.
[[nodiscard]] std::string own_lines(const std::string& saved);
[[nodiscard]] std::string nat_lines(const std::string& saved);

}  // namespace weir::firewall
