// Hears over netlink that addresses, links, routes or policy rules of the router changed, and says
// so once for a burst of changes. The owner of a socket finds out what it means for that socket.
//
// One, in RouterWatch; main thread, on its loop.
#pragma once

#include <functional>
#include <memory>

#include "base/descriptor.h"
#include "loop/loop.h"
#include "weir/result.h"
#include "weir/units.h"

namespace weir {

class NetworkFeed {
 public:
  static Result<std::unique_ptr<NetworkFeed>> open(Loop& loop, std::function<void()> on_change);

 private:
  // What belongs together comes together: an address, its network's route, the default route.
  static constexpr Milliseconds gathering{10};
  // Where routes never rest (BGP), flows are not looked at more often than this.
  static constexpr Milliseconds min_between{250};

  NetworkFeed(Loop& loop, Descriptor socket, std::function<void()> on_change);
  void hear();

  std::function<void()> on_change_;
  Descriptor socket_;
  std::unique_ptr<Poll> poll_;  // before its descriptor goes
  Timer timer_;
  bool waits_ = false;
  Instant notified_{};
};

}  // namespace weir
