#include "cli/run.h"

#include <fmt/core.h>
#include <sys/resource.h>

#include <cstdint>
#include <cstdio>
#include <utility>

#include "cli/load.h"
#include "cli/privileges.h"

namespace weir {
namespace {

// As many descriptors as the system lets us have. Returns how many that are.
std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace

int run_gateway(const RunArguments& arguments) {
  auto configuration = load_or_report(arguments.file);
  if (!configuration) {
    return bad_configuration;
  }
  Gateway::Options options;
  options.load = [file = arguments.file]() { return load(file); };
  options.firewall = arguments.firewall;
  options.backend = firewall::backend_named(arguments.backend);
  options.descriptors = raise_descriptor_limit();
  if (auto became = become_user(*configuration); !became) {
    fmt::print(stderr, "weir: {}\n", became.error().text());
    return 1;
  }
  auto gateway = Gateway::start(std::move(options), std::move(*configuration));
  if (!gateway) {
    fmt::print(stderr, "weir: {}\n", gateway.error().text());
    return 1;
  }
  gateway.value()->run();
  return 0;
}

}  // namespace weir
