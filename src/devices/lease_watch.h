// Keeps the lease files read: reads them when it starts, and again when one has changed (watched,
// never polled). Tells only what is another book than before.
//
// Owned by the gateway's watch of its surroundings; main thread, on its loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "devices/lease_book.h"
#include "loop/file_watch.h"
#include "loop/loop.h"
#include "weir/result.h"
#include "weir/units.h"

namespace weir {

class LeaseWatch {
 public:
  using OnChange = std::function<void(const std::shared_ptr<const LeaseBook>&)>;

  // Tells the book as it is now, at once, and again whenever it has changed. `paths` are absolute.
  static Result<std::unique_ptr<LeaseWatch>> start(Loop& loop, std::vector<std::string> paths,
                                                   OnChange on_change);
  LeaseWatch(const LeaseWatch&) = delete;
  LeaseWatch& operator=(const LeaseWatch&) = delete;

 private:
  // dnsmasq cuts its file and writes it again: what is read between the two is nothing.
  static constexpr Milliseconds gathering{100};
  // Of the main thread's time large files take no more than a twentieth.
  static constexpr int share = 20;

  LeaseWatch(Loop& loop, std::vector<std::string> paths, OnChange on_change);
  void changed();
  void read();

  std::vector<std::string> paths_;
  OnChange on_change_;
  std::shared_ptr<const LeaseBook> told_;
  std::unique_ptr<FileWatch> files_;
  Timer soon_;
  bool is_due_ = false;
  Milliseconds pause_ = gathering;
};

}  // namespace weir
