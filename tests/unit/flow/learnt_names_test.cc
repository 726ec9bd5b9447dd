// Names that clients looked up through weir: whose they are, how long they hold, which one counts,
// and how many are kept.
#include "flow/learnt_names.h"

#include "catch.h"

namespace weir {
namespace {

using std::chrono::seconds;

constexpr Instant start{std::chrono::hours(1)};

Address at(const std::string& text) { return Address::parse(text).value(); }
Address number(std::size_t number) {
  return Address::v4(static_cast<std::uint32_t>(0x0a000000 + number));
}
DnsAnswer answer(const std::string& name, const std::vector<std::pair<std::string, int>>& entries) {
  DnsAnswer out{.name = name, .addresses = {}};
  for (const auto& [address, ttl] : entries) {
    out.addresses.push_back({at(address), static_cast<std::uint32_t>(ttl)});
  }
  return out;
}
std::string found(const LearntNames& names, const Address& client, const Address& address,
                  Instant now) {
  const auto name = names.find(client, address, now);
  return name == nullptr ? "" : *name;
}

const Address alice = at("192.0.2.11");
const Address bob = at("fd00::12");

}  // namespace

TEST_CASE("a name is the client's that looked it up, for every address of the answer") {
  LearntNames names;
  names.learn(alice, answer("www.example", {{"203.0.113.1", 300}, {"2001:db8::1", 300}}), start);
  CHECK(found(names, alice, at("203.0.113.1"), start) == "www.example");
  CHECK(found(names, alice, at("2001:db8::1"), start) == "www.example");
  CHECK(found(names, alice, at("203.0.113.2"), start).empty());
  CHECK(found(names, bob, at("203.0.113.1"), start).empty());
}

TEST_CASE("it holds for its time to live, a minute at least and a day at most") {
  for (const auto& [ttl, kept] :
       {std::pair(300, seconds(300)), {0, seconds(60)}, {2'000'000'000, seconds(86'400)}}) {
    LearntNames names;
    names.learn(bob, answer("a.example", {{"203.0.113.1", ttl}}), start);
    CHECK(found(names, bob, at("203.0.113.1"), start + kept - seconds(1)) == "a.example");
    CHECK(found(names, bob, at("203.0.113.1"), start + kept).empty());
  }
}

TEST_CASE("of several names of an address the one that was looked up last counts") {
  LearntNames names;
  names.learn(alice, answer("a.example", {{"203.0.113.1", 3'000}}), start);
  names.learn(alice, answer("b.example", {{"203.0.113.1", 300}}), start + seconds(1));
  CHECK(found(names, alice, at("203.0.113.1"), start + seconds(2)) == "b.example");
  names.learn(alice, answer("a.example", {{"203.0.113.1", 300}}), start + seconds(3));
  CHECK(found(names, alice, at("203.0.113.1"), start + seconds(4)) == "a.example");
  CHECK(names.size() == 1);
}

TEST_CASE("of a client so many are kept, and its oldest go first") {
  LearntNames names;
  for (std::size_t i = 0; i < LearntNames::most_of_client + 10; ++i) {
    names.learn(alice, {.name = "n.example", .addresses = {{number(i), 300}}}, start);
  }
  CHECK(names.size() == LearntNames::most_of_client);
  CHECK(found(names, alice, number(9), start).empty());
  CHECK_FALSE(found(names, alice, number(10), start).empty());
  // One that is looked up again and again takes no room of others.
  for (std::size_t i = 0; i < 3 * LearntNames::most_of_client; ++i) {
    names.learn(bob, {.name = "n.example", .addresses = {{number(1), 300}}}, start);
  }
  CHECK_FALSE(found(names, bob, number(1), start).empty());
}

TEST_CASE("in all so many are kept, of however many clients") {
  LearntNames names;
  constexpr std::size_t clients = 1'000;
  for (std::size_t i = 0; i < LearntNames::most + 50'000; ++i) {
    names.learn(number(i % clients), {.name = "n.example", .addresses = {{number(i), 300}}}, start);
  }
  CHECK(names.size() <= LearntNames::most);
  CHECK(names.size() > LearntNames::most / 2);
  const std::size_t last = LearntNames::most + 50'000 - 1;
  CHECK_FALSE(found(names, number(last % clients), number(last), start).empty());
}

TEST_CASE("a successor knows what its predecessor knew, and in the same order") {
  LearntNames before;
  before.learn(alice, answer("a.example", {{"203.0.113.1", 300}}), start);
  before.learn(alice, answer("b.example", {{"203.0.113.2", 0}}), start);
  before.learn(bob, answer("c.example", {{"203.0.113.1", 300}}), start);
  LearntNames after;
  before.each(start + seconds(100), [&](const LearntNames::Known& one) { after.restore(one); });
  CHECK(after.size() == 2);
  CHECK(found(after, alice, at("203.0.113.1"), start + seconds(101)) == "a.example");
  CHECK(found(after, bob, at("203.0.113.1"), start + seconds(299)) == "c.example");
  CHECK(found(after, bob, at("203.0.113.1"), start + seconds(300)).empty());
}

}  // namespace weir
