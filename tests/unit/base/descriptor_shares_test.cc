#include "base/descriptor_shares.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

#include "catch.h"

namespace weir {
namespace {

constexpr auto tcp = Protocol::tcp;
constexpr auto udp = Protocol::udp;

std::uint64_t take_all(DescriptorShares& shares, Protocol protocol, std::uint32_t at_once) {
  std::uint64_t taken = 0;
  while (shares.take(protocol, at_once)) {
    taken += at_once;
    REQUIRE(taken <= 1'048'576);
  }
  return taken;
}

const std::vector<std::uint64_t> limits{0, 8, 64, 96, 200, 1'024, 20'000, 65'536, 1'048'576};

TEST_CASE("20,000 descriptors hold 9,000 connections, or 9,000 UDP sockets") {
  for (const std::uint64_t workers : {1U, 2U}) {
    DescriptorShares shares(20'000, workers);
    CHECK(shares.max_connections() >= 9'200);
    CHECK(take_all(shares, tcp, 2) / 2 == shares.max_connections());
    DescriptorShares others(20'000, workers);
    CHECK(take_all(others, udp, 1) >= 14'000);
  }
}

TEST_CASE("TCP that takes what it can leaves UDP what it is sure of, and no less") {
  for (const std::uint64_t limit : limits) {
    DescriptorShares shares(limit, 1);
    CHECK(take_all(shares, tcp, 2) >= 2);
    const std::uint64_t left = take_all(shares, udp, 1);
    CHECK(left >= shares.sure(udp));
    CHECK(left <= shares.sure(udp) + 1);  // an odd one is none for TCP
  }
}

TEST_CASE("UDP that takes what it can leaves TCP what it is sure of, and no less") {
  for (const std::uint64_t limit : limits) {
    DescriptorShares shares(limit, 1);
    CHECK(take_all(shares, udp, 1) == shares.max(udp));
    CHECK(take_all(shares, tcp, 1) == shares.sure(tcp));
  }
}

TEST_CASE("both together never have more than what is left beside the reserve") {
  for (const std::uint64_t limit : limits) {
    if (limit < 64) {
      continue;
    }
    DescriptorShares shares(limit, 1);
    std::uint64_t taken = 0;
    bool more = true;
    while (more) {
      more = false;
      for (const auto& [protocol, count] : {std::pair{tcp, 2U}, std::pair{udp, 1U}}) {
        if (shares.take(protocol, count)) {
          taken += count;
          more = true;
        }
      }
    }
    CHECK(taken <= limit - std::min<std::uint64_t>(limit / 4, 550));
  }
}

TEST_CASE("what is given back goes to the one that comes first") {
  DescriptorShares shares(1'024, 1);
  take_all(shares, udp, 1);
  take_all(shares, tcp, 2);
  CHECK_FALSE(shares.take(udp, 1));
  shares.give_back(udp, 2);
  CHECK(shares.take(tcp, 2));
  CHECK_FALSE(shares.take(udp, 1));
}

TEST_CASE("what was adopted beyond the share keeps others out until it is gone") {
  DescriptorShares shares(1'024, 1);
  const auto max = static_cast<std::uint32_t>(shares.max(udp));
  shares.adopt(udp, max + 5);
  CHECK_FALSE(shares.take(udp, 1));
  CHECK_FALSE(shares.take(tcp, static_cast<std::uint32_t>(shares.sure(tcp))));
  shares.give_back(udp, 5);
  CHECK_FALSE(shares.take(udp, 1));
  CHECK(shares.take(tcp, static_cast<std::uint32_t>(shares.sure(tcp))));
  shares.give_back(udp, 1);
  CHECK(shares.take(udp, 1));
}

TEST_CASE("descriptors are scarce from seven eighths of what the protocol may have now") {
  DescriptorShares shares(20'000, 1);
  const auto seven = static_cast<std::uint32_t>(shares.max(udp) - shares.max(udp) / 8);
  REQUIRE(shares.take(udp, seven));
  CHECK_FALSE(shares.are_scarce(udp));
  REQUIRE(shares.take(udp, 1));
  CHECK(shares.are_scarce(udp));
  // What TCP has borrowed makes them scarce earlier.
  shares.give_back(udp, seven);
  CHECK_FALSE(shares.are_scarce(udp));
  REQUIRE(shares.take(tcp, static_cast<std::uint32_t>(shares.max(tcp))));
  REQUIRE(shares.take(udp, static_cast<std::uint32_t>(shares.sure(udp)) - 1));
  CHECK(shares.are_scarce(udp));
}

TEST_CASE("what doctor says is needed for that many connections is enough, and not much more") {
  for (const std::uint64_t workers : {1U, 4U}) {
    for (const std::uint64_t flows : {30U, 100U, 400U, 1'000U, 9'000U, 15'000U, 500'000U}) {
      const std::uint64_t needed = DescriptorShares::needed(flows, workers);
      CHECK(DescriptorShares(needed, workers).max_connections() >= flows);
      CHECK(DescriptorShares(needed - 16, workers).max_connections() < flows);
    }
  }
}

TEST_CASE("workers that take and give back at once never exceed what there is, and end at none") {
  DescriptorShares shares(64, 1);
  constexpr std::uint64_t for_flows = 48;
  std::atomic<std::uint64_t> held{0};
  std::atomic<std::uint64_t> max{0};
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 4; ++worker) {
    workers.emplace_back([&, worker]() {
      const Protocol protocol = worker % 2 == 0 ? tcp : udp;
      const std::uint32_t count = worker % 2 == 0 ? 2 : 1;
      std::uint32_t mine = 0;
      for (int i = 0; i < 20'000; ++i) {
        if (shares.take(protocol, count)) {
          mine += count;
          const std::uint64_t now = held += count;
          std::uint64_t seen = max.load();
          while (now > seen && !max.compare_exchange_weak(seen, now)) {
          }
        } else {
          held -= mine;
          shares.give_back(protocol, mine);
          mine = 0;
        }
      }
      held -= mine;
      shares.give_back(protocol, mine);
    });
  }
  for (auto& worker : workers) {
    worker.join();
  }
  CHECK(max.load() <= for_flows);
  CHECK(max.load() > shares.sure(tcp));
  CHECK(take_all(shares, tcp, 2) / 2 == shares.max_connections());
}

}  // namespace
}  // namespace weir
