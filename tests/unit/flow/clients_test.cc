#include "flow/clients.h"

#include <chrono>
#include <deque>
#include <random>
#include <vector>

#include "catch.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using Kind = Clients::Kind;

struct Each : Clients::Seat {
  Clients::Id client = 0;
  Kind kind = Kind::unanswered;
  Instant since{};
};

constexpr auto since = [](const Clients::Seat& flow) {
  return static_cast<const Each&>(flow).since;
};

const Instant start = Instant{} + 1h;

struct Fixture {
  Each& open(std::uint64_t key, Instant at = start) {
    Each& flow = flows.emplace_back();
    flow.client = clients.take(key);
    flow.since = at;
    clients.add(flow.client, flow, flow.kind);
    return flow;
  }
  void answer(Each& flow) {
    clients.remove(flow.client, flow, flow.kind);
    flow.kind = Kind::answered;
    clients.add(flow.client, flow, flow.kind);
  }
  void close(Each& flow) {
    clients.remove(flow.client, flow, flow.kind);
    clients.drop(flow.client);
  }
  Each* idlest(std::uint64_t key) {
    const auto client = clients.find(key);
    return client ? static_cast<Each*>(clients.idlest_of(*client, since)) : nullptr;
  }

  Clients clients;
  std::deque<Each> flows;
};

TEST_CASE_METHOD(Fixture,
                 "a client is there while it has flows, and its place is another's later") {
  CHECK_FALSE(clients.find(7));
  const auto one = clients.take(7);
  const auto other = clients.take(8);
  CHECK(one != other);
  CHECK(clients.take(7) == one);
  CHECK(clients.key_of(one) == 7);
  clients.drop(one);
  CHECK(clients.find(7) == one);
  clients.drop(one);
  CHECK_FALSE(clients.find(7));
  CHECK(clients.take(9) == one);
}

TEST_CASE_METHOD(Fixture, "a client's own flow that was idle for longest gives way") {
  CHECK(idlest(1) == nullptr);
  CHECK(clients.spare_of_most(start, since) == nullptr);
  Each& first = open(1, start + 3s);
  Each& second = open(1, start + 1s);
  Each& third = open(1, start + 2s);
  open(2, start);
  CHECK(idlest(1) == &second);
  answer(second);
  CHECK(idlest(1) == &second);
  second.since = start + 9s;
  CHECK(idlest(1) == &third);
  close(third);
  CHECK(idlest(1) == &first);
  close(first);
  CHECK(idlest(1) == &second);
  close(second);
  CHECK(idlest(1) == nullptr);
}

TEST_CASE_METHOD(Fixture, "of many flows one that is idle gives way, not one that is used") {
  std::mt19937 random(7);  // NOLINT(cert-msc32-c,cert-msc51-cpp)
  for (int i = 0; i < 2'000; ++i) {
    open(1, random() % 2 == 0 ? start + 1min : start);
  }
  int idle = 0;
  for (int i = 0; i < 500; ++i) {
    Each* gone = idlest(1);
    REQUIRE(gone != nullptr);
    idle += gone->since == start ? 1 : 0;
    close(*gone);
  }
  CHECK(idle > 480);  // of eight that are looked at, one is idle nearly always
}

TEST_CASE_METHOD(Fixture,
                 "where all is taken, the client with most loses a flow without an answer") {
  open(1);
  for (int i = 0; i < 40; ++i) {
    answer(open(2));
  }
  CHECK(clients.spare_of_most(start, since) == nullptr);  // all are answered, and busy
  Each& first = open(2);
  open(2, start + 1s);
  CHECK(clients.spare_of_most(start, since) == &first);
}

TEST_CASE_METHOD(Fixture, "else one that is idle for long enough") {
  Each& only = open(1, start);
  answer(only);
  CHECK(clients.spare_of_most(start, since) == nullptr);
  CHECK(clients.spare_of_most(start + 1s, since) == &only);
}

TEST_CASE_METHOD(Fixture, "who has most is right to one part in sixteen, whatever comes and goes") {
  std::mt19937 random(7);  // NOLINT(cert-msc32-c,cert-msc51-cpp)
  std::vector<std::vector<Each*>> of(20);
  for (int step = 0; step < 20'000; ++step) {
    const std::size_t client = random() % (step % 3 == 0 ? of.size() : 5);
    auto& mine = of[client];
    if (!mine.empty() && random() % 5 < 2) {
      close(*mine.back());
      mine.pop_back();
    } else {
      mine.push_back(&open(client + 100));
    }
    if (step % 50 != 0) {
      continue;
    }
    std::size_t max = 0;
    for (std::size_t i = 0; i < of.size(); ++i) {
      const auto id = clients.find(i + 100);
      REQUIRE((id ? clients.count(*id) : 0) == of[i].size());
      max = std::max(max, of[i].size());
    }
    if (auto* found = static_cast<Each*>(clients.spare_of_most(start, since)); max > 0) {
      REQUIRE(found != nullptr);
      CHECK(clients.count(found->client) * 16 + 16 > max * 15);
    }
  }
}

}  // namespace
}  // namespace weir
