// A gateway made up for the admin tests: fixed figures, and answers that come when the test says.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "admin/control.h"

namespace weir {

class FakeSets final : public SetControl {
 public:
  [[nodiscard]] std::vector<SetReport> list() const override {
    SetReport paused;
    paused.name = "paused";
    paused.files = {"paused.list"};
    paused.prefixes = 3;
    paused.live = {
        {.item = "192.0.2.7", .is_added = true, .uid = 1000, .left = Milliseconds(60'000)},
        {.item = "192.0.2.9", .is_added = false, .uid = 0, .left = std::nullopt}};
    return {paused};
  }
  void change(const std::string& name, const SetChange& change, const Answer& answer) override {
    changes.push_back(change);
    SetOutcome out = outcome;
    out.set = list()[0];
    out.set.name = name;
    answer(out);
  }
  std::vector<SetChange> changes;
  SetOutcome outcome;
};

class FakeControl : public Control {
 public:
  FakeControl() : Control(sets_of) {}
  StatusReport status() override {
    StatusReport report;
    report.version = "1.2.3";
    report.file = "/etc/weir/weir.ini";
    report.pid = 42;
    report.uptime_ms = 61'500;
    report.workers = 2;
    report.port = 50080;
    report.tcp_flows = 3;
    report.udp_flows = 4;
    report.max_flows = 1000;
    report.flows_total = 70;
    report.learnt_names = 11;
    report.bytes_up = 1024;
    report.bytes_down = 5'000'000'000;
    report.reloads = 2;
    report.reloads_failed = 1;
    report.reasons = {{"loop", 0}, {"max-flows", 5}};
    return report;
  }

  void rules(std::chrono::seconds /*oldest*/, RulesAnswer answer) override {
    answer(made_up_rules());
  }
  static std::vector<RuleReport> made_up_rules() {
    RuleReport web;
    web.name = "web";
    web.use = "pool";
    web.location = "weir.ini:12";
    web.flows = 9;
    web.live = 2;
    web.bytes_up = 10;
    web.bytes_down = 20;
    RuleReport odd;
    odd.name = "o\"d\\d\n";
    odd.use = "drop";
    odd.in_firewall = true;
    odd.firewall_packets = 6;
    odd.firewall_bytes = 360;
    return {web, odd};
  }

  void release_firewall(std::function<void(const Result<>&)> answer) override {
    ++releases;
    answer(released);
  }

  std::vector<UpstreamReport> upstreams() override {
    ServerReport server;
    server.name = "web1";
    server.host = "web1.example.net";
    server.addresses = {"192.0.2.60", "2001:db8::60"};
    server.port = 80;
    server.flows = 8;
    server.live = 1;
    server.failures = 3;
    UpstreamReport pool;
    pool.name = "pool";
    pool.type = "forward";
    pool.flows = 9;
    pool.live = 2;
    pool.latencies.connect.buckets[3] = 4;
    pool.latencies.connect.buckets[Histogram::bounded] = 1;
    pool.latencies.connect.us = 20'002'000;
    pool.packets_up = 12;
    pool.servers = {server};
    return {pool};
  }

  void flows(const FlowFilter& filter, FlowsAnswer answer) override {
    filters.push_back(filter);
    if (answers_later) {
      waiting.push_back(std::move(answer));
    } else {
      answer(is_crowded ? nullptr : std::make_shared<const FlowList>(list));
    }
  }

  std::vector<WorkerReport> workers() override {
    WorkerReport worker;
    worker.turns.buckets[2] = 7;
    worker.turns.us = 1500;
    worker.longest_turn_us = 390;
    worker.bulk_directions = 7;
    worker.longest_reload_us = 45;
    return {worker};
  }

  void top_talkers(std::function<void(std::shared_ptr<const TopTalkers>)> answer) override {
    answer(std::make_shared<TopTalkers>(busy));
  }

  void close_flow(const std::string& id, std::function<void(bool)> answer) override {
    answer(id == "live-0-1");
  }

  void drain() override { ++drains; }
  Result<> released = Ok{};
  int releases = 0;
  void set_log_level(LogLevel level) override { levels.push_back(level); }

  Result<> set_server(const std::string& upstream, const std::string& server,
                      const ServerChange& change) override {
    if (upstream != "pool" || server != "web1") {
      return Error("there is no such server");
    }
    changes.push_back(change);
    return Ok{};
  }

  void reload(std::function<void(ReloadReport)> answer) override { answer(reload_report); }

  // Makes a list that is about `bytes` long as JSON.
  void grow_list(std::size_t bytes) {
    FlowRecord record;
    record.live = true;
    record.host = std::string(1000, 'h');
    list.flows.assign(bytes / 1400, record);
    list.total = list.flows.size();
  }

  FakeSets sets_of;
  bool answers_later = false;
  bool is_crowded = false;
  std::vector<FlowsAnswer> waiting;
  std::vector<FlowFilter> filters;
  FlowList list;
  TopTalkers busy;
  int drains = 0;
  std::vector<LogLevel> levels;
  std::vector<ServerChange> changes;
  ReloadReport reload_report;
};

}  // namespace weir
