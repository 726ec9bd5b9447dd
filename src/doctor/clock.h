// The judgement of examine_clock without the clock. Pure; any thread.
#pragma once

#include <cstdint>
#include <ctime>

#include "doctor/finding.h"

namespace weir::doctor {

enum class Synchronised : std::uint8_t { no, yes };

[[nodiscard]] Finding judge_clock(std::time_t now, Synchronised synchronised);

}  // namespace weir::doctor
