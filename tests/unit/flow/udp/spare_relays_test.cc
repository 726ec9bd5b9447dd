#include "flow/udp/spare_relays.h"

#include <chrono>
#include <memory>
#include <vector>

#include "catch.h"

namespace weir {
namespace {

using std::chrono::seconds;

class Relay final : public SpareRelays::Member {
 public:
  int rested = 0;

 private:
  void on_rested() override { ++rested; }
};

// A value that is only compared.
template <typename T>
const T* one(std::size_t number) {
  return reinterpret_cast<const T*>(number * 64);
}

SpareRelays::Kind kind() {
  return {.upstream = one<Upstream>(1),
          .options = one<SocketOptions>(1),
          .server = one<Server>(2),
          .dialled = nullptr,
          .generation = 0,
          .target = {.endpoint = {Address::any(Family::v4), 53}, .host = {}}};
}

struct Lab {
  Instant now{};
  Deadlines deadlines{now};
  SpareRelays spare{deadlines};

  void wait(seconds time) {
    now += time;
    deadlines.advance(now);
  }
};

}  // namespace

TEST_CASE("a relay is spare until it leaves") {
  Lab lab;
  Relay relay;
  CHECK_FALSE(relay.is_spare());
  CHECK(lab.spare.find(kind()) == nullptr);
  relay.join(lab.spare, kind());
  CHECK(relay.is_spare());
  CHECK(lab.spare.find(kind()) == &relay);
  relay.leave();
  CHECK_FALSE(relay.is_spare());
  CHECK(lab.spare.find(kind()) == nullptr);
  relay.leave();
  relay.join(lab.spare, kind());
  CHECK(lab.spare.find(kind()) == &relay);
}

TEST_CASE("who has been spare for longest is found first") {
  Lab lab;
  std::vector<std::unique_ptr<Relay>> relays;
  for (int i = 0; i < 3; ++i) {
    relays.emplace_back(std::make_unique<Relay>())->join(lab.spare, kind());
  }
  relays[1]->leave();
  CHECK(lab.spare.find(kind()) == relays[0].get());
  relays[0]->leave();
  CHECK(lab.spare.find(kind()) == relays[2].get());
  relays[0]->join(lab.spare, kind());
  CHECK(lab.spare.find(kind()) == relays[2].get());
}

TEST_CASE("a relay serves only who asks for the same") {
  Lab lab;
  Relay relay;
  relay.join(lab.spare, kind());
  std::vector<SpareRelays::Kind> others(8, kind());
  others[0].upstream = one<Upstream>(3);
  others[1].server = one<Server>(3);
  others[2].dialled = one<Server>(2);
  others[3].generation = 1;
  others[4].target.endpoint.port = 54;
  others[5].target.endpoint.address = Address::any(Family::v6);
  others[6].target.host = "resolver.example";
  others[7].options = one<SocketOptions>(3);
  for (const auto& other : others) {
    CHECK(lab.spare.find(other) == nullptr);
  }
  CHECK(lab.spare.find(kind()) == &relay);
}

TEST_CASE("a relay that rests is told when its time is over, and no flow finds it any more") {
  Lab lab;
  Relay relay;
  relay.join(lab.spare, kind());
  relay.rest(lab.now + seconds(10), lab.now);
  CHECK(relay.is_resting());
  CHECK(lab.spare.resting() == 1);
  CHECK(lab.spare.find(kind()) == &relay);
  lab.wait(seconds(9));
  CHECK(relay.rested == 0);
  lab.wait(seconds(2));
  CHECK(relay.rested == 1);
  CHECK_FALSE(relay.is_spare());
  CHECK(lab.spare.resting() == 0);
  CHECK(lab.spare.find(kind()) == nullptr);
}

TEST_CASE("a relay that a flow took is told nothing") {
  Lab lab;
  Relay relay;
  relay.join(lab.spare, kind());
  relay.rest(lab.now + seconds(10), lab.now);
  relay.leave();
  CHECK(lab.spare.resting() == 0);
  lab.wait(seconds(20));
  CHECK(relay.rested == 0);
  // The next time counts from then.
  relay.join(lab.spare, kind());
  CHECK_FALSE(relay.is_resting());
  relay.rest(lab.now + seconds(10), lab.now);
  lab.wait(seconds(11));
  CHECK(relay.rested == 1);
}

TEST_CASE("who has rested for longest can be sent away") {
  Lab lab;
  Relay busy;
  Relay first;
  Relay second;
  CHECK(lab.spare.longest_resting() == nullptr);
  busy.join(lab.spare, kind());
  for (Relay* relay : {&second, &first}) {
    relay->join(lab.spare, kind());
  }
  first.rest(lab.now + seconds(10), lab.now);
  second.rest(lab.now + seconds(5), lab.now);
  CHECK(lab.spare.longest_resting() == &first);
  first.leave();
  CHECK(lab.spare.longest_resting() == &second);
  second.leave();
  CHECK(lab.spare.longest_resting() == nullptr);
  CHECK(lab.spare.find(kind()) == &busy);
}

TEST_CASE("a relay that is destroyed leaves nothing behind") {
  Lab lab;
  Relay stays;
  {
    Relay goes;
    goes.join(lab.spare, kind());
    stays.join(lab.spare, kind());
    goes.rest(lab.now + seconds(1), lab.now);
  }
  CHECK(lab.spare.find(kind()) == &stays);
  CHECK(lab.spare.resting() == 0);
  lab.wait(seconds(2));
  CHECK(stays.rested == 0);
}

}  // namespace weir
