#include "base/server_counts.h"

#include <atomic>
#include <memory>
#include <thread>

#include "catch.h"
#include "weir/server.h"

namespace weir {

TEST_CASE("what workers count of a server is added up when it is read") {
  ServerCounts counts(3);
  counts.of(0).opened();
  counts.of(2).opened();
  counts.of(2).opened();
  counts.of(2).live.subtract();
  counts.of(0).moved({{.bytes_up = 5, .packets_up = 1}});
  counts.of(1).moved({{.bytes_up = 1, .bytes_down = 7, .packets_up = 1, .packets_down = 3}});
  const FlowCounts sum = counts.sum();
  CHECK(sum == Traffic{{.bytes_up = 6, .bytes_down = 7, .packets_up = 2, .packets_down = 3}});
  CHECK(sum.flows == 3);
  CHECK(sum.live == 2);
  CHECK(counts.live() == 2);
}

TEST_CASE("workers' counts of a server do not share cache lines") {
  ServerCounts counts(2);
  const auto* one = reinterpret_cast<const char*>(&counts.of(0));
  const auto* other = reinterpret_cast<const char*>(&counts.of(1));
  CHECK(other - one == 64);
  CHECK(reinterpret_cast<std::uintptr_t>(one) % 64 == 0);
}

TEST_CASE("a server's max-flows is exact over all workers where it is small") {
  ServerCounts counts(4);
  for (std::size_t i = 0; i < 10; ++i) {
    CHECK(counts.take(i % 4, 10));
  }
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK_FALSE(counts.take(i, 10));
  }
  counts.give_back(2, 10);
  CHECK(counts.take(3, 10));
  CHECK(counts.load() == 10);
}

TEST_CASE("a server that two workers take at once has no load when both are done") {
  const auto server = std::make_shared<Server>(Server::Identity{"pool", "a", "192.0.2.1", 80},
                                               std::shared_ptr<ServerAddresses>(), 2);
  constexpr std::uint64_t max = 3;
  std::atomic<std::uint64_t> held{0};
  std::atomic<bool> exceeded{false};
  const auto work = [&](std::size_t worker) {
    for (int i = 0; i < 20'000; ++i) {
      const auto one = Server::take(server, worker, max);
      const auto two = Server::take(server, worker, max);
      const std::uint64_t mine = (one ? 1U : 0U) + (two ? 1U : 0U);
      exceeded = held.fetch_add(mine) + mine > max || exceeded;
      held.fetch_sub(mine);
    }
  };
  std::thread other([&]() { work(1); });
  work(0);
  other.join();
  CHECK_FALSE(exceeded);
  CHECK(server->counts().load() == 0);
  const auto one = Server::take(server, 0, max);
  const auto two = Server::take(server, 1, max);
  const auto three = Server::take(server, 0, max);
  CHECK(three);
  CHECK_FALSE(Server::take(server, 1, max));
}

}  // namespace weir
