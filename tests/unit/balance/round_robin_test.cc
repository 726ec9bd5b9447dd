#include "balance/round_robin.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "catch.h"

namespace weir {
namespace {

// The candidates as letters, one a turn: "aabacaa".
std::string turns(const RoundRobin& balancer, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    balancer.turn([&](std::size_t index) {
      out += static_cast<char>('a' + index);
      return true;
    });
  }
  return out;
}

std::string visited(const RoundRobin& balancer) {
  std::string out;
  balancer.turn([&](std::size_t index) {
    out += static_cast<char>('a' + index);
    return false;
  });
  return out;
}

}  // namespace

TEST_CASE("turns are smooth: the heavy candidate does not take all of its turns in a row") {
  CHECK(turns(RoundRobin(std::vector{5, 1, 1}), 14) == "aabacaaaabacaa");
  CHECK(turns(RoundRobin(std::vector{1, 5, 1}), 7) == "bbabcbb");
  CHECK(turns(RoundRobin(std::vector{2, 1}), 6) == "abaaba");
  CHECK(turns(RoundRobin(std::vector{3, 2}), 5) == "ababa");
}

TEST_CASE("equal weights go round in order, whatever the weight") {
  for (const int weight : {1, 7, 256}) {
    CHECK(turns(RoundRobin(std::vector{weight, weight, weight}), 7) == "abcabca");
  }
}

TEST_CASE("only the proportion of weights matters") {
  CHECK(turns(RoundRobin(std::vector{10, 2, 2}), 7) == "aabacaa");
  CHECK(turns(RoundRobin(std::vector{256, 128}), 6) == "abaaba");
}

TEST_CASE("over a cycle each server has exactly its share") {
  const std::vector<std::vector<int>> rows{{5, 1, 1}, {1, 2, 3, 4}, {256, 1},    {7, 11, 13},
                                           {1},       {100, 99},    {3, 3, 3, 6}};
  for (const auto& weights : rows) {
    const RoundRobin balancer(weights);
    int total = 0;
    for (const int weight : weights) {
      total += weight;
    }
    std::vector<int> got(weights.size());
    for (int i = 0; i < total; ++i) {
      balancer.turn([&](std::size_t index) {
        ++got[index];
        return true;
      });
    }
    CHECK(got == weights);
  }
}

TEST_CASE("no server waits much longer than its share says") {
  const std::vector weights{8, 4, 2, 1};
  const std::string order = turns(RoundRobin(weights), 30);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const char letter = static_cast<char>('a' + i);
    const std::size_t fair = 15 / static_cast<std::size_t>(weights[i]) + 1;
    std::size_t gap = 0;
    std::size_t longest = 0;
    for (const char turn : order) {
      gap = turn == letter ? 0 : gap + 1;
      longest = std::max(longest, gap);
    }
    INFO(letter << " in " << order);
    CHECK(longest <= 2 * fair);
  }
}

TEST_CASE("who refuses the first candidate is shown each other one once") {
  const RoundRobin weighted(std::vector{5, 1, 1});
  for (int i = 0; i < 20; ++i) {
    std::string seen = visited(weighted);
    std::sort(seen.begin(), seen.end());
    CHECK(seen == "abc");
  }
  const RoundRobin equal(std::vector{1, 1, 1, 1});
  CHECK(visited(equal) == "abcd");
  CHECK(visited(equal) == "bcda");
  CHECK(visited(equal) == "cdab");
}

TEST_CASE("a search ends where it is told to") {
  const RoundRobin balancer(std::vector{1, 1, 1, 1});
  std::string seen;
  balancer.turn([&](std::size_t index) {
    seen += static_cast<char>('a' + index);
    return index == 2;
  });
  CHECK(seen == "abc");
  CHECK(turns(balancer, 1) == "b");  // one search is one turn, however far it went
}

TEST_CASE("one candidate takes every turn") {
  CHECK(turns(RoundRobin(std::vector{1}), 3) == "aaa");
  CHECK(visited(RoundRobin(std::vector{9})) == "a");
}

TEST_CASE("many threads together keep the shares exactly") {
  const std::vector weights{5, 2, 1};
  const RoundRobin balancer(weights);
  constexpr int threads = 4;
  constexpr int cycles = 1'000;
  std::array<std::atomic<int>, 3> got{};
  std::vector<std::thread> takers;
  for (int thread = 0; thread < threads; ++thread) {
    takers.emplace_back([&]() {
      for (int i = 0; i < cycles * 8; ++i) {
        balancer.turn([&](std::size_t index) {
          ++got[index];
          return true;
        });
      }
    });
  }
  for (auto& taker : takers) {
    taker.join();
  }
  for (std::size_t i = 0; i < weights.size(); ++i) {
    CHECK(got[i] == threads * cycles * weights[i]);
  }
}

TEST_CASE("the order is that of the textbook's smooth weighted round-robin") {
  std::mt19937 random(11);
  for (int round = 0; round < 50; ++round) {
    std::vector<int> weights(1 + random() % 12);
    for (int& weight : weights) {
      weight = 1 + static_cast<int>(random() % (round < 25 ? 4 : 256));
    }
    const int total = std::accumulate(weights.begin(), weights.end(), 0);
    const RoundRobin balancer(weights);
    std::vector<int> credit(weights.size());
    int wrong = 0;
    for (int i = 0; i < total; ++i) {
      std::size_t best = 0;
      for (std::size_t k = 0; k < weights.size(); ++k) {
        credit[k] += weights[k];
        best = credit[k] > credit[best] ? k : best;
      }
      credit[best] -= total;
      balancer.turn([&](std::size_t index) {
        wrong += index != best ? 1 : 0;
        return true;
      });
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("a pool of ten thousand servers of all weights is laid out, and exact") {
  std::vector<int> weights(10'000);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] = static_cast<int>(1 + i % 16);
  }
  const RoundRobin balancer(weights);
  std::vector<int> got(weights.size());
  for (int i = 0; i < 85'000; ++i) {
    balancer.turn([&](std::size_t index) {
      ++got[index];
      return true;
    });
  }
  CHECK(got == weights);
}

}  // namespace weir
