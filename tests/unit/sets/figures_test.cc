// Lists of a million entries: what they cost in time and memory, from text to table. The limits are
// wide, so that a busy machine holds them; a table that is a tree of nodes, or grows with the
// square of its size, does not. `unit-sets '[figures]'` prints the figures.
#include <array>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <functional>
#include <sstream>

#include "base/folder.h"
#include "catch.h"
#include "sets/live_items.h"
#include "sets/read_set.h"
#include "sets/set_view.h"

namespace weir {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_sanitized = true;
#else
constexpr bool is_sanitized = false;
#endif

// Of the processor: what else runs on the machine does not count.
double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// A line of /proc/self/status, in MiB.
double memory(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key)) {
      return std::stod(line.substr(key.size() + 1)) / 1024;
    }
  }
  return 0;
}

void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

// A list in a file, so that its text takes no memory of the process.
class Written {
 public:
  Written(std::size_t lines, const std::function<std::string(std::size_t)>& line)
      : path_(folder_ / "list") {
    std::ofstream file(path_);
    for (std::size_t i = 0; i < lines; ++i) {
      file << line(i) << '\n';
    }
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  Folder folder_;
  std::string path_;
};

struct Figures {
  std::shared_ptr<const SetContents> contents;
  double seconds = 0;
  double peak = 0;  // MiB, while it was built
  double kept = 0;  // MiB, of the table alone
};

Figures read(std::size_t lines, const std::function<std::string(std::size_t)>& line) {
  const Written list(lines, line);
  Figures out;
  forget_peak();
  const double before = memory("VmRSS:");
  const double begin = processor_seconds();
  const SetReading reading = read_set({.name = "s",
                                       .location = {"weir.ini", 1},
                                       .files = {{list.path(), {"weir.ini", 2}}},
                                       .entries = {},
                                       .on_bad_line = OnBadLine::refuse});
  out.seconds = processor_seconds() - begin;
  out.peak = memory("VmHWM:") - before;
  REQUIRE(reading.contents);
  out.contents = reading.contents;
  out.kept = static_cast<double>(out.contents->bytes()) / (1024 * 1024);
  return out;
}

std::uint64_t scattered(std::uint64_t number) {
  std::uint64_t x = number * 0x9e3779b97f4a7c15U + 0x1234567U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  return x ^ (x >> 27U);
}

// As the Internet's routing table: most of IPv4 /24, most of IPv6 /48.
std::string some_route(std::size_t number) {
  const std::uint64_t bits = scattered(number);
  if (number % 9 < 7) {
    const auto length = static_cast<std::uint8_t>(number % 5 < 3 ? 24 : 16 + number % 8);
    const auto address = static_cast<std::uint32_t>(bits % 0xdf000000U) + 0x01000000U;
    return Prefix{network_of(Address::v4(address), length), length}.text();
  }
  in6_addr six{};
  for (unsigned i = 0; i < 8; ++i) {
    six.s6_addr[i] = static_cast<std::uint8_t>(bits >> (8 * i));
  }
  six.s6_addr[0] = static_cast<std::uint8_t>(0x20U + bits % 12);
  const auto length = static_cast<std::uint8_t>(number % 2 == 0 ? 48 : 32 + number % 16);
  return Prefix{network_of(Address::v6(six), length), length}.text();
}

std::string some_name(std::size_t number) {
  constexpr std::array<const char*, 8> middles{"tracking", "ads",   "cdn-edge", "metrics",
                                               "static",   "click", "pixel",    "api"};
  constexpr std::array<const char*, 4> ends{"com", "net", "example", "co.uk"};
  std::ostringstream out;
  out << std::hex << scattered(number) % 0xffffff << '.' << middles[number % 8] << number << '.'
      << ends[number % 4];
  return out.str();
}

// Nanoseconds a call.
double time_of(std::size_t calls, const std::function<bool(std::size_t)>& call) {
  std::size_t found = 0;
  const double begin = processor_seconds();
  for (std::size_t i = 0; i < calls; ++i) {
    found += call(i) ? 1 : 0;
  }
  const double out = (processor_seconds() - begin) * 1e9 / static_cast<double>(calls);
  return found > calls ? 0 : out;
}

void print(const char* what, const Figures& figures) {
  std::printf("%s: %zu items, %.2f s, peak %.1f MiB, table %.1f MiB\n", what,
              figures.contents->size(), figures.seconds, figures.peak, figures.kept);
}

TEST_CASE("a million prefixes are read within the limits") {
  const Figures figures = read(1'000'000, some_route);
  CHECK(figures.contents->size() > 900'000);
  CHECK(figures.contents->contains(Prefix::parse(some_route(77)).value().address));
  if (!is_sanitized) {
    CHECK(figures.seconds < 10);
    CHECK(figures.peak < 64);
    CHECK(figures.kept < 24);
  }
}

TEST_CASE("a routing table of the Internet is held in 48 MiB, the building included") {
  if (is_sanitized) {
    return;
  }
  const Figures figures = read(1'410'000, some_route);
  CHECK(figures.seconds < 15);
  CHECK(figures.peak < 48);
  CHECK(figures.kept < 26);
}

TEST_CASE("a million names are read within the limits") {
  const Figures figures = read(1'000'000, some_name);
  CHECK(figures.contents->size() == 1'000'000);
  CHECK(figures.contents->contains(some_name(999'999)));
  CHECK_FALSE(figures.contents->contains("www." + some_name(999'999)));
  if (!is_sanitized) {
    CHECK(figures.seconds < 10);
    CHECK(figures.peak < 64);
    CHECK(figures.kept < 48);
  }
}

TEST_CASE("a lookup in a million is no thousand times one in ten") {
  // The ratio would be 100,000 were each looked at.
  const Figures small = read(10, some_route);
  const Figures large = read(is_sanitized ? 20'000 : 1'000'000, some_route);
  const auto asked = [](const Figures& figures) {
    return time_of(200'000, [&](std::size_t i) {
      return figures.contents->contains(Address::v4(static_cast<std::uint32_t>(scattered(i))));
    });
  };
  CHECK(asked(large) < 1000 * asked(small) + 1000);
}

TEST_CASE("what the tables cost", "[.][figures]") {
  const Figures few = read(1000, some_route);
  print("1,000 routes", few);
  const Figures routes = read(1'000'000, some_route);
  print("1,000,000 routes", routes);
  const Figures all = read(1'410'000, some_route);
  print("1,410,000 routes", all);
  const Figures named = read(1'000'000, some_name);
  print("1,000,000 names", named);
  print("1,000,000 names, once more beside them", read(1'000'000, some_name));

  constexpr std::size_t calls = 2'000'000;
  const auto v4 = [](const SetContents& set) {
    return [&set](std::size_t i) {
      return set.contains(Address::v4(static_cast<std::uint32_t>(scattered(i))));
    };
  };
  const auto v6 = [](const SetContents& set) {
    return [&set](std::size_t i) {
      in6_addr six{};
      const std::uint64_t bits = scattered(i);
      six.s6_addr[0] = static_cast<std::uint8_t>(0x20U + bits % 12);
      for (unsigned k = 1; k < 8; ++k) {
        six.s6_addr[k] = static_cast<std::uint8_t>(bits >> (8 * k));
      }
      return set.contains(Address::v6(six));
    };
  };
  std::printf("IPv4 in 1,000: %.0f ns; in 1,410,000: %.0f ns\n", time_of(calls, v4(*few.contents)),
              time_of(calls, v4(*all.contents)));
  std::printf("IPv6 in 1,000: %.0f ns; in 1,410,000: %.0f ns\n", time_of(calls, v6(*few.contents)),
              time_of(calls, v6(*all.contents)));
  std::vector<std::string> hosts;
  for (std::size_t i = 0; i < 65'536; ++i) {
    hosts.push_back("www." + some_name(scattered(i) % 2'000'000));
  }
  std::printf("a name in 1,000,000: %.0f ns\n", time_of(calls, [&](std::size_t i) {
                return named.contents->contains(hosts[i % hosts.size()]);
              }));
  const double begin = processor_seconds();
  SetView view(all.contents);
  std::size_t count = 0;
  for (const Family family : {Family::v4, Family::v6}) {
    SetRanges ranges(view, family);
    while (ranges.next()) {
      ++count;
    }
  }
  std::printf("%zu ranges of them: %.2f s\n", count, processor_seconds() - begin);
  LiveItems items;
  LiveChange change;
  for (std::uint32_t i = 0; i < LiveItems::max; ++i) {
    change.add.emplace_back(Prefix{Address::v4(0x0a000000U + i), 32});
  }
  const double live_begin = processor_seconds();
  CHECK(items.change(change, *all.contents).empty());
  const double changed = processor_seconds() - live_begin;
  const auto overlay = items.overlay();
  std::printf("65,536 live items: %.2f s, their overlay %.3f s\n", changed,
              processor_seconds() - live_begin - changed);
}

}  // namespace
}  // namespace weir
