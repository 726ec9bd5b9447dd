#include "balance/maglev.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "balance/stable_hash.h"
#include "catch.h"
#include "fake_candidates.h"

namespace weir {
namespace {

// Whose each key is, by name.
std::vector<std::string> owners(const std::vector<Candidate>& candidates, int keys,
                                const std::set<std::size_t>& out = {}) {
  const Maglev balancer(candidates);
  FakeCandidates live(candidates.size());
  live.out = out;
  std::vector<std::string> owner;
  for (int i = 0; i < keys; ++i) {
    const auto chosen = balancer.choose(live, {.hash = static_cast<std::uint64_t>(i), .random = 0});
    owner.push_back(candidates[chosen.value()].name);
  }
  return owner;
}

double moved(const std::vector<std::string>& before, const std::vector<std::string>& after) {
  int count = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    count += before[i] != after[i] ? 1 : 0;
  }
  return static_cast<double>(count) / static_cast<double>(before.size());
}

}  // namespace

TEST_CASE("gateways that know the same servers in another order choose the same and show it") {
  std::mt19937_64 random(7);
  auto candidates = candidates_of({1, 5, 2, 1, 9, 1, 3});
  const auto before = owners(candidates, 5'000);
  const auto checksum = Maglev(candidates).checksum();
  for (int i = 0; i < 5; ++i) {
    std::shuffle(candidates.begin(), candidates.end(), random);
    CHECK(owners(candidates, 5'000) == before);
    CHECK(Maglev(candidates).checksum() == checksum);
  }
  candidates[0].weight += 1;
  CHECK(Maglev(candidates).checksum() != checksum);
  candidates[0].weight -= 1;
  candidates[0].name += "x";
  CHECK(Maglev(candidates).checksum() != checksum);
}

TEST_CASE("removing one of N servers moves at most 1/N and one per cent of the keys") {
  for (const std::size_t count : {2U, 3U, 5U, 10U, 25U, 50U, 100U}) {
    const auto all = candidates_of(std::vector<int>(count, 1));
    const auto before = owners(all, 20'000);
    for (const std::size_t gone : {std::size_t{0}, count / 2, count - 1}) {
      auto rest = all;
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(gone));
      INFO(count << " servers without number " << gone);
      CHECK(moved(before, owners(rest, 20'000)) <= 1.0 / static_cast<double>(count) + 0.01);
    }
  }
}

TEST_CASE("while a server is out only its own keys move, and they come back with it") {
  const auto all = candidates_of({1, 1, 2, 1, 1});
  const auto before = owners(all, 20'000);
  const auto during = owners(all, 20'000, {2});
  std::map<std::string, int> heirs;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] == "s2") {
      ++heirs[during[i]];
    } else {
      REQUIRE(during[i] == before[i]);
    }
  }
  CHECK(heirs.size() == 4);  // each of the others gets some
  CHECK_FALSE(heirs.contains("s2"));
}

TEST_CASE("every place of the table has a server, by weight within two per cent") {
  const auto candidates = candidates_of({1, 2, 4, 8, 16});
  const Maglev balancer(candidates);
  std::vector<int> slots(candidates.size());
  REQUIRE(balancer.table().size() == Maglev::table_size);
  for (const auto index : balancer.table()) {
    REQUIRE(index < candidates.size());
    ++slots[index];
  }
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const double expected = candidates[i].weight * double{Maglev::table_size} / 31;
    CHECK(std::abs(slots[i] - expected) < expected * 0.02 + 2);
  }
}

TEST_CASE("a table for ten thousand servers has them all") {
  const Maglev balancer(candidates_of(std::vector<int>(10'000, 1)));
  const std::set<std::uint16_t> seen(balancer.table().begin(), balancer.table().end());
  CHECK(seen.size() == 10'000);
}

TEST_CASE("a lone server takes one place, and keeps half of its keys when another one comes") {
  const Maglev lone(std::vector<Candidate>{{"a", 3}});
  CHECK(lone.table().size() == 1);
  CHECK(lone.table()[0] == 0);
}

TEST_CASE("hashes are those of every other gateway and version") {
  CHECK(stable_hash("web1") == stable_hash(std::string("web") + "1"));
  CHECK(Maglev(candidates_of({1, 1, 1})).checksum().value() == 0x2d237d1ce461da9U);
  CHECK(stable_hash(Address::parse("198.51.100.2").value()) == 0x282a926ce6e5a6b2U);
}

}  // namespace weir
