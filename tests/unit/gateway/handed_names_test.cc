// What clients have looked up, on its way to a successor.
#include "gateway/handed_names.h"

#include <algorithm>
#include <string>
#include <vector>

#include "catch.h"

namespace weir {
namespace {

using std::chrono::seconds;

constexpr Instant start{std::chrono::hours(1)};
constexpr std::size_t plenty = std::size_t{1} << 30U;

Address at(const std::string& text) { return Address::parse(text).value(); }
void learn(LearntNames& names, const std::string& client, const std::string& name,
           const std::string& address, Instant when, std::uint32_t ttl = 300) {
  names.learn({at(client)}, {.name = name, .addresses = {{at(address), ttl}}}, when);
}
std::string found(const LearntNames& names, const std::string& client, const std::string& address,
                  Instant now) {
  const HostRef host = names.find({at(client)}, at(address), now);
  return host == nullptr ? "" : host->name;
}
std::vector<std::string> texts(const HandedNames& handed) {
  std::vector<std::string> out;
  for (const auto& one : handed.names) {
    out.push_back(one.name);
  }
  return out;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a successor knows what was looked up, and for as long as its predecessor would have") {
  LearntNames before;
  learn(before, "192.0.2.11", "a.example", "203.0.113.1", start);
  learn(before, "fd00::12", "b.example", "2001:db8::1", start, 0);
  const HandedNames handed = hand_over_names(before, {}, start + seconds(10), plenty);
  CHECK(handed.left_out == 0);
  LearntNames after;
  take_over_names(handed.names, after);
  CHECK(found(after, "192.0.2.11", "203.0.113.1", start + seconds(299)) == "a.example");
  CHECK(found(after, "192.0.2.11", "203.0.113.1", start + seconds(300)).empty());
  CHECK(found(after, "fd00::12", "2001:db8::1", start + seconds(59)) == "b.example");
  CHECK(found(after, "fd00::12", "2001:db8::1", start + seconds(60)).empty());
  CHECK(after.find({at("192.0.2.11")}, at("203.0.113.1"), start)->from == HostFrom::dns);
}

TEST_CASE("names go in the order in which they were learnt, and what is over does not") {
  LearntNames before;
  for (int i = 0; i < 20; ++i) {
    learn(before, "192.0.2." + std::to_string(1 + i), "n" + std::to_string(10 + i), "203.0.113.1",
          start + seconds(i), i % 2 == 0 ? 60 : 300);
  }
  const Texts all = texts(hand_over_names(before, {}, start, plenty));
  CHECK(all.size() == 20);
  CHECK(std::is_sorted(all.begin(), all.end()));
  CHECK(hand_over_names(before, {}, start + seconds(200), plenty).names.size() == 10);
}

TEST_CASE("where all of it is too much the oldest is left out, and counted") {
  LearntNames before;
  learn(before, "192.0.2.11", "a.example", "203.0.113.1", start);
  learn(before, "192.0.2.11", "b.example", "203.0.113.2", start + seconds(1));
  learn(before, "192.0.2.12", "c.example", "203.0.113.3", start + seconds(2));
  const HandedNames handed = hand_over_names(before, {}, start, 200);
  CHECK(texts(handed) == Texts{"b.example", "c.example"});
  CHECK(handed.left_out == 1);
}

TEST_CASE("what was learnt since the offer follows it, and what is newer by then stays") {
  LearntNames before;
  learn(before, "192.0.2.11", "a.example", "203.0.113.1", start);
  const HandedNames offered = hand_over_names(before, {}, start, plenty);
  learn(before, "192.0.2.11", "b.example", "203.0.113.1", start + seconds(5));
  const HandedNames more = hand_over_names(before, start + seconds(3), start, plenty);
  CHECK(texts(more) == Texts{"b.example"});
  LearntNames after;
  take_over_names(offered.names, after);
  take_over_names(more.names, after);
  take_over_names(offered.names, after);
  CHECK(found(after, "192.0.2.11", "203.0.113.1", start + seconds(6)) == "b.example");
}

}  // namespace weir
