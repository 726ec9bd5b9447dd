#include "base/early_signals.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstring>
#include <initializer_list>

namespace weir {
namespace {

// Runs when the dynamic loader has finished, before any library's own beginning (gnutls,
// libcap-ng), which takes milliseconds. A system call by number: a sanitizer may not have begun
// either.
void block_hup_first(int argc, char** argv, char** /*environment*/) {
  if (argc > 1 && std::strcmp(argv[1], "run") == 0) {
    const std::uint64_t hup = std::uint64_t{1} << (SIGHUP - 1);
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, &hup, nullptr, sizeof(hup));
  }
}

[[gnu::section(".preinit_array"), gnu::used]] void (*const first)(int, char**,
                                                                  char**) = block_hup_first;

void mask_hup(int how) {
  sigset_t hup{};
  sigemptyset(&hup);
  sigaddset(&hup, SIGHUP);
  pthread_sigmask(how, &hup, nullptr);
}

}  // namespace

void EarlySignals::hold() {
  mask_hup(SIG_BLOCK);
  for (const int number : {SIGPIPE, SIGUSR1, SIGUSR2}) {
    std::signal(number, SIG_IGN);
  }
}

void EarlySignals::let_come() { mask_hup(SIG_UNBLOCK); }

}  // namespace weir
