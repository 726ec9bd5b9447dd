// What the workers and the table of devices have to know of the router: its neighbours, its
// addresses and links, and its policy rules; now, and whenever they change.
//
// One, in the Gateway; main thread, on its loop.
#pragma once

#include <functional>
#include <memory>

#include "base/log.h"
#include "gateway/known_devices.h"
#include "gateway/workers.h"
#include "intercept/neighbours.h"
#include "intercept/network_feed.h"
#include "loop/loop.h"

namespace weir {

class RouterWatch {
 public:
  // `on_network`: links, addresses or routes have changed.
  RouterWatch(Loop& loop, Log& log, Workers& workers, KnownDevices& devices,
              std::function<void()> on_network);

  // Before there are workers.
  void follow_neighbours();
  // Workers have to know them before the first flow, or it would leave by the wrong line.
  void tell_policy_rules();
  // Lets running workers know of addresses and networks.
  void follow_network();
  void stop();

 private:
  void tell_network();

  Loop& loop_;
  Log& log_;
  Workers& workers_;
  KnownDevices& devices_;
  std::function<void()> on_network_;
  std::unique_ptr<NeighbourWatch> neighbours_;
  std::unique_ptr<NetworkFeed> feed_;
};

}  // namespace weir
