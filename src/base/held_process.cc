#include "base/held_process.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

namespace weir {

// glibc 2.36 has names for these two calls, earlier ones have not.
HeldProcess::HeldProcess(pid_t pid)
    : pid_(pid), process_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {}

void HeldProcess::end(Milliseconds timeout) const {
  syscall(SYS_pidfd_send_signal, process_.get(), SIGKILL, nullptr, 0);
  pollfd ended{.fd = process_.get(), .events = POLLIN, .revents = 0};
  poll(&ended, 1, static_cast<int>(timeout.count()));
}

}  // namespace weir
