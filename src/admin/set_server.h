// PATCH /v1/upstreams/UPSTREAM/servers/SERVER: what an operator wants of a server. No state; main
// thread.
#pragma once

#include "admin/api.h"

namespace weir {

void patch_server(Control& control, const ApiRequest& request, const Api::Answered& answered);

}  // namespace weir
