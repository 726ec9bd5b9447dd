// What finding a flow's rule costs as a configuration grows: CPU time of one thread per lookup over
// 65,536 flows, the median of rounds in which the sizes take turns, so that what else the machine
// does meets all of them; and what compiling the rules and looking for shadowed ones takes. One
// line for each size, and how it compares with ten rules of the same mix.
#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "mix.h"
#include "rules/rule_set.h"

namespace {

constexpr std::size_t flows = 65'536;
constexpr std::size_t rounds = 15;

struct Size {
  std::size_t rules;
  std::size_t sets;
};
// The first one of each mix is what the others are compared with.
constexpr std::array sizes{Size{10, 0}, Size{100, 0},  Size{1'000, 0},   Size{10'000, 0},
                           Size{10, 1}, Size{100, 10}, Size{1'000, 100}, Size{10'000, 100}};

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

struct Measured {
  explicit Measured(const Size& size)
      : mix(bench::make_mix(size.rules, size.sets, flows)),
        compiling(taken([&] { rules = weir::RuleSet::compile(mix.rules); })),
        checking(taken([&] { static_cast<void>(weir::shadowed_rules(mix.rules)); })) {}

  // All flows, once.
  void look_up() {
    const weir::InterfaceName name = [](std::uint32_t) { return std::string("lan1"); };
    matched = 0;
    for (const weir::Flow& flow : mix.flows) {
      matched += rules.match(flow, name) ? 1 : 0;
    }
  }
  [[nodiscard]] double median() {
    std::sort(each.begin(), each.end());
    return each[each.size() / 2] / static_cast<double>(flows) * 1e9;
  }

  bench::Mix mix;
  weir::RuleSet rules;
  double compiling;
  double checking;
  std::vector<double> each;
  std::size_t matched = 0;
};

}  // namespace

int main() {
  std::vector<Measured> all;
  all.reserve(sizes.size());
  for (const Size& size : sizes) {
    all.emplace_back(size);
  }
  for (std::size_t i = 0; i < rounds; ++i) {
    for (Measured& one : all) {
      one.look_up();  // what the others have left in the caches is not its own affair
      one.each.push_back(taken([&] { one.look_up(); }));
    }
  }
  double of_ten = 0;
  std::printf("%8s %8s %10s %8s %9s %12s %10s\n", "rules", "sets", "ns/lookup", "× ten", "matched",
              "compile, ms", "check, ms");
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const double lookup = all[i].median();
    of_ten = sizes[i].rules == sizes.front().rules ? lookup : of_ten;
    std::printf("%8zu %8zu %10.1f %8.2f %8.0f%% %12.1f %10.1f\n", sizes[i].rules, sizes[i].sets,
                lookup, lookup / of_ten,
                100.0 * static_cast<double>(all[i].matched) / static_cast<double>(flows),
                all[i].compiling * 1e3, all[i].checking * 1e3);
  }
  return 0;
}
