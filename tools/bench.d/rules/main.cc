// What finding a flow's rule costs as a configuration grows: CPU time of one thread per lookup, the
// median of nine rounds over 65,536 flows; and what compiling the rules and looking for shadowed
// ones takes. One line for each size, and how it compares with ten rules.
#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <vector>

#include "mix.h"
#include "rules/rule_set.h"

namespace {

constexpr std::size_t flows = 65'536;
constexpr std::size_t rounds = 9;

struct Size {
  std::size_t rules;
  std::size_t long_lists;
};
constexpr std::array sizes{Size{10, 0},     Size{100, 0},     Size{1'000, 0},
                           Size{10'000, 0}, Size{1'000, 100}, Size{10'000, 100}};

double seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

template <typename F>
double taken(F work) {
  const double before = seconds();
  work();
  return seconds() - before;
}

}  // namespace

int main() {
  double of_ten = 0;
  std::printf("%8s %11s %10s %8s %9s %12s %10s\n", "rules", "long lists", "ns/lookup", "× ten",
              "matched", "compile, ms", "check, ms");
  for (const Size& size : sizes) {
    const bench::Mix mix = bench::make_mix(size.rules, size.long_lists, flows);
    weir::RuleSet rules;
    const double compiling = taken([&] { rules = weir::RuleSet::compile(mix.rules); });
    const double checking = taken([&] { static_cast<void>(weir::shadowed_rules(mix.rules)); });
    const weir::InterfaceName name = [](std::uint32_t) { return std::string("lan1"); };
    std::vector<double> each;
    std::size_t matched = 0;
    for (std::size_t i = 0; i < rounds; ++i) {
      matched = 0;
      each.push_back(taken([&] {
        for (const weir::Flow& flow : mix.flows) {
          matched += rules.match(flow, name) ? 1 : 0;
        }
      }));
    }
    std::sort(each.begin(), each.end());
    const double lookup = each[rounds / 2] / static_cast<double>(flows) * 1e9;
    of_ten = of_ten == 0 ? lookup : of_ten;
    std::printf("%8zu %11zu %10.1f %8.2f %8.0f%% %12.1f %10.1f\n", size.rules, size.long_lists,
                lookup, lookup / of_ten,
                100.0 * static_cast<double>(matched) / static_cast<double>(flows), compiling * 1e3,
                checking * 1e3);
  }
  return 0;
}
