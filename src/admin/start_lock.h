// Lets one gateway at a time look whether another one has a socket, and take its place. A file of
// its own beside the socket, which only its owner may open: what every user may open, such as the
// folder, every user may lock, and for any time. The file goes with the lock.
//
// Held while a control socket is made; main thread.
#pragma once

#include <string>
#include <utility>

#include "base/descriptor.h"
#include "weir/result.h"
#include "weir/units.h"

namespace weir {

class StartLock {
 public:
  // Waits for another one's to go, for so long; then the error says whose file is in the way.
  static Result<StartLock> take(const std::string& path,
                                Milliseconds timeout = Milliseconds(5'000));
  ~StartLock();
  StartLock(StartLock&& other) noexcept
      : path_(std::exchange(other.path_, {})), file_(std::move(other.file_)) {}
  StartLock& operator=(StartLock&&) = delete;

 private:
  StartLock(std::string path, Descriptor file) : path_(std::move(path)), file_(std::move(file)) {}
  std::string path_;
  Descriptor file_;
};

}  // namespace weir
