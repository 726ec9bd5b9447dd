// Numbers under prefixes, and the two searches that lookups are made of.
#include "rules/prefix_index.h"

#include <algorithm>
#include <random>
#include <string>

#include "catch.h"
#include "rules/port_table.h"
#include "rules/sorted_keys.h"

namespace weir {
namespace {

using Entries = std::vector<PrefixIndex::Entry>;
using Lists = std::vector<std::vector<std::uint32_t>>;

Lists found(const PrefixIndex& index, const std::string& address) {
  Lists out;
  index.each(Address::parse(address).value(), [&](std::span<const std::uint32_t> numbers) {
    out.emplace_back(numbers.begin(), numbers.end());
  });
  return out;
}

PrefixIndex index_of(const std::vector<std::pair<std::string, std::uint32_t>>& words) {
  Entries entries;
  for (const auto& [prefix, number] : words) {
    entries.push_back({Prefix::parse(prefix).value(), number});
  }
  return PrefixIndex(std::move(entries));
}

}  // namespace

TEST_CASE("without prefixes nothing is found") {
  CHECK(PrefixIndex().empty());
  CHECK(found(PrefixIndex(), "192.0.2.1").empty());
  CHECK(found(PrefixIndex(Entries{}), "fd00::1").empty());
}

TEST_CASE("an address finds the numbers of every prefix that has it, the narrowest first") {
  const PrefixIndex index = index_of({{"10.0.0.0/8", 3},
                                      {"10.1.0.0/16", 7},
                                      {"10.1.0.0/16", 2},
                                      {"10.1.0.0/16", 7},
                                      {"10.1.2.3", 1},
                                      {"10.2.0.0/16", 9},
                                      {"fd00::/8", 4},
                                      {"fd00::/64", 5}});
  CHECK(found(index, "10.1.2.3") == Lists{{1}, {2, 7}, {3}});
  CHECK(found(index, "10.1.2.4") == Lists{{2, 7}, {3}});
  CHECK(found(index, "10.1.2.2") == Lists{{2, 7}, {3}});
  CHECK(found(index, "10.2.255.255") == Lists{{9}, {3}});
  CHECK(found(index, "10.3.0.0") == Lists{{3}});
  CHECK(found(index, "11.0.0.0").empty());
  CHECK(found(index, "9.255.255.255").empty());
  CHECK(found(index, "fd00::9") == Lists{{5}, {4}});
  CHECK(found(index, "fdff::9") == Lists{{4}});
  CHECK(found(index, "fe00::").empty());
}

TEST_CASE("prefixes may reach the first and the last address there is") {
  const PrefixIndex index = index_of({{"0.0.0.0/0", 0},
                                      {"255.255.255.255", 1},
                                      {"0.0.0.0/32", 2},
                                      {"ffff::/16", 3},
                                      {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 4},
                                      {"::/0", 5}});
  CHECK(found(index, "255.255.255.255") == Lists{{1}, {0}});
  CHECK(found(index, "255.255.255.254") == Lists{{0}});
  CHECK(found(index, "0.0.0.0") == Lists{{2}, {0}});
  CHECK(found(index, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") == Lists{{4}, {3}, {5}});
  CHECK(found(index, "::") == Lists{{5}});
}

TEST_CASE("of arbitrary prefixes those are found that have the address") {
  std::mt19937 random(20'261'128);
  for (int round = 0; round < 60; ++round) {
    Entries entries;
    for (unsigned i = 0; i < 1 + random() % 300; ++i) {
      const bool v4 = random() % 2 == 0;
      Address address = Address::v4(static_cast<std::uint32_t>(random()) % 4096 << 20U);
      if (!v4) {
        in6_addr raw{};
        raw.s6_addr[0] = static_cast<std::uint8_t>(random() % 4);
        raw.s6_addr[8] = static_cast<std::uint8_t>(random() % 4);
        raw.s6_addr[15] = static_cast<std::uint8_t>(random());
        address = Address::v6(raw);
      }
      const auto length = static_cast<std::uint8_t>(random() % (v4 ? 33 : 129));
      entries.push_back({{network_of(address, length), length}, i});
    }
    const PrefixIndex index{Entries(entries)};
    for (int probe = 0; probe < 200; ++probe) {
      const Prefix& near = entries[random() % entries.size()].prefix;
      Address address = near.address;
      if (near.address.is_v4()) {
        address = Address::v4(narrow(near.address) + static_cast<std::uint32_t>(random() % 3) - 1);
      }
      std::vector<std::uint32_t> expected;
      for (const PrefixIndex::Entry& entry : entries) {
        if (entry.prefix.contains(address)) {
          expected.push_back(entry.number);
        }
      }
      std::vector<std::uint32_t> all;
      index.each(address, [&](std::span<const std::uint32_t> numbers) {
        CHECK(std::is_sorted(numbers.begin(), numbers.end()));
        all.insert(all.end(), numbers.begin(), numbers.end());
      });
      std::sort(all.begin(), all.end());
      CHECK(all == expected);
    }
  }
}

TEST_CASE("a search among keys finds the last one that is not greater") {
  for (const std::uint32_t size : {1U, 2U, 15U, 16U, 17U, 255U, 256U, 257U, 5'000U}) {
    std::vector<std::uint32_t> keys{0};
    while (keys.size() < size) {
      keys.push_back(keys.back() + 3);
    }
    if (size > 1) {
      keys.back() = UINT32_MAX;
    }
    const SortedKeys<std::uint32_t> sorted{std::vector<std::uint32_t>(keys)};
    for (std::uint32_t number = 0; number < 3 * size + 3; ++number) {
      const auto after = std::upper_bound(keys.begin(), keys.end(), number);
      CHECK(sorted.last_up_to(number) == static_cast<std::size_t>(after - keys.begin()) - 1);
    }
    CHECK(sorted.last_up_to(UINT32_MAX) == keys.size() - 1);
  }
}

TEST_CASE("wide keys are compared by both halves") {
  const SortedKeys<Wide> keys({{0, 0}, {0, 5}, {1, 0}, {1, UINT64_MAX}, {2, 3}});
  CHECK(keys.last_up_to({0, 4}) == 0);
  CHECK(keys.last_up_to({0, UINT64_MAX}) == 1);
  CHECK(keys.last_up_to({1, 7}) == 2);
  CHECK(keys.last_up_to({2, 2}) == 3);
  CHECK(keys.last_up_to({UINT64_MAX, UINT64_MAX}) == 4);
}

TEST_CASE("each port has its interval's number, at both ends of it and of a page") {
  using Intervals = std::vector<PortTable::Interval>;
  const PortTable table(Intervals{{0, 9}, {80, 1}, {81, 2}, {255, 3}, {256, 4}, {65'535, 5}});
  CHECK(table[0] == 9);
  CHECK(table[79] == 9);
  CHECK(table[80] == 1);
  CHECK(table[81] == 2);
  CHECK(table[254] == 2);
  CHECK(table[255] == 3);
  CHECK(table[256] == 4);
  CHECK(table[40'000] == 4);
  CHECK(table[65'534] == 4);
  CHECK(table[65'535] == 5);
  CHECK(PortTable(Intervals{{0, 7}})[443] == 7);
}

}  // namespace weir
