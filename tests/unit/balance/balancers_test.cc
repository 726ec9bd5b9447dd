// What holds for every balancer, and what each is for. Seeds are fixed.
#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "balance/balancer.h"
#include "catch.h"
#include "fake_candidates.h"

namespace weir {
namespace {

std::vector<std::string> words() {
  std::vector<std::string> out;
  std::istringstream all{std::string(balance_words)};
  for (std::string word; std::getline(all >> std::ws, word, ',');) {
    out.push_back(word);
  }
  return out;
}

BalanceKey random_key(std::mt19937_64& random) { return {.hash = random(), .random = random()}; }

// How often each was chosen.
std::vector<int> counts(const Balancer& balancer, const Candidates& candidates, std::size_t count,
                        int draws, std::mt19937_64& random) {
  std::vector<int> out(count);
  for (int i = 0; i < draws; ++i) {
    const auto chosen = balancer.choose(candidates, random_key(random));
    REQUIRE(chosen);
    ++out[*chosen];
  }
  return out;
}

}  // namespace

TEST_CASE("every word of balance makes a balancer, and no other word does") {
  CHECK(words().size() == 5);
  for (const auto& word : words()) {
    CHECK(make_balancer(word, candidates_of({1})) != nullptr);
  }
  CHECK(make_balancer("failover", candidates_of({1})) == nullptr);
  CHECK(make_balancer("", candidates_of({1})) == nullptr);
}

TEST_CASE("a candidate is chosen exactly when one is usable, and then a usable one") {
  std::mt19937_64 random(1);
  for (const auto& word : words()) {
    INFO(word);
    CHECK_FALSE(make_balancer(word, {})->choose(FakeCandidates(0), {}));
    for (int round = 0; round < 300; ++round) {
      const std::size_t count = 1 + random() % 40;
      std::vector<int> weights(count);
      std::generate(weights.begin(), weights.end(),
                    [&] { return 1 + static_cast<int>(random() % 9); });
      const auto balancer = make_balancer(word, candidates_of(weights));
      FakeCandidates candidates(count);
      const auto left = random() % 3;  // none, one or any number of them
      for (std::size_t i = 0; i < count; ++i) {
        candidates.loads[i] = random() % 5;
        if (left < 2 || random() % 2 == 0) {
          candidates.out.insert(i);
        }
      }
      if (left == 1) {
        candidates.out.erase(random() % count);
      }
      for (int i = 0; i < 5; ++i) {
        const auto chosen = balancer->choose(candidates, random_key(random));
        CHECK(chosen.has_value() == (candidates.out.size() < count));
        CHECK((!chosen || !candidates.out.contains(*chosen)));
      }
    }
  }
}

TEST_CASE("shares follow weights") {
  std::mt19937_64 random(2);
  const std::vector<int> weights{1, 2, 3, 10};
  constexpr int draws = 64'000;
  for (const std::string word : {"round-robin", "random-two", "source-hash", "flow-hash"}) {
    INFO(word);
    const auto balancer = make_balancer(word, candidates_of(weights));
    FakeCandidates candidates(weights.size());
    for (int i = 0; i < draws; ++i) {
      const auto chosen = balancer->choose(candidates, random_key(random));
      REQUIRE(chosen);
      ++candidates.loads[*chosen];  // for random-two: flows that stay
    }
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const double share = static_cast<double>(candidates.loads[i]) / draws;
      CHECK(std::abs(share - weights[i] / 16.0) < 0.01);
    }
  }
}

TEST_CASE("what one cannot take is spread over the others, not given to a neighbour") {
  std::mt19937_64 random(3);
  for (const std::string word : {"round-robin", "random-two", "source-hash", "flow-hash"}) {
    INFO(word);
    const auto balancer = make_balancer(word, candidates_of({1, 1, 1, 1}));
    FakeCandidates candidates(4);
    candidates.out = {1};
    const auto got = counts(*balancer, candidates, 4, 30'000, random);
    CHECK(got[1] == 0);
    for (const std::size_t i : {0U, 2U, 3U}) {
      CHECK(std::abs(got[i] - 10'000) < 500);
    }
  }
}

TEST_CASE("least-flows fills up the server that is behind, by weight") {
  std::mt19937_64 random(4);
  const std::vector<int> weights{1, 3};
  const auto balancer = make_balancer("least-flows", candidates_of(weights));
  FakeCandidates candidates(2);
  candidates.loads = {0, 30};
  for (int i = 0; i < 50; ++i) {
    ++candidates.loads[*balancer->choose(candidates, random_key(random))];
  }
  CHECK(candidates.loads == std::vector<std::uint64_t>{20, 60});
  candidates.loads = {0, 0};
  CHECK(balancer->choose(candidates, random_key(random)) == 1);  // its one flow weighs less
}

TEST_CASE("least-flows among equals chooses at random") {
  std::mt19937_64 random(5);
  const auto balancer = make_balancer("least-flows", candidates_of({1, 1, 1}));
  for (const int got : counts(*balancer, FakeCandidates(3), 3, 9'000, random)) {
    CHECK(std::abs(got - 3'000) < 300);
  }
}

TEST_CASE("random-two never takes the fullest of all, and keeps loads nearly even") {
  std::mt19937_64 random(6);
  const auto balancer = make_balancer("random-two", candidates_of(std::vector<int>(10, 1)));
  FakeCandidates candidates(10);
  candidates.loads[7] = 100;
  CHECK(counts(*balancer, candidates, 10, 2'000, random)[7] == 0);
  candidates.loads.assign(10, 0);
  for (int i = 0; i < 10'000; ++i) {
    ++candidates.loads[*balancer->choose(candidates, random_key(random))];
  }
  const auto [min, max] = std::minmax_element(candidates.loads.begin(), candidates.loads.end());
  CHECK(*max - *min < 20);  // plain chance would leave some 100
}

TEST_CASE("only hashing has a checksum") {
  for (const auto& word : words()) {
    INFO(word);
    CHECK(make_balancer(word, candidates_of({1, 1}))->checksum().has_value() ==
          word.ends_with("-hash"));
  }
}

}  // namespace weir
