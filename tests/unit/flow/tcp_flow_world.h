// The TCP side of a worker on a network that the test makes up, with a clock that the test moves: a
// configuration with an upstream of each kind, clients that are real connections, and the records
// as the log has them. Needs no privilege.
#pragma once

#include <chrono>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/folder.h"
#include "base/log.h"
#include "catch.h"
#include "flow/egress_choice.h"
#include "flow/flow_intake.h"
#include "flow/flow_records.h"
#include "flow/made_up_gate.h"
#include "flow/tcp_flows.h"
#include "flow/upstream_section.h"
#include "rule_conditions.h"
#include "tcp_network.h"

namespace weir {

class TcpFlowWorld {
 public:
  // The port of a destination, and so its rule.
  static constexpr Port own = 8001;    // direct
  static constexpr Port one = 8002;    // one server, no retries
  static constexpr Port pool = 8003;   // a, and b when a fails
  static constexpr Port proxy = 8004;  // a SOCKS5 server
  static constexpr Port reject = 8005;
  static constexpr Port drop = 8006;
  static constexpr Port limited = 8007;  // direct, at most one flow
  static constexpr Port errors = 8008;   // direct, log = errors
  static constexpr Port spoofed = 8009;  // source = client:port

  static Endpoint end_of(const std::string& text) { return Endpoint::parse(text).value(); }
  static Endpoint server_a() { return end_of("192.0.2.11:5300"); }
  static Endpoint server_b() { return end_of("192.0.2.12:5300"); }
  static Endpoint server_of_proxy() { return end_of("192.0.2.21:1080"); }
  static Endpoint destination(Port port) { return {end_of("203.0.113.9:1").address, port}; }
  static Endpoint client_at(Port port) { return {end_of("198.51.100.7:1").address, port}; }

  static RuleSettings rule(const std::string& name, Port port, const std::string& use) {
    RuleSettings out;
    out.name = name;
    out.set(weir::on({{Protocol::tcp, port, port}}));
    out.use = use;
    return out;
  }
  static Configuration standard() {
    Configuration out;
    out.upstreams = {
        section("own", {{"type", "direct"}}),
        section(
            "one",
            {{"type", "forward"}, {"server", "a=192.0.2.11:5300 max-flows=100"}, {"retries", "0"}}),
        section("pool", {{"type", "forward"},
                         {"server", "a=192.0.2.11:5300"},
                         {"server", "b=192.0.2.12:5300 backup"}}),
        section("proxy", {{"type", "socks5"}, {"server", "p=192.0.2.21:1080"}, {"retries", "0"}}),
        section("spoofed", {{"type", "direct"}, {"source", "client:port"}}),
    };
    out.rules = {rule("own", own, "own"),
                 rule("one", one, "one"),
                 rule("pool", pool, "pool"),
                 rule("proxy", proxy, "proxy"),
                 rule("reject", reject, "reject"),
                 rule("drop", drop, "drop"),
                 rule("limited", limited, "own"),
                 rule("errors", errors, "own"),
                 rule("spoofed", spoofed, "spoofed")};
    out.rules[6].max_flows = 1;
    out.rules[7].log = LogFlows::errors;
    out.gateway.default_use = "reject";
    out.limits.max_flows = 1'000;
    out.limits.max_flows_per_client = 1'000;
    return out;
  }

  explicit TcpFlowWorld(Configuration configuration = standard())
      : poll(
            loop, [this]() { poll.stop(); }, [this]() { return now; }) {
    LogSettings settings;
    settings.target = LogTarget::file;
    settings.path = folder_ / "log";
    log = std::move(Log::open(settings)).value();
    passing.emplace(timers, asked, [this]() { return now; });
    intake.emplace(FlowIntake::Parts{0, poll.clock(), in_use, ids, admission, clients, *passing,
                                     reasons, devices, lookups});
    written.emplace(FlowRecords::Parts{ids, poll.clock(), reasons, *log});
    use(std::move(configuration));
    flows.emplace(TcpFlows::Parts{.dial = {.poll = poll,
                                           .timers = timers,
                                           .loop_guard = loop_guard,
                                           .passing = *passing,
                                           .reasons = reasons,
                                           .egress = egress_choice,
                                           .in_use = in_use,
                                           .ids = ids,
                                           .calls = TcpNetwork::calls()},
                                  .intake = *intake,
                                  .records = *written,
                                  .lookups = lookups,
                                  .port = Port{50'080},
                                  .workers = 1});
  }

  // For new flows from now on, as after a reload.
  void use(Configuration configuration) {
    auto made = Snapshot::Maker{servers, rules, upstreams, 1000}.make(std::move(configuration),
                                                                      in_force.get());
    INFO((made.ok() ? "" : made.error().text()));
    REQUIRE(made.ok());
    in_force = made.value();
    in_use.snapshot = SnapshotRef(in_force);
  }

  // A client connects to the destination of that port; what happens at once has happened.
  [[nodiscard]] TcpPeer open(Port port, Port from = 4000) {
    TcpNetwork::Connection made = network.connection();
    accept(std::move(made.called), port, from);
    settle();
    return TcpPeer(std::move(made.caller));
  }
  void accept(Descriptor socket, Port port, Port from = 4000) {
    flows->accept(
        {.socket = std::move(socket), .client = client_at(from), .destination = destination(port)});
  }

  void settle() {
    for (int turn = 0; turn < 6; ++turn) {
      poll.run();
    }
  }
  // The clock moves on, and what is due happens.
  void pass(Milliseconds time) {
    settle();  // what has happened by now
    now += time;
    poll.run();
    while (!timers.advance(now)) {
    }
    settle();
  }
  // Until it has come so far; real time passes only while the kernel carries bytes.
  void until(const std::function<bool()>& condition) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      REQUIRE(std::chrono::steady_clock::now() < give_up);
      poll.run();
    }
  }
  [[nodiscard]] bool hears(TcpPeer& peer, const std::string& text) {
    until([&]() {
      return peer.observe() != TcpPeer::State::open || peer.heard.size() >= text.size();
    });
    return peer.heard == text;
  }
  [[nodiscard]] TcpPeer::State end_heard_by(TcpPeer& peer) {
    until([&]() { return peer.observe() != TcpPeer::State::open; });
    return peer.observe();
  }

  [[nodiscard]] std::uint64_t count(Reason reason) const { return reasons.get(reason); }
  [[nodiscard]] std::shared_ptr<Server> server(const std::string& upstream,
                                               const std::string& name) {
    std::shared_ptr<Server> out;
    servers.each([&](const std::shared_ptr<Server>& found) {
      if (found->identity().upstream == upstream && found->identity().name == name) {
        out = found;
      }
    });
    REQUIRE(out);
    return out;
  }

  // What the log has of flows, and a field of the only one.
  [[nodiscard]] std::vector<std::string> records() {
    written->flush();
    const std::string mark = "mark " + std::to_string(++marks_);
    log->info(mark);
    std::vector<std::string> out;
    until([&]() {
      out.clear();
      std::ifstream file(folder_ / "log");
      for (std::string line; std::getline(file, line);) {
        if (line.ends_with(mark)) {
          return true;
        }
        if (line.find(" flow tcp ") != std::string::npos) {
          out.push_back(line);
        }
      }
      return false;
    });
    return out;
  }
  [[nodiscard]] static std::string field(const std::string& record, const std::string& key) {
    const auto at = record.find(" " + key + "=");
    if (at == std::string::npos) {
      return "";
    }
    const std::string value = record.substr(at + key.size() + 2);
    return value.starts_with('"') ? value.substr(1, value.find('"', 1) - 1)
                                  : value.substr(0, value.find(' '));
  }
  [[nodiscard]] std::string recorded(const std::string& key) {
    const auto all = records();
    REQUIRE(all.size() == 1);
    return field(all.front(), key);
  }

  TcpNetwork network;
  Instant now{std::chrono::hours(1)};
  Loop loop;
  EdgePoll poll;
  TimerWheel timers{now};
  FlowTotals totals{10'000};
  OwnSocketTables own_sockets;
  Admission admission{totals, 0};
  LoopGuard loop_guard{own_sockets, 0};
  AskedDestinations asked;
  ServerPool servers{[this]() { return now; }};
  CounterRegistry rules{1};
  CounterRegistry upstreams{1};
  Reasons reasons;
  PolicyRouting policy_routing;
  std::unique_ptr<Log> log;
  std::shared_ptr<const Snapshot> in_force;
  InUse in_use;
  EgressChoice egress_choice{policy_routing, in_use, reasons};
  FlowIds ids{1, 0};
  Clients clients;
  ClientDevices devices{poll.clock(),
                        [](const Address&, std::uint32_t, ClientDevices::Wait) { return Mac(); }};
  LearntNames names;
  MadeUpGate gate;
  DnsLookups lookups{DnsLookups::Parts{names, &gate, devices, in_use, reasons, poll.clock()}};
  std::optional<Passing> passing;
  std::optional<FlowIntake> intake;
  std::optional<FlowRecords> written;
  std::optional<TcpFlows> flows;

 private:
  Folder folder_;
  int marks_ = 0;
};

}  // namespace weir
