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
auto* look(const Table& table, int key) {
  return table.find(Hash{}(key), [key](const auto& entry) { return entry.key == key; });
}

template <typename Table>
std::set<int> keys(const Table& table) {
  std::set<int> out;
  table.each([&](const auto& entry) { CHECK(out.insert(entry.key).second); });
  return out;
}

TEST_CASE("a table finds what is in it, and nothing else, while it grows and shrinks") {
  ChainedTable<Owned, Hash> table;
  CHECK(look(table, 1) == nullptr);
  std::set<int> expected;
  for (int key = 0; key < 200; ++key) {
    table.insert(std::make_unique<Owned>(Owned{key, nullptr}));
    expected.insert(key);
  }
  CHECK(keys(table) == expected);
  for (int key = 0; key < 200; key += 3) {
    const auto out = table.extract(*look(table, key));
    CHECK(out->key == key);
    CHECK(out->chained == nullptr);
    expected.erase(key);
  }
  CHECK(keys(table) == expected);
  CHECK(table.size() == expected.size());
  for (int key = 0; key < 200; ++key) {
    CHECK((look(table, key) != nullptr) == expected.contains(key));
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
    CHECK(look(table, 42) == &entries[42]);
    CHECK(table.extract(entries[42]) == &entries[42]);
    CHECK(look(table, 42) == nullptr);
    table.insert(&entries[42]);
    CHECK(table.size() == 100);
    CHECK_FALSE(table.empty());
  }
  CHECK(entries[42].key == 42);
}

}  // namespace
}  // namespace weir
