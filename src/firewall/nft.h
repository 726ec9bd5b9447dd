// nft's commands, run in this process by libnftables where that is installed (the program nft needs
// it, too), or else by the program; and by the program where this process has hundreds of
// descriptors: the library calls select(), and one that has a large number would end us. The
// library saves starting a program: to list a table takes it 0.6 ms instead of 8. It is loaded when
// it is first needed, so that a router with iptables alone needs none of it.
//
// Blocking, for milliseconds. One thread of a process: the library is not made for several.
#pragma once

#include <cstdint>
#include <string>

#include "firewall/program.h"
#include "weir/result.h"

namespace weir::firewall {

enum class NftWith : std::uint8_t {
  everything,  // as `nft` prints it
  no_values,   // without what counters have counted, and sets have: `nft --stateless --terse`
  no_changes,  // the kernel is asked, and nothing is done: `nft --check`
};

// Runs commands in one transaction. An error when there is neither library nor program.
[[nodiscard]] Result<Ended> run_nft(const std::string& commands, NftWith with);

// The same, where an answer that says no is an error.
[[nodiscard]] Result<> apply_nft(const std::string& commands);

}  // namespace weir::firewall
