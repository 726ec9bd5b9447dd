// The UDP side of a worker whose rules ask for the host on one port, and what QUIC clients send it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sniff/quic_play.h"
#include "udp_world.h"

namespace weir {

// Its rules: what is below .alpha.example, what is refused, what is dropped, and the rest.
inline constexpr Port named = 8443;

inline Configuration by_host() {
  Configuration out = UdpWorld::standard();
  const auto add = [&](const std::string& name, const std::string& use, const std::string& host) {
    RuleSettings rule = UdpWorld::rule(use, named);
    rule.name = name;
    if (!host.empty()) {
      rule.set(said("host", host));
    }
    out.rules.push_back(std::move(rule));
  };
  add("alpha", "own", ".alpha.example");
  add("refused", "reject", "ads.example");
  add("dropped", "drop", "spy.example");
  add("rest", "own", "");
  out.limits.max_flows = 5'000;
  out.limits.max_flows_per_client = 5'000;
  return out;
}

// The first datagrams of a client that asks for that host: its hello in so many.
inline std::vector<std::string> quic_client(const std::string& host, std::size_t count = 1) {
  return in_datagrams({}, crypto_frames(quic_hello(host), count));
}

// Says no name, and that one may come.
inline std::string quic_ping(std::uint64_t number, std::size_t size = 1200) {
  BuiltInitial ping;
  ping.number = number;
  ping.frames = ping_frame();
  return sealed_to(size, ping);
}

struct QuicWorld : UdpWorld {
  explicit QuicWorld(Configuration configuration = by_host())
      : UdpWorld(std::move(configuration)) {}

  // Each in a batch of its own.
  void say_each(const std::vector<std::string>& payloads, Port from = 4000) {
    for (const std::string& payload : payloads) {
      say({{.port = named, .payload = payload, .from = from}});
    }
  }
  [[nodiscard]] bool is_open(Port from = 4000) { return flow(named, from) != nullptr; }
  // Of the flow that is open.
  [[nodiscard]] std::string rule(Port from = 4000) {
    const UdpFlow* found = flow(named, from);
    return found == nullptr ? "no flow" : found->core.rule->name;
  }
  [[nodiscard]] std::string host(Port from = 4000) {
    const UdpFlow* found = flow(named, from);
    return found == nullptr || !found->core.flow.host ? "" : found->core.flow.host->name;
  }
  // What its server has got.
  [[nodiscard]] std::vector<std::string> sent(Port from = 4000) {
    std::vector<std::string> out;
    for (const auto& one : socket_of(named, from).sent) {
      out.push_back(one.payload);
    }
    return out;
  }
  // What a reload does.
  void use(Configuration configuration) {
    auto made = Snapshot::Maker{servers, rules, upstreams, 1'000}.make(std::move(configuration),
                                                                       snapshot.get());
    REQUIRE(made.ok());
    in_use.snapshot = SnapshotRef(made.value());
  }
  // timeouts.sniff is over.
  void wait_in_vain() { pass(snapshot->configuration().timeouts.sniff + TimerWheel::tick); }
};

}  // namespace weir
