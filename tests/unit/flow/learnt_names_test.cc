// Names that clients looked up through weir: whose they are, how long they hold, which one counts,
// and how many are kept.
#include "flow/learnt_names.h"

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "catch.h"

namespace weir {
namespace {

using std::chrono::seconds;
using Client = LearntNames::Client;

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
DnsAnswer one(std::size_t address, std::uint32_t ttl = 300) {
  return {.name = "n.example", .addresses = {{number(address), ttl}}};
}
std::string found(const LearntNames& names, const Client& client, const Address& address,
                  Instant now) {
  const HostRef host = names.find(client, address, now);
  return host == nullptr ? "" : host->name;
}

const Client alice{at("192.0.2.11")};
const Client bob{at("fd00::12")};
const Mac phone = Mac::parse("02:00:5e:10:00:01").value();
const Mac tv = Mac::parse("02:00:5e:10:00:02").value();

}  // namespace

TEST_CASE("a name is the client's that looked it up, for every address of the answer") {
  LearntNames names;
  CHECK(names.learn(alice, answer("www.example", {{"203.0.113.1", 300}, {"2001:db8::1", 300}}),
                    start) == 0);
  CHECK(found(names, alice, at("203.0.113.1"), start) == "www.example");
  CHECK(found(names, alice, at("2001:db8::1"), start) == "www.example");
  CHECK(names.find(alice, at("2001:db8::1"), start)->from == HostFrom::dns);
  CHECK_FALSE(names.find(alice, at("2001:db8::1"), start)->is_outer);
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
  CHECK(names.size(start) == 1);
}

TEST_CASE("a device's name counts from each of its addresses, and for no other device") {
  LearntNames names;
  names.learn({at("192.0.2.11"), phone}, answer("a.example", {{"2001:db8::1", 300}}), start);
  CHECK(found(names, {at("fd00::11"), phone}, at("2001:db8::1"), start) == "a.example");
  CHECK(found(names, {at("fe80::11"), phone}, at("2001:db8::1"), start) == "a.example");
  CHECK(found(names, {at("192.0.2.11"), tv}, at("2001:db8::1"), start).empty());
  CHECK(found(names, {at("192.0.2.11")}, at("2001:db8::1"), start).empty());
}

TEST_CASE("what a client looked up before its device was known counts once it is") {
  LearntNames names;
  const Address client = at("192.0.2.11");
  names.learn({client}, answer("a.example", {{"203.0.113.1", 300}}), start);
  CHECK(found(names, {client, phone}, at("203.0.113.1"), start) == "a.example");
  // Of both, the later one.
  names.learn({client, phone}, answer("b.example", {{"203.0.113.1", 300}}), start + seconds(1));
  CHECK(found(names, {client, phone}, at("203.0.113.1"), start + seconds(1)) == "b.example");
  names.learn({client}, answer("c.example", {{"203.0.113.1", 300}}), start + seconds(2));
  CHECK(found(names, {client, phone}, at("203.0.113.1"), start + seconds(2)) == "c.example");
  // And where that is over, the one that is left.
  names.learn({client, phone}, answer("d.example", {{"203.0.113.1", 600}}), start + seconds(3));
  names.learn({client}, answer("e.example", {{"203.0.113.1", 60}}), start + seconds(4));
  CHECK(found(names, {client, phone}, at("203.0.113.1"), start + seconds(100)) == "d.example");
}

TEST_CASE("of a client so many are kept, its oldest go first, and are counted") {
  LearntNames names;
  std::size_t forgotten = 0;
  for (std::size_t i = 0; i < LearntNames::most_of_client + 10; ++i) {
    forgotten += names.learn(alice, one(i), start);
  }
  CHECK(forgotten == 10);
  CHECK(names.size(start) == LearntNames::most_of_client);
  CHECK(found(names, alice, number(9), start).empty());
  CHECK_FALSE(found(names, alice, number(10), start).empty());
}

TEST_CASE("a name that is looked up again and again takes no room of others") {
  LearntNames names;
  names.learn(alice, one(1), start);
  for (std::size_t i = 0; i < 3 * LearntNames::most_of_client; ++i) {
    CHECK(names.learn(alice, one(2), start) == 0);
  }
  CHECK_FALSE(found(names, alice, number(1), start).empty());
  CHECK(names.size(start) == 2);
}

TEST_CASE("an address that is looked up again is the last that goes") {
  LearntNames names;
  names.learn(alice, one(0), start);
  for (std::size_t i = 1; i < LearntNames::most_of_client; ++i) {
    names.learn(alice, one(i), start);
  }
  names.learn(alice, one(0), start);
  names.learn(alice, one(LearntNames::most_of_client), start);
  CHECK_FALSE(found(names, alice, number(0), start).empty());
  CHECK(found(names, alice, number(1), start).empty());
}

TEST_CASE("in all so many are kept, of however many clients") {
  LearntNames names;
  constexpr std::size_t clients = 1'000;
  constexpr std::size_t more = 50'000;
  std::size_t forgotten = 0;
  for (std::size_t i = 0; i < LearntNames::most + more; ++i) {
    forgotten += names.learn({number(i % clients)}, one(i), start);
  }
  CHECK(names.size(start) <= LearntNames::most);
  CHECK(names.size(start) > LearntNames::most / 2);
  CHECK(names.size(start) + forgotten == LearntNames::most + more);
  const std::size_t last = LearntNames::most + more - 1;
  CHECK_FALSE(found(names, {number(last % clients)}, number(last), start).empty());
}

TEST_CASE("a client that fills its share leaves the others theirs") {
  LearntNames names;
  constexpr std::size_t others = 500;
  for (std::size_t i = 0; i < others; ++i) {
    names.learn({number(i)}, one(7), start);
  }
  for (std::size_t i = 0; i < 5 * LearntNames::most_of_client; ++i) {
    names.learn(bob, one(i), start);
  }
  for (std::size_t i = 0; i < others; ++i) {
    REQUIRE_FALSE(found(names, {number(i)}, number(7), start).empty());
  }
}

TEST_CASE("what is over goes, and is not counted as forgotten") {
  LearntNames names;
  names.learn(alice, one(1, 60), start);
  names.learn(alice, one(2, 3'000), start);
  CHECK(names.size(start + seconds(59)) == 2);
  CHECK(names.size(start + seconds(200)) == 1);
  // A table that is full of what is over has room.
  for (std::size_t i = 0; i < LearntNames::most_of_client; ++i) {
    names.learn(bob, one(i, 60), start);
  }
  std::size_t forgotten = 0;
  for (std::size_t i = 0; i < LearntNames::most_of_client; ++i) {
    forgotten += names.learn(bob, one(100'000 + i), start + seconds(1'000));
  }
  CHECK(forgotten == 0);
}

TEST_CASE("a successor knows what its predecessor knew, and in the same order") {
  LearntNames before;
  before.learn(alice, answer("a.example", {{"203.0.113.1", 300}}), start);
  before.learn(bob, answer("c.example", {{"203.0.113.1", 300}}), start);
  before.learn({alice.address, phone}, answer("d.example", {{"203.0.113.3", 300}}), start);
  LearntNames after;
  before.each(Instant{}, [&](const LearntNames::Known& known) { after.restore(known); });
  CHECK(after.size(start) == 3);
  CHECK(found(after, alice, at("203.0.113.1"), start + seconds(101)) == "a.example");
  CHECK(found(after, {at("fd00::1"), phone}, at("203.0.113.3"), start) == "d.example");
  CHECK(found(after, bob, at("203.0.113.1"), start + seconds(299)) == "c.example");
  CHECK(found(after, bob, at("203.0.113.1"), start + seconds(300)).empty());
}

TEST_CASE("of what was learnt since a moment the rest is told apart, and the newer one stays") {
  LearntNames before;
  before.learn(alice, answer("a.example", {{"203.0.113.1", 300}}), start);
  before.learn(alice, answer("b.example", {{"203.0.113.2", 300}}), start + seconds(5));
  std::vector<LearntNames::Known> all;
  before.each(start + seconds(5), [&](const LearntNames::Known& known) { all.push_back(known); });
  REQUIRE(all.size() == 1);
  CHECK(all[0].host->name == "b.example");
  LearntNames after;
  after.learn(alice, answer("z.example", {{"203.0.113.2", 300}}), start + seconds(6));
  after.restore(all[0]);
  CHECK(found(after, alice, at("203.0.113.2"), start + seconds(6)) == "z.example");
}

TEST_CASE("several threads learn and ask at once") {
  LearntNames names;
  const auto work = [&](std::size_t self) {
    for (std::size_t i = 0; i < 2'000; ++i) {
      names.learn({number(self)}, one(i), start);
      names.learn(alice, one(i), start);
      static_cast<void>(names.find({number(self), phone}, number(i), start));
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t self = 0; self < 4; ++self) {
    threads.emplace_back(work, self);
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK(names.size(start) == 5 * 2'000);
}

TEST_CASE("all names of an address are known for as long as each holds, the last one last") {
  LearntNames names;
  const Address shared = at("203.0.113.1");
  const auto all = [&](Instant now) {
    std::string out;
    for (const auto& one : names.all_of(alice, shared, now).names) out += one.host->name + " ";
    return out;
  };
  names.learn(alice, answer("a.example", {{"203.0.113.1", 300}}), start);
  names.learn(alice, answer("b.example", {{"203.0.113.1", 100}}), start);
  CHECK(all(start) == "a.example b.example ");
  names.learn(alice, answer("a.example", {{"203.0.113.1", 200}}), start);  // 300 s still hold
  CHECK(all(start + seconds(99)) == "b.example a.example ");
  CHECK(all(start + seconds(299)) == "a.example ");
  CHECK(all(start + seconds(300)).empty());
  CHECK(found(names, alice, shared, start + seconds(150)) == "a.example");
  CHECK(names.all_of(bob, shared, start).names.empty());
  CHECK(names.size(start) == 1);
}

TEST_CASE("when the last name of an address is over, one that holds still counts") {
  LearntNames names;
  names.learn(alice, answer("a.example", {{"203.0.113.1", 300}}), start);
  names.learn(alice, answer("b.example", {{"203.0.113.1", 60}}), start + seconds(1));
  CHECK(found(names, alice, at("203.0.113.1"), start + seconds(60)) == "b.example");
  CHECK(found(names, alice, at("203.0.113.1"), start + seconds(61)) == "a.example");
}

TEST_CASE("where an address has more names than are kept, that is known while they hold") {
  LearntNames names;
  for (std::size_t i = 0; i <= LearntNames::most_names; ++i) {
    names.learn(alice, answer("n" + std::to_string(i) + ".example", {{"203.0.113.1", 300}}),
                start + seconds(i));
  }
  const auto all = names.all_of(alice, at("203.0.113.1"), start + seconds(20));
  CHECK(all.names.size() == LearntNames::most_names);
  CHECK(all.names.front().host->name == "n1.example");
  CHECK_FALSE(all.are_all);
  CHECK(names.all_of(alice, at("203.0.113.1"), start + seconds(300)).are_all);
}

TEST_CASE("what a device looked up, and its address before it was known, are its names") {
  LearntNames names;
  names.learn(alice, answer("a.example", {{"203.0.113.1", 300}}), start);
  names.learn({at("fd00::11"), phone}, answer("b.example", {{"203.0.113.1", 300}}), start);
  CHECK(names.all_of({alice.address, phone}, at("203.0.113.1"), start).names.size() == 2);
  CHECK(names.all_of(alice, at("203.0.113.1"), start).names.size() == 1);
  names.each(Instant{}, [&](const LearntNames::Known& known) {
    const bool is_phone = known.host->name == "b.example";
    CHECK(LearntNames::device_in(known.client) == (is_phone ? phone : Mac()));
  });
}

TEST_CASE("a successor knows all names of an address, told in whichever order") {
  LearntNames before;
  before.learn(alice, answer("a.example", {{"203.0.113.1", 300}}), start);
  before.learn(alice, answer("b.example", {{"203.0.113.1", 300}}), start + seconds(1));
  std::vector<LearntNames::Known> told;
  before.each(Instant{}, [&](const LearntNames::Known& one) { told.push_back(one); });
  REQUIRE(told.size() == 2);
  for (int turn = 0; turn < 2; ++turn) {
    LearntNames after;
    for (const LearntNames::Known& one : told) after.restore(one);
    for (const LearntNames::Known& one : told) after.restore(one);  // as a takeover may
    const Instant now = start + seconds(2);
    CHECK(after.all_of(alice, at("203.0.113.1"), now).names.size() == 2);
    CHECK(found(after, alice, at("203.0.113.1"), now) == "b.example");
    std::swap(told[0], told[1]);
  }
}

}  // namespace weir
