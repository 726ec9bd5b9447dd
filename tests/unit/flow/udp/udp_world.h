// The UDP side of a worker on a fake network, with a clock that the test moves: a configuration
// with an upstream of each kind, a client, and what is heard at either end.
#pragma once

#include <sys/epoll.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "fake_network.h"
#include "flow/flow_intake.h"
#include "flow/flow_records.h"
#include "flow/made_up_gate.h"
#include "flow/udp/udp_path.h"
#include "flow/upstream_section.h"
#include "rule_conditions.h"

namespace weir {

inline Endpoint end_of(const std::string& text) { return Endpoint::parse(text).value(); }

struct UdpWorld {
  static RuleSettings rule(const std::string& use, Port port) {
    RuleSettings out;
    out.name = use;
    out.set(weir::on({{Protocol::udp, port, port}}));
    out.use = use;
    return out;
  }
  static Configuration standard() {
    Configuration out;
    out.upstreams = {
        section("own", {{"type", "direct"}, {"mapping", "per-flow"}}),
        section("mapped", {{"type", "direct"}, {"mapping", "per-client"}}),
        section("marked", {{"type", "direct"}, {"mapping", "per-flow"}, {"dscp", "46"}}),
        section("pool", {{"type", "forward"},
                         {"server", "a=192.0.2.11:5300"},
                         {"server", "b=192.0.2.12:5300"}}),
        section("headed",
                {{"type", "forward"}, {"server", "a=192.0.2.21:5300"}, {"proxy-protocol", "v2"}}),
    };
    out.rules = {rule("own", 7001),    rule("mapped", 7002), rule("pool", 7003),
                 rule("marked", 7004), rule("reject", 7005), rule("drop", 7006),
                 rule("headed", 7007), rule("pool", 53)};
    out.gateway.default_use = "reject";
    out.limits.max_flows = 1'000;
    out.limits.max_flows_per_client = 1'000;
    return out;
  }

  // And a rule for port 7010, of a group that leads to either of two servers.
  static Configuration with_group() {
    Configuration out = standard();
    out.upstreams.push_back(
        section("first", {{"type", "forward"}, {"server", "a=192.0.2.11:5300"}}));
    out.upstreams.push_back(
        section("second", {{"type", "forward"}, {"server", "b=192.0.2.12:5300"}}));
    out.upstreams.push_back(section("any", {{"type", "group"}, {"members", "first, second"}}));
    out.rules.push_back(rule("any", 7010));
    return out;
  }

  explicit UdpWorld(Configuration configuration = standard(), std::uint64_t descriptors = 10'000)
      : poll(loop, []() {}), timers(now), totals(descriptors) {
    LogSettings settings;
    settings.target = LogTarget::file;
    settings.path = "/dev/null";
    auto opened = Log::open(settings);
    REQUIRE(opened.ok());
    log = std::move(opened).value();
    auto made =
        Snapshot::Maker{servers, rules, upstreams, 1'000}.make(std::move(configuration), nullptr);
    INFO((made.ok() ? "" : made.error().text()));
    REQUIRE(made.ok());
    snapshot = made.value();
    passing.emplace(timers, asked, [this]() { return now; });
    in_use.snapshot = SnapshotRef(snapshot);
    intake.emplace(FlowIntake::Parts{0, now, in_use, ids, admission, clients, *passing, reasons,
                                     devices, lookups});
    records.emplace(FlowRecords::Parts{ids, now, reasons, *log});
    path.emplace(UdpPath::Parts{.dial = dial(),
                                .intake = *intake,
                                .records = *records,
                                .lookups = lookups,
                                .clients = clients,
                                .admission = admission,
                                .log = *log,
                                .now = now,
                                .worker = 0,
                                .port = 50080,
                                .mark = 2,
                                .calls = FakeNetwork::calls()});
    using Entry = Surroundings::Entry;
    const std::vector<Entry> links{
        {end_of("192.0.2.1:1").address, Prefix::parse("192.0.2.0/24").value(), 1},
        {end_of("198.51.100.1:1").address, Prefix::parse("198.51.100.0/24").value(), 2}};
    path->network_changed(std::make_shared<const Surroundings>(links));
  }

  [[nodiscard]] DialParts dial() {
    return {poll, timers, loop_guard, *passing, reasons, egress_choice, in_use, ids};
  }

  // The client says something; several things in one batch.
  struct Said {
    Port port;  // of the destination
    std::string payload;
    std::uint16_t segment = 0;
    std::uint8_t tos = 0;
    Port from = 4000;
    std::uint32_t mark = 0;
  };
  void say(const std::vector<Said>& batch) {
    std::vector<InterceptedDatagram> datagrams;
    for (const Said& one : batch) {
      InterceptedDatagram datagram;
      datagram.client = client_at(one.from);
      datagram.destination = server_at(one.port);
      datagram.interface = 2;
      datagram.segment = one.segment;
      datagram.tos = one.tos;
      datagram.mark = one.mark;
      datagram.payload = {reinterpret_cast<const std::uint8_t*>(one.payload.data()),
                          one.payload.size()};
      datagrams.push_back(datagram);
    }
    path->on_datagrams(datagrams);
  }
  void say(Port port, const std::string& payload) { say({{.port = port, .payload = payload}}); }

  [[nodiscard]] static Endpoint client_at(Port port) {
    return {end_of("198.51.100.7:1").address, port};
  }
  [[nodiscard]] static Endpoint server_at(Port port) {
    return {end_of("203.0.113.9:1").address, port};
  }

  // The flow to that port; null: there is none.
  [[nodiscard]] UdpFlow* flow(Port port, Port from = 4000) {
    return path->flows().find(client_at(from), server_at(port));
  }
  [[nodiscard]] FakeNetwork::Socket& socket_of(Port port, Port from = 4000) {
    UdpFlow* found = flow(port, from);
    REQUIRE(found != nullptr);
    return network.at(found->socket->descriptor.get());
  }
  // The server side of that flow has something to read.
  void ready(Port port, std::uint32_t events = EPOLLIN, Port from = 4000) {
    UdpFlow* found = flow(port, from);
    REQUIRE(found != nullptr);
    found->socket->on_events(events);
  }
  // What servers answer reaches the client.
  void answer(Port port, const std::string& payload, Port from = 4000) {
    FakeNetwork::Socket& socket = socket_of(port, from);
    socket.inbox.push_back({flow(port, from)->core.remote, payload});
    ready(port, EPOLLIN, from);
    path->end_turn();
  }
  // Payloads that the client has got, in the name of that port.
  [[nodiscard]] std::vector<std::string> heard(Port port) {
    std::vector<std::string> out;
    if (const auto* socket = network.bound_to(server_at(port))) {
      for (const auto& one : socket->sent) {
        out.push_back(one.payload);
      }
    }
    return out;
  }
  // The clock moves on, and what is due happens.
  void pass(Milliseconds time) {
    now += time;
    while (!timers.advance(now)) {
    }
  }
  [[nodiscard]] std::uint64_t count(Reason reason) const { return reasons.get(reason); }

  FakeNetwork network;
  Instant now{std::chrono::hours(1)};
  Loop loop;
  EdgePoll poll;
  TimerWheel timers;
  FlowTotals totals;
  OwnSocketTables own_sockets;
  Admission admission{totals, 0};
  LoopGuard loop_guard{own_sockets, 0};
  AskedDestinations asked;
  ServerPool servers{[this]() { return now; }};
  CounterRegistry rules{1};
  CounterRegistry upstreams{1};
  Reasons reasons;
  PolicyRouting policy_routing;
  InUse in_use;
  EgressChoice egress_choice{policy_routing, in_use, reasons};
  FlowIds ids{1, 0};
  Clients clients;
  ClientDevices devices{now,
                        [](const Address&, std::uint32_t, ClientDevices::Wait) { return Mac(); }};
  LearntNames names;
  MadeUpGate gate;
  DnsLookups lookups{DnsLookups::Parts{names, &gate, devices, in_use, reasons, now}};
  std::unique_ptr<Log> log;
  std::shared_ptr<const Snapshot> snapshot;
  std::optional<Passing> passing;
  std::optional<FlowIntake> intake;
  std::optional<FlowRecords> records;
  std::optional<UdpPath> path;
};

// A DNS query for the name of one letter, and its response.
inline std::string dns_query(std::uint16_t id, char name = 'a') {
  std::string out{static_cast<char>(id >> 8U), static_cast<char>(id & 0xffU)};
  out += std::string{1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, name, 0, 0, 1, 0, 1};
  return out;
}
inline std::string dns_response(std::uint16_t id, char name = 'a') {
  std::string out = dns_query(id, name);
  out[2] = static_cast<char>(0x81);
  return out;
}

}  // namespace weir
