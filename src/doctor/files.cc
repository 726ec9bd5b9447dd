// Every TCP flow takes two descriptors, a UDP mapping one. weir raises its own limit as far as it
// may, and derives limits.max-flows from it (base/descriptor_shares.h).
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/descriptor_shares.h"
#include "doctor/checks.h"

namespace weir::doctor {

namespace {

constexpr std::uint64_t few = 4096;

std::uint64_t workers_of(const Subject& subject) {
  const int configured = subject.configuration.gateway.workers;
  return configured > 0 ? static_cast<std::uint64_t>(configured)
                        : std::max(1U, std::thread::hardware_concurrency());
}

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
  const std::uint64_t flows = subject.configuration.limits.max_flows;
  const std::uint64_t workers = workers_of(subject);
  const std::uint64_t max = DescriptorShares(limit, workers).max_connections();
  const std::string fix = "ulimit -n 65536, or LimitNOFILE=65536 in the service";
  if (flows > max) {
    return {{"files", Level::fail,
             "limits.max-flows = " + std::to_string(flows) + " needs " +
                 std::to_string(DescriptorShares::needed(flows, workers)) +
                 " open files; the limit is " + std::to_string(limit),
             fix}};
  }
  if (limit < few) {
    return {{"files", Level::warn,
             "at most " + std::to_string(limit) + " open files: some " + std::to_string(max) +
                 " connections at once",
             fix}};
  }
  return {{"files", Level::ok, "at most " + std::to_string(limit) + " open files", ""}};
}

}  // namespace weir::doctor
