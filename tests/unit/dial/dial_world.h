// A dial on a network that the test makes up, with a clock that the test moves, and the flow that
// owns the dial. Needs no privilege.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/timer_wheel.h"
#include "caller.h"
#include "catch.h"
#include "dial/tcp_dial.h"
#include "loop/edge_poll.h"
#include "tcp_network.h"

namespace weir {

class DialWorld final : public EdgePoll::Watcher,
                        private TcpDial::Owner,
                        private TcpDial::SocketObserver {
 public:
  static constexpr Milliseconds connect_timeout{10'000};
  static constexpr Milliseconds handshake_timeout{5'000};

  DialWorld()
      : poll_(
            loop_, [this]() { poll_.stop(); }, [this]() { return now_; }) {
    flow.client = Endpoint::parse("198.51.100.7:4000").value();
    flow.destination = Endpoint::parse("203.0.113.9:80").value();
  }
  ~DialWorld() { dial.reset(); }

  // That server, and its place among those that the dial is given.
  [[nodiscard]] static Endpoint server(int number) {
    return Endpoint::parse("192.0.2." + std::to_string(10 + number) + ":80").value();
  }
  [[nodiscard]] static std::vector<Endpoint> servers(int count) {
    std::vector<Endpoint> out;
    for (int number = 1; number <= count; ++number) {
      out.push_back(server(number));
    }
    return out;
  }

  TcpDial::Outcome start(const Upstream& upstream) {
    dial.emplace(TcpDial::Environment{.observer = *this,
                                      .poll = poll_,
                                      .timers = timers_,
                                      .bypass = {0x2, 0x2},
                                      .connect_timeout = connect_timeout,
                                      .handshake_timeout = handshake_timeout,
                                      .calls = TcpNetwork::calls()},
                 flow, upstream, static_cast<TcpDial::Owner&>(*this),
                 static_cast<EdgePoll::Watcher&>(*this));
    return dial->start();
  }
  // Begins, and lets happen what the network has to say.
  std::optional<TcpDial::Outcome> run(const Upstream& upstream) {
    const auto begun = start(upstream);
    if (begun != TcpDial::Outcome::connecting) {
      return begun;
    }
    settle();
    return outcome;
  }
  // What the network has to say happens.
  void settle() {
    for (int turn = 0; turn < 6; ++turn) {
      poll_.run();
    }
  }
  // The clock moves on, and what is due happens.
  void pass(Milliseconds time) {
    settle();  // what has happened by now
    now_ += time;
    poll_.run();
    while (!timers_.advance(now_)) {
    }
    settle();
  }
  // Until it has come so far; real time passes only while the kernel carries bytes.
  void until(const std::function<bool()>& condition) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      REQUIRE(std::chrono::steady_clock::now() < give_up);
      poll_.run();
    }
  }
  // Nothing is left of it: no socket, no deadline.
  [[nodiscard]] bool has_nothing_open() const { return sockets.empty() && timers_.is_empty(); }

  TcpNetwork network;
  Flow flow;
  std::optional<TcpDial> dial;
  std::optional<TcpDial::Outcome> outcome;
  int reports = 0;
  std::vector<std::string> retried;
  int source_port_taken = 0;
  int no_route = 0;                    // what choose_egress() says
  std::multiset<std::string> sockets;  // open now: their remote ends

 private:
  void on_events(std::uint32_t events) override { dial->on_events(events); }
  void on_dialed(TcpDial::Outcome what) override {
    outcome = what;
    ++reports;
  }
  void on_retry(const std::shared_ptr<Server>& failed) override {
    retried.push_back(failed->identity().name);
  }
  std::string flow_id() const override { return "flow-1"; }
  void on_source_port_taken() override { ++source_port_taken; }
  int choose_egress(const Flow&, Route&) override { return no_route; }
  void on_socket_opened(const TcpDial::Ends& ends) override { sockets.insert(ends.remote.text()); }
  void on_socket_closed(const TcpDial::Ends& ends) override {
    const auto found = sockets.find(ends.remote.text());
    REQUIRE(found != sockets.end());
    sockets.erase(found);
  }

  Instant now_{std::chrono::hours(1)};
  Loop loop_;
  EdgePoll poll_;
  TimerWheel timers_{now_};
};

}  // namespace weir
