// Who owns a dial, and what it dials: a policy with a script, and a server that never answers.
//
// Time is the wheel's, moved by the test; the network is loopback.
#pragma once

#include <sys/socket.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "catch.h"
#include "dial/tcp_dial.h"
#include "loopback.h"

namespace weir {

// A policy with a script: each server in its turn, then none.
class Scripted final : public Upstream {
 public:
  Scripted(std::uint32_t attempts, const std::vector<Endpoint>& remotes, Source source = {})
      : Upstream({.name = "pool", .type = "scripted", .source = source, .attempts = attempts}) {
    int number = 1;
    for (const Endpoint& remote : remotes) {
      servers_.push_back(std::make_shared<Server>(Server::Identity{
          "pool", "server" + std::to_string(number++), remote.address.text(), remote.port}));
    }
  }
  Route do_route(const Flow& flow, const Target& target,
                 std::span<const std::shared_ptr<Server>> tried) const override {
    Route out;
    out.verdict = verdict;
    out.source = profile().source;
    out.options = &profile().options;
    if (verdict != Route::Verdict::dial) {
      return out;
    }
    if (tried.size() >= servers_.size()) {
      out.verdict = Route::Verdict::no_server;
      return out;
    }
    out.server = servers_[tried.size()];
    out.remote = {out.server->addresses()[0], out.server->identity().port};
    if (hops) {
      hops(out, flow, target);
    }
    return out;
  }
  // What is to be said on the way.
  std::function<void(Route&, const Flow&, const Target&)> hops;
  std::vector<std::string> describe(const Flow&) const override { return {}; }
  [[nodiscard]] std::span<const std::shared_ptr<Server>> servers() const { return servers_; }
  Route::Verdict verdict = Route::Verdict::dial;

 private:
  std::vector<std::shared_ptr<Server>> servers_;
};

// Owns a dial as a flow does.
class Caller final : public EdgePoll::Watcher,
                     private TcpDial::Owner,
                     private TcpDial::SocketObserver {
 public:
  explicit Caller(const Upstream& upstream, Milliseconds timeout = Milliseconds(10'000))
      : poll_(loop_,
              [this]() {
                if (stop_ == nullptr || stop_()) {
                  poll_.stop();
                }
              }),
        mailbox_(std::in_place, loop_),
        timers_(poll_.now()) {
    flow.client = Endpoint::parse("127.0.0.5:4000").value();
    flow.destination = Endpoint::parse("127.0.0.1:80").value();
    TcpDial::Owner& owner = *this;
    dial.emplace(TcpDial::Environment{static_cast<TcpDial::SocketObserver&>(*this),
                                      poll_,
                                      timers_,
                                      {0x2, 0x2},
                                      timeout,
                                      timeout},
                 flow, upstream, owner, *this);
  }
  ~Caller() {
    dial.reset();
    mailbox_.reset();
  }

  void on_events(std::uint32_t events) override {
    if (dial) {
      dial->on_events(events);
    }
  }

  TcpDial::Outcome start() { return dial->start(); }
  // Until the dial has reported, or the condition holds. Real time passes only while the kernel
  // answers.
  void wait(const std::function<bool()>& also = [] { return false; }) {
    Timer alarm(loop_, [this]() {
      timed_out_ = true;
      poll_.stop();
    });
    alarm.once(std::chrono::seconds(20));
    stop_ = [this, also]() { return outcome.has_value() || also(); };
    if (!stop_()) {
      poll_.run();
    }
    REQUIRE_FALSE(timed_out_);
  }
  // Moves the wheel's time on, without anything else happening.
  void pass(Milliseconds time) {
    passed_ += time;
    timers_.advance(poll_.now() + passed_);
  }
  [[nodiscard]] static std::string tuple(const TcpDial::Ends& ends) {
    return ends.local.text() + " -> " + ends.remote.text();
  }
  [[nodiscard]] std::string tuple() const { return tuple(dial->ends()); }
  [[nodiscard]] bool waits_for_time() const { return !timers_.is_empty(); }

  Flow flow;
  std::optional<TcpDial> dial;
  std::optional<TcpDial::Outcome> outcome;
  int reports = 0;
  std::vector<std::string> retried;
  int source_port_taken = 0;
  std::multiset<std::string> sockets;  // open now

 private:
  void on_dialed(TcpDial::Outcome what) override {
    outcome = what;
    ++reports;
  }
  void on_retry(const std::shared_ptr<Server>& failed) override {
    retried.push_back(failed->identity().name);
  }
  std::string flow_id() const override { return "flow-1"; }
  void on_source_port_taken() override { ++source_port_taken; }
  int choose_egress(const Flow&, Route&) override { return 0; }
  void on_socket_opened(const TcpDial::Ends& ends) override { sockets.insert(tuple(ends)); }
  void on_socket_closed(const TcpDial::Ends& ends) override {
    REQUIRE(sockets.contains(tuple(ends)));
    sockets.erase(sockets.find(tuple(ends)));
  }

  Loop loop_;
  EdgePoll poll_;
  std::optional<Mailbox> mailbox_;
  TimerWheel timers_;
  std::function<bool()> stop_;
  Milliseconds passed_{0};
  bool timed_out_ = false;
};

// A server that answers no SYN: its backlog is full.
struct Silent {
  Silent() : socket(bound("127.0.0.1:0", SOCK_STREAM)) {
    REQUIRE(listen(socket.get(), 0) == 0);
    local = name_of(socket.get());
    // Connections that are really made; the next one stays half-way.
    for (int i = 0; i < 4; ++i) {
      fillers.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      sockaddr_storage raw{};
      const socklen_t length = local.to(raw);
      static_cast<void>(
          connect(fillers.back().get(), reinterpret_cast<const sockaddr*>(&raw), length));
    }
  }
  Descriptor socket;
  Endpoint local;
  std::deque<Descriptor> fillers;
};

}  // namespace weir
