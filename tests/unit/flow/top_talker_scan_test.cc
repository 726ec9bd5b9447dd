#include "flow/top_talker_scan.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"

namespace weir {
namespace {

using std::chrono::seconds;

struct Worker {
  TopTalkerScan scan;
  Instant now{};
  std::vector<FlowCore> flows;
  std::vector<std::uint64_t> bytes;
  int records = 0;
  std::uint64_t opened = 0;

  void open(const std::string& client, std::uint64_t moved) {
    FlowCore core;
    core.flow.client = Endpoint::parse(client).value();
    core.sequence = ++opened;
    flows.push_back(std::move(core));
    bytes.push_back(moved);
  }

  TopTalkerScan::Part scan_again() {
    scan.begin(now);
    for (std::size_t i = 0; i < flows.size(); ++i) {
      const std::function<FlowRecord()> record = [&] {
        ++records;
        FlowRecord out;
        out.client = flows[i].flow.client;
        out.bytes_up = bytes[i];
        return out;
      };
      scan.add({flows[i], bytes[i], record});
    }
    return scan.end();
  }
};

std::vector<std::string> clients_of(const TopTalkers& top_talkers) {
  std::vector<std::string> out;
  for (const auto& client : top_talkers.clients) {
    out.push_back(client.address.text());
  }
  return out;
}

TEST_CASE("the first look knows what was moved, the second how fast") {
  Worker worker;
  worker.open("192.0.2.1:1", 1'000'000);
  worker.open("192.0.2.2:1", 10);
  auto first = TopTalkerScan::merge({worker.scan_again()});
  CHECK(clients_of(first) == std::vector<std::string>{"192.0.2.1", "192.0.2.2"});
  CHECK(first.clients[0].bytes_per_second == 0);
  CHECK(first.clients[0].bytes == 1'000'000);

  worker.now += seconds(2);
  worker.bytes[1] += 500;
  worker.open("192.0.2.3:1", 100);  // since the look before
  auto second = TopTalkerScan::merge({worker.scan_again()});
  CHECK(clients_of(second) == std::vector<std::string>{"192.0.2.2", "192.0.2.3", "192.0.2.1"});
  CHECK(second.clients[0].bytes_per_second == 250);
  CHECK(second.clients[1].bytes_per_second == 50);
  CHECK(second.flows[0].bytes_per_second == 250);
  CHECK(second.flows[0].record.client.text() == "192.0.2.2:1");
  CHECK(second.flows_total == 3);
}

TEST_CASE("the busiest clients are called what their flows' devices are called") {
  Worker worker;
  worker.open("192.0.2.1:1", 10);
  worker.open("192.0.2.1:2", 10);
  worker.open("192.0.2.2:1", 5);
  worker.flows[1].device = DeviceRef("tv");
  const auto top = TopTalkerScan::merge({worker.scan_again(), worker.scan_again()});
  REQUIRE(top.clients.size() == 2);
  CHECK(top.clients[0].device == "tv");
  CHECK(top.clients[1].device.empty());
}

TEST_CASE("after a long while the speed of the moment is unknown again") {
  Worker worker;
  worker.open("192.0.2.1:1", 1'000);
  static_cast<void>(worker.scan_again());
  worker.now += TopTalkerScan::stale + seconds(1);
  const auto top_talkers = TopTalkerScan::merge({worker.scan_again()});
  CHECK(top_talkers.clients[0].bytes_per_second == 0);
  CHECK(top_talkers.flows[0].bytes_per_second == 0);
}

TEST_CASE("a flow has moved since the last look what it has now and had not then") {
  Worker worker;
  worker.open("192.0.2.1:1", 1'000);
  worker.open("192.0.2.2:1", 50'000);
  static_cast<void>(worker.scan_again());
  // The first one ends; another has its place in the table, and a number of its own.
  worker.flows.erase(worker.flows.begin());
  worker.bytes.erase(worker.bytes.begin());
  worker.open("192.0.2.3:1", 700);
  worker.now += seconds(1);
  const auto top_talkers = TopTalkerScan::merge({worker.scan_again()});
  CHECK(clients_of(top_talkers) == std::vector<std::string>{"192.0.2.3", "192.0.2.2"});
  CHECK(top_talkers.clients[0].bytes_per_second == 700);
  CHECK(top_talkers.clients[1].bytes_per_second == 0);
}

TEST_CASE("a client is one, on however many workers its flows are") {
  Worker one;
  Worker other;
  one.open("192.0.2.1:1", 60);
  one.open("192.0.2.1:2", 60);
  one.open("192.0.2.2:1", 100);
  other.open("192.0.2.1:3", 60);
  const auto top_talkers = TopTalkerScan::merge({one.scan_again(), other.scan_again()});
  REQUIRE(top_talkers.clients.size() == 2);
  CHECK(top_talkers.clients_total == 2);
  CHECK(top_talkers.flows_total == 4);
  CHECK(top_talkers.clients[0].address.text() == "192.0.2.1");
  CHECK(top_talkers.clients[0].flows == 3);
  CHECK(top_talkers.clients[0].bytes == 180);
}

TEST_CASE("the busiest of many are found, and records are made for few") {
  Worker worker;
  for (int i = 0; i < 5'000; ++i) {
    // Each of them is at some place the busiest so far, but few are.
    worker.open("192.0." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ":1",
                static_cast<std::uint64_t>(i * 7919 % 5'000));
  }
  const auto top_talkers = TopTalkerScan::merge({worker.scan_again()});
  REQUIRE(top_talkers.flows.size() == TopTalkers::max);
  for (std::size_t i = 0; i < TopTalkers::max; ++i) {
    CHECK(top_talkers.flows[i].record.bytes_up == 4'999 - i);
    CHECK(top_talkers.flows[i].record.live);
    CHECK(top_talkers.clients[i].bytes == 4'999 - i);
  }
  CHECK(top_talkers.clients_total == 5'000);
  CHECK(worker.records < 500);
}

}  // namespace
}  // namespace weir
