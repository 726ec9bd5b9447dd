// What finding a flow's rule costs as a configuration grows: CPU time of one thread per lookup over
// 65,536 flows, the median of rounds in which the sizes take turns, so that what else the machine
// does meets all of them; and what compiling the rules and looking for shadowed ones takes. One
// line for each size, and how it compares with ten rules of the same mix.
//
// `at once`: one lookup after the other, so that ten rules are in the core's nearest cache all the
// while. `in turn`: as a flow meets it, after the core has done something else, which has left
// neither ten rules nor ten thousand there.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "mix.h"
#include "rules/rule_set.h"

namespace {

constexpr std::size_t flows = 65'536;
constexpr std::size_t rounds = 15;
constexpr std::size_t in_turn = 512;  // lookups of a round, each after other work

struct Size {
  std::size_t rules;
  std::size_t sets;
};
// The first one of each mix is what the others are compared with.
constexpr std::array sizes{Size{10, 0}, Size{100, 0},  Size{1'000, 0},   Size{10'000, 0},
                           Size{10, 1}, Size{100, 10}, Size{1'000, 100}, Size{10'000, 100}};

// Other work: more memory than a core's own caches have.
class Elsewhere {
 public:
  void work() {
    constexpr std::size_t line = 64;
    for (std::size_t i = 0; i < memory_.size(); i += line) {
      ++memory_[i];
    }
  }

 private:
  std::vector<std::uint8_t> memory_ = std::vector<std::uint8_t>(std::size_t{4} << 20U);
};

double median_of(std::vector<double>& values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

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
  // Some flows, the core being elsewhere before each.
  void look_up_in_turn(std::size_t round, Elsewhere& elsewhere) {
    using Clock = std::chrono::steady_clock;
    const weir::InterfaceName name = [](std::uint32_t) { return std::string("lan1"); };
    for (std::size_t i = 0; i < in_turn; ++i) {
      const weir::Flow flow = mix.flows[(round * in_turn + i) % flows];
      elsewhere.work();
      const auto before = Clock::now();
      const bool has_rule = rules.match(flow, name).has_value();
      const auto after = Clock::now();
      matched += has_rule ? 1 : 0;
      const auto asking = Clock::now() - after;  // the time itself
      alone.push_back(std::chrono::duration<double, std::nano>(after - before - asking).count());
    }
  }

  bench::Mix mix;
  weir::RuleSet rules;
  double compiling;
  double checking;
  std::vector<double> each;   // round, of seconds
  std::vector<double> alone;  // lookup in turn, of nanoseconds
  std::size_t matched = 0;
};

}  // namespace

int main() {
  std::vector<Measured> all;
  all.reserve(sizes.size());
  for (const Size& size : sizes) {
    all.emplace_back(size);
  }
  Elsewhere elsewhere;
  for (std::size_t i = 0; i < rounds; ++i) {
    for (Measured& one : all) {
      one.look_up();  // what the others have left in the caches is not its own affair
      one.each.push_back(taken([&] { one.look_up(); }));
    }
    for (Measured& one : all) {
      one.look_up_in_turn(i, elsewhere);
    }
  }
  struct Cost {
    double at_once;
    double in_turn;
  };
  Cost of_ten{};
  std::printf("%8s %8s %12s %6s %12s %6s %8s %12s %10s\n", "rules", "sets", "at once, ns", "× ten",
              "in turn, ns", "× ten", "matched", "compile, ms", "check, ms");
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const Cost cost{median_of(all[i].each) / static_cast<double>(flows) * 1e9,
                    median_of(all[i].alone)};
    of_ten = sizes[i].rules == sizes.front().rules ? cost : of_ten;
    all[i].look_up();
    std::printf("%8zu %8zu %12.1f %6.2f %12.1f %6.2f %7.0f%% %12.1f %10.1f\n", sizes[i].rules,
                sizes[i].sets, cost.at_once, cost.at_once / of_ten.at_once, cost.in_turn,
                cost.in_turn / of_ten.in_turn,
                100.0 * static_cast<double>(all[i].matched) / static_cast<double>(flows),
                all[i].compiling * 1e3, all[i].checking * 1e3);
  }
  return 0;
}
