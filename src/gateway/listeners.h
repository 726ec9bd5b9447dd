// The sockets that workers listen on, and where they come from: opened here, kept by the service
// manager while there was no gateway, or handed over by the one before.
//
// Flows of UDP are where their listener is: the kernel chooses one of the sockets that share the
// port by a hash of the flow's ends, over as many as there are. So sockets that come from elsewhere
// stay together as they were, and none is added beside them.
//
// Main thread, until a worker has them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "gateway/service_manager.h"
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

// For that many workers, fresh. All are bound before one listens: nothing is half taken when the
// last one fails.
[[nodiscard]] Result<std::vector<Listeners>> open_listeners(Port port, std::size_t workers);

// Closes those that a service manager passed and that are of another port, or nothing of ours at
// all; returns their names.
[[nodiscard]] std::vector<std::string> close_foreign(std::vector<ServiceManager::Passed>& passed,
                                                     Port port);
// The others, each with the worker that its name says ("worker-3", or one that is left of them);
// what is missing is opened. REQUIRES: close_foreign() has seen them.
[[nodiscard]] Result<std::vector<Listeners>> adopt_listeners(
    std::vector<ServiceManager::Passed> passed, Port port, std::size_t workers);
[[nodiscard]] std::string listener_name(std::size_t worker);

// A worker without TCP listeners takes connections from another one's, too.
void share_tcp(std::span<Listeners> listeners);

}  // namespace weir
