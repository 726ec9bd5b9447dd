// What a worker remembers and what it counts: refusals, source addresses, counters.
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "account/flow_counters.h"
#include "catch.h"
#include "flow/refusals.h"
#include "flow/udp/source_addresses.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr Instant start{1h};

}  // namespace

TEST_CASE("a refused flow is news once, and again after it was quiet for a while") {
  Refusals refusals;
  CHECK(refusals.is_news(42, start));
  CHECK_FALSE(refusals.is_news(42, start));
  CHECK_FALSE(refusals.is_news(42, start + 9'999ms));
  // A client that keeps sending is not news every ten seconds.
  CHECK_FALSE(refusals.is_news(42, start + 19s));
  CHECK(refusals.is_news(42, start + 29s));
}

TEST_CASE("other refused flows are news, and two that share a place only cost a record") {
  Refusals refusals;
  CHECK(refusals.is_news(1, start));
  CHECK(refusals.is_news(2, start));
  CHECK(refusals.is_news(1 + 4096, start));
  CHECK(refusals.is_news(1, start));
  CHECK_FALSE(refusals.is_news(2, start));
}

TEST_CASE("counters of names that come and go are summed, and do not pile up") {
  CounterRegistry registry(1);
  const auto kept = registry.get("kept");
  for (int i = 0; i < 10'000; ++i) {
    registry.get("rule-" + std::to_string(i))->of(0).flows.add();
  }
  CHECK(registry.get("kept") == kept);
  FlowCounts sum = registry.of_the_gone();
  std::size_t names = 0;
  registry.each([&](const std::string&, const FlowCounters& counters) {
    sum += counters.sum();
    ++names;
  });
  CHECK(sum.flows == 10'000);
  CHECK(names <= 512);
}

TEST_CASE("the flow whose hash is zero is news as well") {
  Refusals refusals;
  CHECK(refusals.is_news(0, start));
  CHECK_FALSE(refusals.is_news(0, start));
}

TEST_CASE("the routing table is asked once per destination and upstream, and again later") {
  SourceAddresses sources;
  int asked = 0;
  const auto find = [&]() {
    ++asked;
    return SourceAddresses::Path{Address::v4(0x0a000000U + static_cast<std::uint32_t>(asked)),
                                 1500};
  };
  const Address destination = Address::v4(0xcb007105U);
  const int wan1 = 0;
  const int wan2 = 0;
  CHECK(sources.get(destination, &wan1, {}, start, find).source.text() == "10.0.0.1");
  CHECK(sources.get(destination, &wan1, {}, start + 9'999ms, find).source.text() == "10.0.0.1");
  CHECK(sources.get(destination, &wan2, {}, start, find).source.text() == "10.0.0.2");
  CHECK(sources.get(Address::v4(0xcb007106U), &wan1, {}, start, find).source.text() == "10.0.0.3");
  CHECK(sources.get(destination, &wan1, {}, start + 10s, find).source.text() == "10.0.0.4");
  CHECK(sources.get(destination, &wan1, {}, start + 19s, find).source.text() == "10.0.0.4");
  sources.clear();
  CHECK(sources.get(destination, &wan1, {}, start + 19s, find).source.text() == "10.0.0.5");
}

TEST_CASE("what is remembered of destinations is bounded") {
  SourceAddresses sources;
  int asked = 0;
  const auto find = [&]() {
    ++asked;
    return SourceAddresses::Path{};
  };
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    static_cast<void>(sources.get(Address::v4(i), nullptr, {}, start, find));
  }
  CHECK(asked == 100'000);
  static_cast<void>(sources.get(Address::v4(99'999U), nullptr, {}, start, find));
  CHECK(asked == 100'000);  // the latest is still known
}

TEST_CASE("a flow counter is the sum of what its workers counted") {
  FlowCounters counters(3);
  counters.of(0).flows.add();
  counters.of(2).flows.add(4);
  counters.of(1).bytes_up.add(1000);
  counters.of(2).bytes_up.add(1);
  counters.of(0).bytes_down.add(7);
  counters.of(0).packets_up.add(2);
  counters.of(1).packets_down.add(3);
  const FlowCounts sum = counters.sum();
  CHECK(sum.flows == 5);
  CHECK(sum.bytes_up == 1001);
  CHECK(sum.bytes_down == 7);
  CHECK(sum.packets_up == 2);
  CHECK(sum.packets_down == 3);
}

TEST_CASE("workers count while their counts are read, and nothing is lost") {
  FlowCounters counters(3);
  std::vector<std::thread> workers;
  for (std::size_t worker = 0; worker < 3; ++worker) {
    workers.emplace_back([&, worker]() {
      for (int i = 0; i < 20'000; ++i) {
        counters.of(worker).flows.add();
        counters.of(worker).bytes_up.add(10);
      }
    });
  }
  std::uint64_t last = 0;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t now = counters.sum().flows;
    CHECK(now >= last);
    last = now;
  }
  for (auto& worker : workers) {
    worker.join();
  }
  CHECK(counters.sum().flows == 60'000);
  CHECK(counters.sum().bytes_up == 600'000);
}

TEST_CASE("workers' parts do not share cache lines") {
  FlowCounters counters(2);
  const auto* first = reinterpret_cast<const std::byte*>(&counters.of(0));
  const auto* second = reinterpret_cast<const std::byte*>(&counters.of(1));
  CHECK(second - first >= 64);
  CHECK(reinterpret_cast<std::uintptr_t>(first) % 64 == 0);
}

TEST_CASE("counters belong to a name, and live on") {
  CounterRegistry registry(2);
  const auto web = registry.get("web");
  web->of(1).flows.add(3);
  CHECK(registry.get("web") == web);
  CHECK(registry.get("office") != web);
  std::map<std::string, std::uint64_t> seen;
  registry.each([&](const std::string& name, const FlowCounters& counters) {
    seen[name] = counters.sum().flows;
  });
  CHECK(seen == std::map<std::string, std::uint64_t>{{"office", 0}, {"web", 3}});
}

}  // namespace weir
