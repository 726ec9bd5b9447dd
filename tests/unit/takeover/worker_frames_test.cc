#include "takeover/worker_frames.h"

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

constexpr Milliseconds timeout{10'000};

// One worker with so many listeners, sockets (every second one with a relay) and flows.
class Worker {
 public:
  Worker(std::size_t listeners, std::size_t sockets, std::size_t flows) {
    state.part.tcp_listeners = 1;
    state.part.udp_listeners = static_cast<std::uint16_t>(listeners - 1);
    state.part.bindings.resize(1);
    state.part.sockets = static_cast<std::uint32_t>(sockets);
    state.part.flows = static_cast<std::uint32_t>(flows);
    state.last_number = 5;
    state.sockets.resize(sockets);
    state.flows.resize(flows);
    std::size_t relays = 0;
    for (std::size_t i = 1; i < sockets; i += 2) {
      state.sockets[i].relay.emplace();
      ++relays;
    }
    for (std::size_t i = 0; i < flows; ++i) {
      state.flows[i].socket = static_cast<std::uint32_t>(i % sockets);
    }
    state.listeners.assign(listeners, descriptor_.get());
    state.descriptors.assign(sockets + relays, descriptor_.get());
  }
  WorkerState state;

 private:
  Descriptor descriptor_{socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

Result<ReceivedWorkers> over(const WorkerState& worker) {
  std::array<int, 2> ends{};
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  Channel donor{Descriptor(ends[0])};
  Channel successor{Descriptor(ends[1])};
  std::thread sender([&]() {
    static_cast<void>(send_workers(donor, {&worker, 1}, {}, Instant{}, clock_now() + timeout));
  });
  auto out = receive_workers(successor, timeout);
  { const Channel gone = std::move(successor); }
  sender.join();
  return out;
}

TEST_CASE("a worker arrives whole, however many messages it takes") {
  const Worker worker(300, 401, 2'500);
  const auto received = over(worker.state);
  REQUIRE(received);
  REQUIRE(received.value().workers.size() == 1);
  const InheritedWorker& one = received.value().workers[0];
  CHECK(one.part == worker.state.part);
  CHECK(one.sockets == worker.state.sockets);
  CHECK(one.flows == worker.state.flows);
  CHECK(one.listeners.size() == 300);
  CHECK(one.descriptors.size() == 401 + 200);
  CHECK(received.value().ending.last_numbers == std::vector<std::uint64_t>{5});
}

TEST_CASE("what names something that is not there is refused") {
  Worker worker(2, 2, 2);
  REQUIRE(over(worker.state));
  SECTION("a flow whose socket is not there") { worker.state.flows[1].socket = 2; }
  SECTION("a flow whose binding is not there") { worker.state.flows[1].binding = 1; }
  SECTION("a flow whose server is not there") { worker.state.flows[1].server = 0; }
  SECTION("a socket whose binding is not there") { worker.state.sockets[0].binding = 1; }
  SECTION("a wrapped socket with a flow that goes bare") {
    worker.state.sockets[0].codecs = {"socks5"};
  }
  CHECK_FALSE(over(worker.state));
}

TEST_CASE("a wrapped socket whose flows are wrapped is taken") {
  Worker worker(2, 2, 2);
  worker.state.sockets[0].codecs = {"socks5"};
  worker.state.flows[0].encapsulation.emplace();
  CHECK(over(worker.state));
}

}  // namespace
}  // namespace weir
