#include "base/descriptor_limit.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>

#include "base/descriptor.h"

namespace weir {
namespace {

// Of a small limit, an eighth.
rlim_t spare_of(rlim_t limit) { return std::min<rlim_t>(limit / 8, 16); }

// The hard limit stays what it was found to be, which needs no privilege.
void leave_out(rlim_t (*spare)(rlim_t)) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max - spare(limit.rlim_max);
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

// The kernel doubles a process's table of descriptors as it fills, and when threads share it, the
// thread that opened one too many waits until every processor has noticed (expand_fdtable's
// synchronize_rcu): some 10 ms, in which a worker would stand still.
void enlarge_table(std::uint64_t descriptors) {
  constexpr std::uint64_t enough = 65'536;  // half a megabyte of the kernel's
  const Descriptor any(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Descriptor last(
      ::fcntl(any.get(), F_DUPFD_CLOEXEC, static_cast<int>(std::min(descriptors, enough)) - 1));
}

}  // namespace

std::uint64_t raise_descriptor_limit() {
  leave_out(spare_of);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  enlarge_table(limit.rlim_cur);
  return limit.rlim_cur;
}

SpareDescriptors::SpareDescriptors() {
  leave_out([](rlim_t) -> rlim_t { return 0; });
}

SpareDescriptors::~SpareDescriptors() { leave_out(spare_of); }

}  // namespace weir
