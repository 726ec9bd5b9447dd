// What nft's counters of weir's table say, asked of the kernel: no program is started, and no lock
// of nft's own is waited for (nf_tables in linux/netfilter/nf_tables.h).
//
// Any thread; takes a millisecond at most.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "weir/result.h"

namespace weir::firewall {

struct Counted {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  friend bool operator==(const Counted&, const Counted&) = default;
};

// By the counters' names; none: there is no table of weir's.
using NftCounters = std::optional<std::map<std::string, Counted, std::less<>>>;
[[nodiscard]] Result<NftCounters> read_nft_counters();

}  // namespace weir::firewall
