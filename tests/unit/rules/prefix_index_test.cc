// Numbers under prefixes, and the tables that lookups are made of.
#include "rules/prefix_index.h"

#include <algorithm>
#include <random>
#include <string>

#include "catch.h"
#include "rules/listed_rules.h"
#include "rules/port_table.h"

namespace weir {
namespace {

using Entries = std::vector<PrefixIndex::Entry>;
using Lists = std::vector<std::vector<std::uint32_t>>;

const PrefixIndex::Node& node_of(const PrefixIndex& index, const Address& address) {
  return index.at(SoughtAddress(address));
}

Lists found(const PrefixIndex& index, const std::string& address) {
  Lists out;
  index.each(node_of(index, Address::parse(address).value()),
             [&](std::span<const std::uint32_t> numbers) {
               if (!numbers.empty()) {
                 out.emplace_back(numbers.begin(), numbers.end());
               }
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

TEST_CASE("behind a final number, wider prefixes have nothing that is wanted") {
  Entries entries;
  const auto add = [&](const std::string& prefix, std::uint32_t number, bool is_final) {
    entries.push_back({Prefix::parse(prefix).value(), number, is_final});
  };
  add("10.0.0.0/8", 2, false);
  add("10.0.0.0/8", 7, true);
  add("10.0.0.0/8", 8, false);
  add("10.1.0.0/16", 3, true);
  add("10.1.0.0/16", 5, false);
  add("10.1.1.0/24", 4, false);
  add("10.1.2.0/24", 1, true);
  add("10.1.3.0/24", 0, false);
  const PrefixIndex index(std::move(entries));
  const auto final_of = [&](const std::string& address) {
    return node_of(index, Address::parse(address).value()).final;
  };
  CHECK(final_of("10.9.9.9") == 7);
  CHECK(found(index, "10.9.9.9") == Lists{{2}});
  CHECK(final_of("10.1.9.9") == 3);
  CHECK(found(index, "10.1.9.9") == Lists{{2}});
  CHECK(final_of("10.1.1.1") == 3);
  CHECK(found(index, "10.1.1.1") == Lists{{2}});
  CHECK(final_of("10.1.2.1") == 1);
  CHECK(found(index, "10.1.2.1").empty());
  CHECK(final_of("10.1.3.1") == 3);
  CHECK(found(index, "10.1.3.1") == Lists{{0}, {2}});
  CHECK(final_of("11.0.0.0") == PrefixIndex::none);
  CHECK(found(index, "11.0.0.0").empty());
}

// Prefixes that crowd, nest and repeat.
Entries some_entries(std::mt19937& random) {
  Entries out;
  const auto count = 1 + random() % 300;
  const bool has_finals = random() % 2 == 0;
  for (std::uint32_t i = 0; i < count; ++i) {
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
    out.push_back({{network_of(address, length), length}, i, has_finals && random() % 3 == 0});
  }
  return out;
}

TEST_CASE(
    "of arbitrary prefixes those are found that have the address, and are not behind a final") {
  std::mt19937 random(20'261'128);
  for (int round = 0; round < 60; ++round) {
    const Entries entries = some_entries(random);
    const PrefixIndex index{Entries(entries)};
    for (int probe = 0; probe < 200; ++probe) {
      const Prefix& near = entries[random() % entries.size()].prefix;
      Address address = near.address;
      if (near.address.is_v4()) {
        address = Address::v4(narrow(near.address) + static_cast<std::uint32_t>(random() % 3) - 1);
      }
      std::uint32_t final = PrefixIndex::none;
      std::vector<std::uint32_t> expected;
      for (const PrefixIndex::Entry& entry : entries) {
        if (!entry.prefix.contains(address)) {
          continue;
        }
        if (entry.is_final) {
          final = entry.number;
          break;
        }
        expected.push_back(entry.number);
      }
      const PrefixIndex::Node& node = node_of(index, address);
      std::vector<std::uint32_t> all;
      index.each(node, [&](std::span<const std::uint32_t> numbers) {
        CHECK(std::is_sorted(numbers.begin(), numbers.end()));
        for (const std::uint32_t number : numbers) {
          CHECK((node.kinds & PrefixIndex::kind_of(number)) != 0);
          if (number < node.final) {  // a wider prefix may have some that are behind it
            all.push_back(number);
          }
        }
      });
      std::sort(all.begin(), all.end());
      CHECK(all == expected);
      CHECK(node.final == final);
    }
  }
}

TEST_CASE("the rules of a list end with the first one that is final") {
  CHECK(ListedRules().empty());
  CHECK_FALSE(ListedRules().may_have(UINT32_MAX));
  const ListedRules rules(
      {{5, 9, false}, {5, 2, false}, {5, 4, true}, {69, 1, false}, {133, 3, true}, {2, 8, false}});
  const auto others = [&](ListNumber list) {
    const auto span = rules.others(rules.of(list));
    return std::vector<RuleNumber>(span.begin(), span.end());
  };
  using Numbers = std::vector<RuleNumber>;
  CHECK(rules.of(5).final == 4);
  CHECK(others(5) == Numbers{2});
  CHECK(rules.of(69).final == ListedRules::none);
  CHECK(others(69) == Numbers{1});
  CHECK(rules.of(133).final == 3);
  CHECK(others(133).empty());
  CHECK(others(2) == Numbers{8});
  CHECK(rules.of(197).final == ListedRules::none);
  CHECK(others(197).empty());
  CHECK(rules.may_have(PrefixIndex::kind_of(5)));
  CHECK_FALSE(rules.may_have(PrefixIndex::kind_of(6)));
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
