#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string_view>

#include "admin/metrics.h"
#include "base/descriptor.h"

namespace weir {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// The second number of /proc/self/statm, in pages.
std::uint64_t resident_pages() {
  const Descriptor file(open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  std::array<char, 128> text{};
  const auto size = read(file.get(), text.data(), text.size());
  if (size <= 0) {
    return 0;
  }
  const std::string_view all(text.data(), static_cast<std::size_t>(size));
  const auto space = all.find(' ');
  std::uint64_t pages = 0;
  if (space != std::string_view::npos) {
    std::from_chars(all.data() + space + 1, all.data() + all.size(), pages);
  }
  return pages;
}

}  // namespace

ProcessFigures process_figures() {
  ProcessFigures out;
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    out.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }
  out.resident_bytes = resident_pages() * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    out.max_descriptors = limit.rlim_cur;
  }
  // The folder's size is the number of open descriptors since Linux 6.2, and 0 before. Counting
  // its entries would cost milliseconds with many flows.
  struct stat status {};
  if (stat("/proc/self/fd", &status) == 0 && status.st_size > 0) {
    out.descriptors = static_cast<std::uint64_t>(status.st_size);
  }
  return out;
}

}  // namespace weir
