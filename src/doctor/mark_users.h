// Which mark bits the rules of others touch, read from what nft and iptables-save print. Pure, so
// that it can be tested on any text; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace weir::doctor {

struct MarkUser {
  std::string where;       // "nft inet fw4 mangle_prerouting", "iptables mangle FORWARD"
  std::uint32_t bits = 0;  // that it may change
  friend bool operator==(const MarkUser&, const MarkUser&) = default;
};

// From `nft -j list ruleset`. Not weir's own table.
[[nodiscard]] std::vector<MarkUser> mark_users_of_nft(const Json& listing);
// From `iptables-save`; `program` is for `where`. Not weir's own chains.
[[nodiscard]] std::vector<MarkUser> mark_users_of_iptables(std::string_view program,
                                                           const std::string& saved);

}  // namespace weir::doctor
