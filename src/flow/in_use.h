// What new flows of a worker get: the configuration and the neighbours that the main thread has
// sent last. A value, whose parts never change; the worker puts others in their place.
//
// One per worker, lent to what opens flows; its thread.
#pragma once

#include <memory>

#include "flow/snapshot.h"
#include "flow/snapshot_ref.h"
#include "intercept/neighbours.h"

namespace weir {

struct InUse {
  SnapshotRef snapshot;
  std::shared_ptr<const Neighbours> neighbours;  // on our own links; null: not known
};

}  // namespace weir
