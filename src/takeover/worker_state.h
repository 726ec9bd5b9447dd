// One worker on its way to a successor: what travels as values (takeover/messages.h), and the
// descriptors beside it. Made by the worker of the old process, used up by one of the new.
//
// Plain values; one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/descriptor.h"
#include "takeover/messages.h"
#include "weir/server.h"

namespace weir {

// The descriptors stay the worker's: they are good for as long as it does nothing else.
struct WorkerState {
  takeover::WorkerPart part;
  std::vector<takeover::SocketPart> sockets;
  std::vector<takeover::FlowPart> flows;
  std::vector<int> listeners;    // first TCP, then UDP
  std::vector<int> descriptors;  // of `sockets`, one or two each
  std::uint64_t last_number = 0;
};

struct InheritedWorker {
  takeover::WorkerPart part;
  std::vector<takeover::SocketPart> sockets;
  std::vector<takeover::FlowPart> flows;
  std::vector<Descriptor> listeners;
  std::vector<Descriptor> descriptors;
  std::vector<std::shared_ptr<Server>> servers;  // of part.servers
};

}  // namespace weir
