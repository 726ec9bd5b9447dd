#include "takeover/handed_frames.h"

#include <sys/socket.h>

#include <array>
#include <thread>
#include <utility>
#include <vector>

#include "catch.h"
#include "loop/loop.h"

namespace weir {
namespace {

using takeover::Channel;

constexpr Milliseconds patience{10'000};

// One worker with so many listeners, sockets (every second one with a relay) and flows.
class Worker {
 public:
  Worker(std::size_t listeners, std::size_t sockets, std::size_t flows) {
    handed.part.tcp_listeners = 1;
    handed.part.udp_listeners = static_cast<std::uint16_t>(listeners - 1);
    handed.part.ways.resize(1);
    handed.part.sockets = static_cast<std::uint32_t>(sockets);
    handed.part.flows = static_cast<std::uint32_t>(flows);
    handed.last_number = 5;
    handed.sockets.resize(sockets);
    handed.flows.resize(flows);
    std::size_t relays = 0;
    for (std::size_t i = 1; i < sockets; i += 2) {
      handed.sockets[i].relay.emplace();
      ++relays;
    }
    for (std::size_t i = 0; i < flows; ++i) {
      handed.flows[i].socket = static_cast<std::uint32_t>(i % sockets);
    }
    handed.listeners.assign(listeners, descriptor_.get());
    handed.descriptors.assign(sockets + relays, descriptor_.get());
  }
  HandedWorker handed;

 private:
  Descriptor descriptor_{socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

Result<ReceivedWorkers> over(const HandedWorker& worker) {
  std::array<int, 2> ends{};
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  Channel donor{Descriptor(ends[0])};
  Channel successor{Descriptor(ends[1])};
  std::thread sender([&]() {
    static_cast<void>(send_workers(donor, {&worker, 1}, {}, Instant{}, clock_now() + patience));
  });
  auto out = receive_workers(successor, patience);
  { const Channel gone = std::move(successor); }
  sender.join();
  return out;
}

TEST_CASE("a worker arrives whole, however many messages it takes") {
  const Worker worker(300, 401, 2'500);
  const auto received = over(worker.handed);
  REQUIRE(received);
  REQUIRE(received.value().workers.size() == 1);
  const InheritedWorker& one = received.value().workers[0];
  CHECK(one.part == worker.handed.part);
  CHECK(one.sockets == worker.handed.sockets);
  CHECK(one.flows == worker.handed.flows);
  CHECK(one.listeners.size() == 300);
  CHECK(one.descriptors.size() == 401 + 200);
  CHECK(received.value().ending.last_numbers == std::vector<std::uint64_t>{5});
}

TEST_CASE("what names something that is not there is refused") {
  Worker worker(2, 2, 2);
  REQUIRE(over(worker.handed));
  SECTION("a flow whose socket is not there") { worker.handed.flows[1].socket = 2; }
  SECTION("a flow whose way is not there") { worker.handed.flows[1].way = 1; }
  SECTION("a flow whose server is not there") { worker.handed.flows[1].server = 0; }
  SECTION("a socket whose way is not there") { worker.handed.sockets[0].way = 1; }
  SECTION("a wrapped socket with a flow that goes bare") {
    worker.handed.sockets[0].codecs = {"socks5"};
  }
  CHECK_FALSE(over(worker.handed));
}

TEST_CASE("a wrapped socket whose flows are wrapped is taken") {
  Worker worker(2, 2, 2);
  worker.handed.sockets[0].codecs = {"socks5"};
  worker.handed.flows[0].wrapping.emplace();
  CHECK(over(worker.handed));
}

}  // namespace
}  // namespace weir
