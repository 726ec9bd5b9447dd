// The sockets that workers listen on.
//
// Flows of UDP are where their listener is: the kernel chooses one of the sockets that share the
// port by a hash of the flow's ends, over as many as there are. So sockets that come from elsewhere
// stay together as they were, and none is added beside them.
//
// Plain owners of sockets, which go to the workers. Main thread, until a worker has them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "weir/result.h"
#include "weir/units.h"

namespace weir {

// Of one worker: bound and perhaps not yet listening.
struct Listeners {
  std::vector<Descriptor> tcp;
  std::vector<Descriptor> udp;
  // One of each for each family.
  static Result<Listeners> open(Port port);
};

// A socket that a service manager kept, or bound for us.
struct PassedSocket {
  std::string name;  // FDNAME, or of the socket unit
  Descriptor socket;
};

// For that many workers, fresh. All are bound before one listens: nothing is half taken when the
// last one fails.
[[nodiscard]] Result<std::vector<Listeners>> open_listeners(Port port, std::size_t workers);

// A worker without TCP listeners takes connections from another one's, too.
void share_tcp(std::span<Listeners> listeners);

}  // namespace weir
