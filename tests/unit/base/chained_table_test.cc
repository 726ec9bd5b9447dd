#include "base/chained_table.h"

#include <memory>
#include <set>
#include <vector>

#include "catch.h"

namespace weir {
namespace {

struct Owned {
  int key;
  std::unique_ptr<Owned> chained;
};
struct Lent {
  int key;
  Lent* chained = nullptr;
};

// Few hashes, so that chains are long.
struct Hash {
  std::uint64_t operator()(int key) const { return static_cast<std::uint64_t>(key % 7); }
  template <typename T>
  std::uint64_t operator()(const T& entry) const {
    return operator()(entry.key);
  }
};

template <typename Table>
auto* find(const Table& table, int key) {
  return table.find(Hash{}(key), [key](const auto& entry) { return entry.key == key; });
}

// What is seen piece by piece while `between` happens to the table after each of them.
template <typename Table, typename Between>
std::multiset<int> scanned(const Table& table, std::size_t max, Between between) {
  std::multiset<int> out;
  std::uint64_t at = 0;
  do {
    at = table.scan(at, max, [&](const auto& entry) { out.insert(entry.key); });
    between();
  } while (at != 0);
  return out;
}

template <typename Table>
std::set<int> keys(const Table& table) {
  std::set<int> out;
  table.each([&](const auto& entry) { CHECK(out.insert(entry.key).second); });
  return out;
}

TEST_CASE("a table finds what is in it, and nothing else, while it grows and shrinks") {
  ChainedTable<Owned, Hash> table;
  CHECK(find(table, 1) == nullptr);
  std::set<int> expected;
  for (int key = 0; key < 200; ++key) {
    table.insert(std::make_unique<Owned>(Owned{key, nullptr}));
    expected.insert(key);
  }
  CHECK(keys(table) == expected);
  for (int key = 0; key < 200; key += 3) {
    const auto out = table.extract(*find(table, key));
    CHECK(out->key == key);
    CHECK(out->chained == nullptr);
    expected.erase(key);
  }
  CHECK(keys(table) == expected);
  CHECK(table.size() == expected.size());
  for (int key = 0; key < 200; ++key) {
    CHECK((find(table, key) != nullptr) == expected.contains(key));
  }
}

TEST_CASE("a table of lent entries leaves them to their owner") {
  std::vector<Lent> entries(100);
  {
    ChainedTable<Lent, Hash> table;
    for (int i = 0; i < 100; ++i) {
      entries[static_cast<std::size_t>(i)].key = i;
      table.insert(&entries[static_cast<std::size_t>(i)]);
    }
    CHECK(find(table, 42) == &entries[42]);
    CHECK(table.extract(entries[42]) == &entries[42]);
    CHECK(find(table, 42) == nullptr);
    table.insert(&entries[42]);
    CHECK(table.size() == 100);
    CHECK_FALSE(table.empty());
  }
  CHECK(entries[42].key == 42);
}

TEST_CASE("a table is seen piece by piece, each entry once") {
  ChainedTable<Owned, Hash> table;
  CHECK(table.scan(0, 10, [](const Owned&) { FAIL("there is none"); }) == 0);
  for (int i = 0; i < 1'000; ++i) {
    table.insert(std::make_unique<Owned>(Owned{.key = i, .chained = nullptr}));
  }
  int pieces = 0;
  const auto seen = scanned(table, 5, [&]() { ++pieces; });
  CHECK(seen.size() == 1'000);
  CHECK(std::set<int>(seen.begin(), seen.end()).size() == 1'000);
  CHECK(pieces > 1);
}

// By the key itself: chains are short, and a piece is as small as asked for.
struct EvenHash {
  std::uint64_t operator()(const Owned& entry) const {
    return static_cast<std::uint64_t>(entry.key);
  }
};

TEST_CASE("what stays in a table that grows and changes is seen once all the same") {
  ChainedTable<Owned, EvenHash> table;
  std::vector<Owned*> passing;
  int next = 0;
  for (; next < 300; ++next) {
    table.insert(std::make_unique<Owned>(Owned{.key = next, .chained = nullptr}));
  }
  const auto seen = scanned(table, 7, [&]() {
    for (int i = 0; i < 40; ++i) {  // from 512 buckets to thousands
      auto fresh = std::make_unique<Owned>(Owned{.key = next++, .chained = nullptr});
      passing.push_back(fresh.get());
      table.insert(std::move(fresh));
    }
    for (int i = 0; i < 5; ++i) {
      table.extract(*passing.back());
      passing.pop_back();
    }
  });
  CHECK(table.size() > 1'024);
  for (int i = 0; i < 300; ++i) {
    CAPTURE(i);
    CHECK(seen.count(i) == 1);
  }
  for (const int key : seen) {
    CHECK(seen.count(key) == 1);
  }
}

TEST_CASE("a piece of a table that is nearly empty is bounded, too") {
  ChainedTable<Owned, EvenHash> table;
  std::vector<Owned*> all;
  for (int i = 0; i < 10'000; ++i) {
    auto fresh = std::make_unique<Owned>(Owned{.key = i, .chained = nullptr});
    all.push_back(fresh.get());
    table.insert(std::move(fresh));
  }
  for (std::size_t i = 1; i < all.size(); ++i) {
    table.extract(*all[i]);
  }
  int pieces = 0;
  const auto seen = scanned(table, 256, [&]() { ++pieces; });
  CHECK(seen.size() == 1);
  CHECK(pieces >= 10);
}

}  // namespace
}  // namespace weir
