// See ledger.h. The file lives for ever, so the page is never unmapped.
#include "ledger.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>

#include "report.h"

namespace load {

Ledger& open_ledger(const std::string& file) {
  Descriptor descriptor(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (descriptor.get() < 0) die_of_errno(file);
  if (ftruncate(descriptor.get(), sizeof(Ledger)) != 0) die_of_errno("ftruncate");
  void* page =
      mmap(nullptr, sizeof(Ledger), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.get(), 0);
  if (page == MAP_FAILED) die_of_errno("mmap");
  return *static_cast<Ledger*>(page);  // all zero is its initial state
}

void wait_for_acknowledged(Ledger& ledger, std::uint64_t target, std::chrono::nanoseconds timeout) {
  const std::uint32_t word = ledger.wake_word.load();
  ledger.wake_at.store(target);
  if (ledger.acknowledged.load() >= target) {
    ledger.wake_at.store(0);
    return;
  }
  timespec limit{};
  limit.tv_sec = static_cast<time_t>(timeout.count() / 1'000'000'000);
  limit.tv_nsec = static_cast<long>(timeout.count() % 1'000'000'000);
  syscall(SYS_futex, &ledger.wake_word, FUTEX_WAIT, word, &limit, nullptr, 0);
  ledger.wake_at.store(0);
}

void wake_sender(Ledger& ledger) {
  const std::uint64_t target = ledger.wake_at.load();
  if (target == 0 || ledger.acknowledged.load() < target) return;
  ledger.wake_word.fetch_add(1);
  syscall(SYS_futex, &ledger.wake_word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

std::string peer_text(const sockaddr_storage& peer) {
  char buffer[INET6_ADDRSTRLEN] = "";
  if (peer.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(peer).sin_addr, buffer, sizeof buffer);
  } else if (peer.ss_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr, buffer,
              sizeof buffer);
  }
  return buffer;
}

}  // namespace load
