// Changes of sets of pairs as the netlink messages of one transaction.
//
// A kernel since 6.12 gives a pair that is in another timeout, and one since 6.3 takes out what is
// not in. For older ones a pair is put in, taken out and put in again, in the same transaction: a
// packet meets the pair that was there, or the new one.
//
// No I/O. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "firewall/name_pairs.h"

namespace weir::firewall {

enum class NewTimeout : std::uint8_t { in_place, by_replacing };
// `release`: as uname() says, "6.12.3-amd64".
[[nodiscard]] NewTimeout new_timeout_of(std::string_view release);
[[nodiscard]] NewTimeout new_timeout_here();

// So many changes fit into one transaction.
inline constexpr std::size_t changes_in_one = 512;

// Of several changes of one pair the last one counts, and nothing of what comes before its set is
// cleared. REQUIRES: at most changes_in_one.
[[nodiscard]] std::vector<std::byte> name_set_messages(std::span<const NameSetChange> changes,
                                                       NewTimeout how, std::uint32_t& sequence);

}  // namespace weir::firewall
