#include "flow/udp/relay_pool.h"

#include <chrono>
#include <memory>
#include <vector>

#include "catch.h"

namespace weir {
namespace {

using std::chrono::seconds;

class Relay final : public RelayPool::Member {
 public:
  int expired = 0;

 private:
  void on_expired() override { ++expired; }
};

// A value that is only compared.
template <typename T>
const T* one(std::size_t number) {
  return reinterpret_cast<const T*>(number * 64);
}

RelayPool::Key kind() {
  return {.upstream = one<Upstream>(1),
          .options = one<SocketOptions>(1),
          .server = one<Server>(2),
          .first_hop = nullptr,
          .generation = 0,
          .target = {.endpoint = {Address::any(Family::v4), 53}, .host = {}}};
}

struct Lab {
  Instant now{};
  TimerWheel timers{now};
  RelayPool pool{timers};

  void wait(seconds time) {
    now += time;
    timers.advance(now);
  }
};

}  // namespace

TEST_CASE("a relay is in the pool until it leaves") {
  Lab lab;
  Relay relay;
  CHECK_FALSE(relay.is_available());
  CHECK(lab.pool.find(kind()) == nullptr);
  relay.join(lab.pool, kind());
  CHECK(relay.is_available());
  CHECK(lab.pool.find(kind()) == &relay);
  relay.leave();
  CHECK_FALSE(relay.is_available());
  CHECK(lab.pool.find(kind()) == nullptr);
  relay.leave();
  relay.join(lab.pool, kind());
  CHECK(lab.pool.find(kind()) == &relay);
}

TEST_CASE("the relay that has been in the pool for longest is found first") {
  Lab lab;
  std::vector<std::unique_ptr<Relay>> relays;
  for (int i = 0; i < 3; ++i) {
    relays.emplace_back(std::make_unique<Relay>())->join(lab.pool, kind());
  }
  relays[1]->leave();
  CHECK(lab.pool.find(kind()) == relays[0].get());
  relays[0]->leave();
  CHECK(lab.pool.find(kind()) == relays[2].get());
  relays[0]->join(lab.pool, kind());
  CHECK(lab.pool.find(kind()) == relays[2].get());
}

TEST_CASE("a relay serves only who asks for the same") {
  Lab lab;
  Relay relay;
  relay.join(lab.pool, kind());
  std::vector<RelayPool::Key> others(8, kind());
  others[0].upstream = one<Upstream>(3);
  others[1].server = one<Server>(3);
  others[2].first_hop = one<Server>(2);
  others[3].generation = 1;
  others[4].target.endpoint.port = 54;
  others[5].target.endpoint.address = Address::any(Family::v6);
  others[6].target.host = "resolver.example";
  others[7].options = one<SocketOptions>(3);
  for (const auto& other : others) {
    CHECK(lab.pool.find(other) == nullptr);
  }
  CHECK(lab.pool.find(kind()) == &relay);
}

TEST_CASE("a relay that rests is told when its time is over, and no flow finds it any more") {
  Lab lab;
  Relay relay;
  relay.join(lab.pool, kind());
  relay.park(lab.now + seconds(10), lab.now);
  CHECK(relay.is_parked());
  CHECK(lab.pool.parked() == 1);
  CHECK(lab.pool.find(kind()) == &relay);
  lab.wait(seconds(9));
  CHECK(relay.expired == 0);
  lab.wait(seconds(2));
  CHECK(relay.expired == 1);
  CHECK_FALSE(relay.is_available());
  CHECK(lab.pool.parked() == 0);
  CHECK(lab.pool.find(kind()) == nullptr);
}

TEST_CASE("a relay that a flow took is told nothing") {
  Lab lab;
  Relay relay;
  relay.join(lab.pool, kind());
  relay.park(lab.now + seconds(10), lab.now);
  relay.leave();
  CHECK(lab.pool.parked() == 0);
  lab.wait(seconds(20));
  CHECK(relay.expired == 0);
  // The next time counts from then.
  relay.join(lab.pool, kind());
  CHECK_FALSE(relay.is_parked());
  relay.park(lab.now + seconds(10), lab.now);
  lab.wait(seconds(11));
  CHECK(relay.expired == 1);
}

TEST_CASE("the relay that has been parked for longest can be sent away") {
  Lab lab;
  Relay busy;
  Relay first;
  Relay second;
  CHECK(lab.pool.longest_parked() == nullptr);
  busy.join(lab.pool, kind());
  for (Relay* relay : {&second, &first}) {
    relay->join(lab.pool, kind());
  }
  first.park(lab.now + seconds(10), lab.now);
  second.park(lab.now + seconds(5), lab.now);
  CHECK(lab.pool.longest_parked() == &first);
  first.leave();
  CHECK(lab.pool.longest_parked() == &second);
  second.leave();
  CHECK(lab.pool.longest_parked() == nullptr);
  CHECK(lab.pool.find(kind()) == &busy);
}

TEST_CASE("a relay that is destroyed leaves nothing behind") {
  Lab lab;
  Relay stays;
  {
    Relay goes;
    goes.join(lab.pool, kind());
    stays.join(lab.pool, kind());
    goes.park(lab.now + seconds(1), lab.now);
  }
  CHECK(lab.pool.find(kind()) == &stays);
  CHECK(lab.pool.parked() == 0);
  lab.wait(seconds(2));
  CHECK(stays.expired == 0);
}

}  // namespace weir
