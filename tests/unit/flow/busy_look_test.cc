#include "flow/busy_look.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"

namespace weir {
namespace {

using std::chrono::seconds;

struct Worker {
  BusyLook look;
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

  BusyLook::Part look_again() {
    look.begin(now);
    for (std::size_t i = 0; i < flows.size(); ++i) {
      const std::function<FlowRecord()> record = [&] {
        ++records;
        FlowRecord out;
        out.client = flows[i].flow.client;
        out.bytes_up = bytes[i];
        return out;
      };
      look.look_at({flows[i], bytes[i], record});
    }
    return look.end();
  }
};

std::vector<std::string> clients_of(const Busiest& busiest) {
  std::vector<std::string> out;
  for (const auto& client : busiest.clients) {
    out.push_back(client.address.text());
  }
  return out;
}

TEST_CASE("the first look knows what was moved, the second how fast") {
  Worker worker;
  worker.open("192.0.2.1:1", 1'000'000);
  worker.open("192.0.2.2:1", 10);
  auto first = BusyLook::merge({worker.look_again()});
  CHECK(clients_of(first) == std::vector<std::string>{"192.0.2.1", "192.0.2.2"});
  CHECK(first.clients[0].bytes_per_second == 0);
  CHECK(first.clients[0].bytes == 1'000'000);

  worker.now += seconds(2);
  worker.bytes[1] += 500;
  worker.open("192.0.2.3:1", 100);  // since the look before
  auto second = BusyLook::merge({worker.look_again()});
  CHECK(clients_of(second) == std::vector<std::string>{"192.0.2.2", "192.0.2.3", "192.0.2.1"});
  CHECK(second.clients[0].bytes_per_second == 250);
  CHECK(second.clients[1].bytes_per_second == 50);
  CHECK(second.flows[0].bytes_per_second == 250);
  CHECK(second.flows[0].record.client.text() == "192.0.2.2:1");
  CHECK(second.flows_total == 3);
}

TEST_CASE("after a long while the speed of the moment is unknown again") {
  Worker worker;
  worker.open("192.0.2.1:1", 1'000);
  static_cast<void>(worker.look_again());
  worker.now += BusyLook::stale + seconds(1);
  const auto busiest = BusyLook::merge({worker.look_again()});
  CHECK(busiest.clients[0].bytes_per_second == 0);
  CHECK(busiest.flows[0].bytes_per_second == 0);
}

TEST_CASE("a flow has moved since the last look what it has now and had not then") {
  Worker worker;
  worker.open("192.0.2.1:1", 1'000);
  worker.open("192.0.2.2:1", 50'000);
  static_cast<void>(worker.look_again());
  // The first one ends; another has its place in the table, and a number of its own.
  worker.flows.erase(worker.flows.begin());
  worker.bytes.erase(worker.bytes.begin());
  worker.open("192.0.2.3:1", 700);
  worker.now += seconds(1);
  const auto busiest = BusyLook::merge({worker.look_again()});
  CHECK(clients_of(busiest) == std::vector<std::string>{"192.0.2.3", "192.0.2.2"});
  CHECK(busiest.clients[0].bytes_per_second == 700);
  CHECK(busiest.clients[1].bytes_per_second == 0);
}

TEST_CASE("a client is one, on however many workers its flows are") {
  Worker one;
  Worker other;
  one.open("192.0.2.1:1", 60);
  one.open("192.0.2.1:2", 60);
  one.open("192.0.2.2:1", 100);
  other.open("192.0.2.1:3", 60);
  const auto busiest = BusyLook::merge({one.look_again(), other.look_again()});
  REQUIRE(busiest.clients.size() == 2);
  CHECK(busiest.clients_total == 2);
  CHECK(busiest.flows_total == 4);
  CHECK(busiest.clients[0].address.text() == "192.0.2.1");
  CHECK(busiest.clients[0].flows == 3);
  CHECK(busiest.clients[0].bytes == 180);
}

TEST_CASE("the busiest of many are found, and records are made for few") {
  Worker worker;
  for (int i = 0; i < 5'000; ++i) {
    // Each of them is at some place the busiest so far, but few are.
    worker.open("192.0." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ":1",
                static_cast<std::uint64_t>(i * 7919 % 5'000));
  }
  const auto busiest = BusyLook::merge({worker.look_again()});
  REQUIRE(busiest.flows.size() == Busiest::most);
  for (std::size_t i = 0; i < Busiest::most; ++i) {
    CHECK(busiest.flows[i].record.bytes_up == 4'999 - i);
    CHECK(busiest.flows[i].record.live);
    CHECK(busiest.clients[i].bytes == 4'999 - i);
  }
  CHECK(busiest.clients_total == 5'000);
  CHECK(worker.records < 500);
}

}  // namespace
}  // namespace weir
