// PATCH /v1/sets/NAME: what an operator adds to a set, or removes from it. No state; main thread.
#pragma once

#include "admin/api.h"

namespace weir {

void patch_set(SetControl& control, const ApiRequest& request, const Api::Answered& answered);

}  // namespace weir
