// Accepts successors: a listening Unix socket, and a channel to each that connects.
//
// One, in the TakeoverDonor; main thread, on its loop.
#pragma once

#include <functional>
#include <memory>

#include "base/descriptor.h"
#include "loop/loop.h"
#include "takeover/channel.h"
#include "weir/units.h"

namespace weir::takeover {

class Acceptor {
 public:
  // accept4(2), for tests: a connection's descriptor; or -1, and errno.
  using Accept = std::function<int(int listening)>;

  Acceptor(Loop& loop, Descriptor listening, std::function<void(Channel)> on_call,
           Accept accept = {}, Milliseconds recovery = Milliseconds{1'000});

 private:
  void listen();
  void accept();

  Descriptor listening_;
  std::function<void(Channel)> on_call_;
  Accept accept_;
  Milliseconds recovery_time_;
  std::unique_ptr<Poll> incoming_;
  Timer recovery_;  // from having no descriptors
};

}  // namespace weir::takeover
