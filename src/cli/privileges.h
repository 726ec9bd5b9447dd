// gateway.user: what root gives up before the gateway starts. Nothing is open and no thread runs by
// then, so whatever is made later is made by that user; only the capabilities that interception
// needs stay, and go on to the programs that weir starts (nft, ip).
//
// Main thread, before there is another.
#pragma once

#include "base/configuration.h"
#include "weir/result.h"

namespace weir {

// Does nothing where no user is configured, or the process runs as that user already. Lets the user
// make the control socket: makes the socket's folder for that user, or gives it away if nothing
// else is in it.
Result<> become_user(const Configuration& configuration);

}  // namespace weir
