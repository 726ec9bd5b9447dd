#include "cli/check.h"

#include <cstdio>

#include "cli/load.h"

namespace weir {
namespace {

std::string counted(std::size_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

}  // namespace

int run_check(const std::string& file) {
  const auto configuration = load_or_report(file);
  if (!configuration) {
    return bad_configuration;
  }
  (void)std::printf("%s: good: %s, %s\n", file.c_str(),
                    counted(configuration->rules.size(), "rule").c_str(),
                    counted(configuration->upstreams.size(), "upstream").c_str());
  return 0;
}

}  // namespace weir
