// Whether weir's policy rules keep look-ups that come from lo, but carry its mark, off its table:
// the kernel's for the reverse path to a sender, and those for answers that inherited the mark.
//
// No state; any thread.
#pragma once

#include "doctor/subject.h"

namespace weir::doctor {

// Also where no rules of weir's are installed: they come with the others. Blocking, for
// microseconds.
[[nodiscard]] bool look_ups_from_lo_pass(const Subject& subject);

}  // namespace weir::doctor
