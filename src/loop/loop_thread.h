// A thread with a loop of its own, for work that waits for others: programs, the kernel's locks.
// Tasks run there one after another, in the order they were posted; so do the timers and watches
// that they make on the loop, which they also have to end.
//
// Owned by OwnFirewall. Made and ended by one thread, which may post as any other may.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "loop/loop.h"
#include "weir/units.h"

namespace weir {

class LoopThread {
 public:
  // `name`: as top and gdb show it, 15 characters at most. Signals go to other threads.
  explicit LoopThread(const std::string& name);
  // Ends when what was posted has run.
  ~LoopThread();
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  // For what tasks make; the thread's own.
  [[nodiscard]] Loop& loop() { return loop_; }

  void post(std::function<void()> task);
  // Waits until the task has run.
  void run(const std::function<void()>& task);
  // Waits for it to begin for so long, and then for its end. False: it was too late, and will not
  // run.
  [[nodiscard]] bool run_within(Milliseconds longest, const std::function<void()>& task);

 private:
  Loop loop_;
  Mailbox mailbox_;
  std::thread thread_;
};

}  // namespace weir
