// The 65,536 ports of a protocol cut where a rule's range begins or ends. All ports of one interval
// have the same rules, so that N ranges make at most 2N + 1 intervals, however wide they are.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <span>

#include "base/configuration.h"

namespace weir {

using RuleNumber = std::uint32_t;  // index into the rules, in file order

// Calls `visit` for each interval in ascending order, the ones without rules included, with the
// numbers of the rules that name it.
void each_interval(std::span<const RuleSettings> rules, Protocol protocol,
                   const std::function<void(Port first, const std::set<RuleNumber>&)>& visit);

}  // namespace weir
