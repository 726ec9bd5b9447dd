// Every TCP flow takes two descriptors, a UDP mapping one. weir raises its own limit as far as it
// may, and derives limits.max-flows from it.
#include <sys/resource.h>

#include <fstream>
#include <sstream>

#include "doctor/checks.h"

namespace weir::doctor {

namespace {

constexpr std::uint64_t few = 4096;
constexpr std::uint64_t per_flow = 2;

// The limit of the gateway, where one runs: ours may differ.
std::uint64_t limit_of(const Subject& subject) {
  if (subject.running) {
    std::ifstream in("/proc/" + std::to_string(subject.running->pid) + "/limits");
    for (std::string line; std::getline(in, line);) {
      std::istringstream words(line);
      std::string max;
      std::string open;
      std::string files;
      std::uint64_t soft = 0;
      std::uint64_t hard = 0;
      if (words >> max >> open >> files >> soft >> hard && open == "open") {
        return hard;
      }
    }
  }
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_max;
}

}  // namespace

Findings examine_files(const Subject& subject) {
  const std::uint64_t limit = limit_of(subject);
  const std::uint64_t wanted = subject.configuration.limits.max_flows * per_flow;
  const std::string mend = "ulimit -n 65536, or LimitNOFILE=65536 in the service";
  if (wanted > limit) {
    return {{"files", Level::fail,
             "limits.max-flows = " + std::to_string(wanted / per_flow) + " needs " +
                 std::to_string(wanted) + " open files; the limit is " + std::to_string(limit),
             mend}};
  }
  if (limit < few) {
    return {{"files", Level::warn,
             "at most " + std::to_string(limit) + " open files: some " +
                 std::to_string(limit / per_flow / 2) + " flows at once",
             mend}};
  }
  return {{"files", Level::ok, "at most " + std::to_string(limit) + " open files", ""}};
}

}  // namespace weir::doctor
