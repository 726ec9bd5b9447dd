#include "admin/start_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "base/transparent.h"

namespace weir {
namespace {

constexpr int pause_ms = 20;

// Whether the path still leads to the file: the holder before may have removed it.
bool leads_to(const std::string& path, int file) {
  struct stat at_path {};
  struct stat of_file {};
  return lstat(path.c_str(), &at_path) == 0 && fstat(file, &of_file) == 0 &&
         at_path.st_dev == of_file.st_dev && at_path.st_ino == of_file.st_ino;
}

}  // namespace

Result<StartLock> StartLock::take(const std::string& path, Milliseconds timeout) {
  constexpr mode_t for_owner = 0600;
  const auto until = std::chrono::steady_clock::now() + timeout;
  bool removed = false;
  while (true) {
    Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, for_owner));
    if (!file.valid()) {
      // A gateway that ran as another user and was killed in this moment has left it behind.
      if (errno == EACCES && !std::exchange(removed, true) && unlink(path.c_str()) == 0) {
        continue;
      }
      return system_error("cannot use the lock " + path, errno);
    }
    if (flock(file.get(), LOCK_EX | LOCK_NB) == 0) {
      if (leads_to(path, file.get())) {
        return StartLock(path, std::move(file));
      }
      continue;
    }
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return system_error("cannot take the lock " + path, errno);
    }
    if (std::chrono::steady_clock::now() > until) {
      return Error(
          fmt::format("another process holds the lock {0}: a gateway that starts and does not get "
                      "on (fuser {0} names it)",
                      path));
    }
    (void)poll(nullptr, 0, pause_ms);
  }
}

StartLock::~StartLock() {
  if (!path_.empty()) {
    unlink(path_.c_str());
  }
}

}  // namespace weir
