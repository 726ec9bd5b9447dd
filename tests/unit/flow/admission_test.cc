#include "flow/admission.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "catch.h"

namespace weir {
namespace {

using Verdict = Admission::Verdict;

Admission::Claim flow(const std::string& client, Protocol protocol = Protocol::tcp) {
  return {.protocol = protocol, .client = hash_of(Address::parse(client).value())};
}

RuleEntry rule(const std::string& name, std::uint64_t max_flows = 0,
               std::uint64_t max_flows_per_client = 0, std::size_t workers = 1) {
  RuleEntry entry;
  entry.name = name;
  entry.counters = std::make_shared<FlowCounters>(workers);
  entry.upstream_counters = std::make_shared<FlowCounters>(workers);
  entry.max_flows = max_flows;
  entry.max_flows_per_client = max_flows_per_client;
  entry.key = std::hash<std::string>{}(name);
  return entry;
}

Limits limits(std::uint64_t max_flows, std::uint64_t per_client) {
  Limits out;
  out.max_flows = max_flows;
  out.max_flows_per_client = per_client;
  return out;
}

const Admission::Claim a = flow("198.51.100.1");
const Admission::Claim b = flow("198.51.100.2");

}  // namespace

TEST_CASE("flows are admitted up to the limit, and again when one has ended") {
  FlowTotals totals(1024);
  Admission admission(totals, 0);
  const RuleEntry web = rule("web");
  const Limits three = limits(3, 100);
  for (int i = 0; i < 3; ++i) {
    CHECK(admission.admit(a, web, three) == Verdict::admitted);
  }
  CHECK(admission.admit(b, web, three) == Verdict::max_flows);
  CHECK(totals.live(Protocol::tcp) == 3);
  admission.release(a, web);
  CHECK(totals.live(Protocol::tcp) == 2);
  CHECK(admission.admit(b, web, three) == Verdict::admitted);
  CHECK(admission.admit(b, web, three) == Verdict::max_flows);
}

TEST_CASE("one client's limit leaves the others theirs") {
  FlowTotals totals(1024);
  Admission admission(totals, 0);
  const RuleEntry web = rule("web");
  const Limits two_each = limits(100, 2);
  CHECK(admission.admit(a, web, two_each) == Verdict::admitted);
  CHECK(admission.admit(a, web, two_each) == Verdict::admitted);
  CHECK(admission.admit(a, web, two_each) == Verdict::max_flows_per_client);
  CHECK(admission.admit(b, web, two_each) == Verdict::admitted);
  CHECK(totals.live(Protocol::tcp) == 3);
  CHECK(admission.admit(a, web, two_each) == Verdict::max_flows_per_client);
  admission.release(a, web);
  CHECK(admission.admit(a, web, two_each) == Verdict::admitted);
}

TEST_CASE("TCP and UDP are counted apart") {
  FlowTotals totals(1024);
  Admission admission(totals, 0);
  const RuleEntry web = rule("web");
  const Limits one = limits(1, 1);
  const Admission::Claim datagrams = flow("198.51.100.1", Protocol::udp);
  CHECK(admission.admit(a, web, one) == Verdict::admitted);
  CHECK(admission.admit(datagrams, web, one) == Verdict::admitted);
  CHECK(admission.admit(b, web, one) == Verdict::max_flows);
  CHECK(totals.live(Protocol::tcp) == 1);
  CHECK(totals.live(Protocol::udp) == 1);
  admission.release(datagrams, web);
  CHECK(totals.live(Protocol::udp) == 0);
  CHECK(totals.live(Protocol::tcp) == 1);
}

TEST_CASE("a rule's own limits hold for its flows only") {
  FlowTotals totals(1024);
  Admission admission(totals, 0);
  const Limits wide = limits(1000, 1000);
  const RuleEntry narrow = rule("narrow", 3, 2);
  const RuleEntry open = rule("open");
  CHECK(admission.admit(a, narrow, wide) == Verdict::admitted);
  CHECK(admission.admit(a, narrow, wide) == Verdict::admitted);
  CHECK(admission.admit(a, narrow, wide) == Verdict::rule_max_flows_per_client);
  CHECK(admission.admit(a, open, wide) == Verdict::admitted);
  CHECK(admission.admit(b, narrow, wide) == Verdict::admitted);
  CHECK(admission.admit(b, narrow, wide) == Verdict::rule_max_flows);
  CHECK(narrow.counters->sum().live == 3);
  CHECK(narrow.upstream_counters->sum().live == 3);
  CHECK(open.counters->sum().live == 1);
  admission.release(a, narrow);
  CHECK(admission.admit(b, narrow, wide) == Verdict::admitted);
}

TEST_CASE("a flow that is refused leaves no trace in any count") {
  const RuleEntry one = rule("one", 1);
  const RuleEntry one_each = rule("one-each", 0, 1);
  const RuleEntry free = rule("free");
  for (const RuleEntry* refusing : {&one, &one_each}) {
    INFO(refusing->name);
    FlowTotals totals(1024);
    Admission admission(totals, 0);
    const Limits four = limits(4, 4);
    CHECK(admission.admit(a, *refusing, four) == Verdict::admitted);
    for (int i = 0; i < 20; ++i) {
      CHECK(admission.admit(a, *refusing, four) != Verdict::admitted);
    }
    CHECK(totals.live(Protocol::tcp) == 1);
    CHECK(refusing->counters->sum().live == 1);
    CHECK(refusing->upstream_counters->sum().live == 1);
    // Exactly three are left, of the client and in all.
    for (int i = 0; i < 3; ++i) {
      CHECK(admission.admit(a, free, four) == Verdict::admitted);
    }
    CHECK(admission.admit(a, free, four) == Verdict::max_flows);
    CHECK(totals.live(Protocol::tcp) == 4);
    for (int i = 0; i < 3; ++i) {
      admission.release(a, free);
    }
    admission.release(a, *refusing);
    CHECK(totals.live(Protocol::tcp) == 0);
    CHECK(refusing->counters->sum().live == 0);
    CHECK(free.counters->sum().live == 0);
    CHECK(free.upstream_counters->sum().live == 0);
    CHECK(admission.admit(a, *refusing, four) == Verdict::admitted);
  }
}

TEST_CASE("a TCP flow takes two descriptors while it is admitted, and a UDP flow none") {
  FlowTotals totals(200);
  Admission admission(totals, 0);
  const RuleEntry web = rule("web");
  const Limits generous = limits(1'000'000, 1'000'000);
  const Admission::Claim datagrams = flow("198.51.100.1", Protocol::udp);
  std::uint64_t flows = 0;
  while (admission.admit(a, web, generous) == Verdict::admitted) {
    ++flows;
    REQUIRE(flows <= 100);
  }
  CHECK(flows == totals.auto_max_flows());
  CHECK(admission.admit(b, web, generous) == Verdict::out_of_descriptors);
  CHECK(totals.live(Protocol::tcp) == flows);
  CHECK(admission.admit(datagrams, web, generous) == Verdict::admitted);
  CHECK(admission.take_udp_socket());
  admission.release(a, web);
  CHECK(admission.admit(b, web, generous) == Verdict::admitted);
  CHECK(admission.admit(b, web, generous) == Verdict::out_of_descriptors);
}

TEST_CASE("descriptors that UDP has borrowed are none for TCP until they are given back") {
  FlowTotals totals(200);
  Admission admission(totals, 0);
  const RuleEntry web = rule("web");
  const Limits generous = limits(1'000'000, 1'000'000);
  std::uint64_t sockets = 0;
  while (admission.take_udp_socket()) {
    ++sockets;
  }
  std::uint64_t flows = 0;
  while (admission.admit(a, web, generous) == Verdict::admitted) {
    ++flows;
  }
  CHECK(flows > 0);
  CHECK(flows < totals.auto_max_flows());
  for (; sockets > 0; --sockets) {
    admission.give_back_udp_socket();
  }
  while (admission.admit(a, web, generous) == Verdict::admitted) {
    ++flows;
  }
  CHECK(flows == totals.auto_max_flows());
}

TEST_CASE("an adopted TCP flow takes its descriptors, left or not") {
  FlowTotals totals(200);
  Admission admission(totals, 0);
  const RuleEntry web = rule("web");
  const Limits generous = limits(1'000'000, 1'000'000);
  const std::uint64_t max = totals.auto_max_flows();
  for (std::uint64_t i = 0; i < max + 3; ++i) {
    admission.adopt(a, web);
  }
  for (int i = 0; i < 4; ++i) {
    CHECK(admission.admit(b, web, generous) == Verdict::out_of_descriptors);
    admission.release(a, web);
  }
  CHECK(admission.admit(b, web, generous) == Verdict::admitted);
}

TEST_CASE("a refused TCP flow leaves no descriptor taken") {
  FlowTotals totals(200);
  Admission admission(totals, 0);
  const RuleEntry narrow = rule("narrow", 1, 0);
  const RuleEntry web = rule("web");
  const Limits one = limits(1'000'000, 1);
  const Limits generous = limits(1'000'000, 1'000'000);
  CHECK(admission.admit(a, narrow, one) == Verdict::admitted);
  for (int i = 0; i < 200; ++i) {
    CHECK(admission.admit(a, web, one) == Verdict::max_flows_per_client);
    CHECK(admission.admit(b, narrow, generous) == Verdict::rule_max_flows);
  }
  std::uint64_t flows = 1;
  while (admission.admit(b, web, generous) == Verdict::admitted) {
    ++flows;
  }
  CHECK(flows == totals.auto_max_flows());
}

TEST_CASE("UDP sockets are scarce before they are used up") {
  FlowTotals totals(1'024);
  Admission admission(totals, 0);
  std::uint64_t before = 0;
  while (!admission.udp_sockets_are_scarce()) {
    REQUIRE(admission.take_udp_socket());
    ++before;
  }
  std::uint64_t left = 0;
  while (admission.take_udp_socket()) {
    ++left;
  }
  CHECK(left >= 16);
  CHECK(left < before);
}

TEST_CASE("flows that are done are kept within half of every limit, by all workers together") {
  FlowTotals one_all(1'048'576, 1);
  const Admission one(one_all, 0);
  FlowTotals four_all(1'048'576, 4);
  const Admission four(four_all, 0);
  CHECK(one.max_done(rule("dns", 0, 0), limits(500'000, 125'000)) == 16'384);
  CHECK(one.max_done(rule("dns", 0, 0), limits(500'000, 1'000)) == 500);
  CHECK(four.max_done(rule("dns", 0, 0), limits(500'000, 1'000)) == 125);
  CHECK(one.max_done(rule("dns", 200, 0), limits(500'000, 1'000)) == 100);
  CHECK(one.max_done(rule("dns", 200, 20), limits(500'000, 1'000)) == 10);
}

TEST_CASE("workers that admit and release at once never exceed a limit, and end at none") {
  FlowTotals totals(65'536, 4);
  const RuleEntry web = rule("web", 6, 3, 4);
  const Limits eight = limits(8, 4);
  std::atomic<int> held{0};
  std::atomic<int> max{0};
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 4; ++worker) {
    workers.emplace_back([&, worker]() {
      Admission admission(totals, static_cast<std::size_t>(worker));
      const Admission::Claim mine = worker % 2 == 0 ? a : b;
      int open = 0;
      for (int i = 0; i < 10'000; ++i) {
        if (admission.admit(mine, web, eight) == Verdict::admitted) {
          ++open;
          const int now = ++held;
          int seen = max.load();
          while (now > seen && !max.compare_exchange_weak(seen, now)) {
          }
        }
        if (open > 1 || (open == 1 && i % 2 == 0)) {
          --held;
          --open;
          admission.release(mine, web);
        }
      }
      for (; open > 0; --open) {
        --held;
        admission.release(mine, web);
      }
    });
  }
  for (auto& worker : workers) {
    worker.join();
  }
  CHECK(max.load() <= 6);
  CHECK(totals.live(Protocol::tcp) == 0);
  CHECK(web.counters->sum().live == 0);
  CHECK(web.upstream_counters->sum().live == 0);
  Admission admission(totals, 0);
  for (int i = 0; i < 3; ++i) {
    CHECK(admission.admit(a, web, eight) == Verdict::admitted);
  }
  CHECK(admission.admit(a, web, eight) == Verdict::rule_max_flows_per_client);
}

TEST_CASE("small limits are exact over all workers, in all, per client and per rule") {
  struct Row {
    RuleEntry rule;
    Limits limits;
    Verdict verdict;
  };
  const std::vector<Row> rows{
      {rule("web", 0, 0, 4), limits(10, 1'000), Verdict::max_flows},
      {rule("web", 0, 0, 4), limits(1'000, 10), Verdict::max_flows_per_client},
      {rule("web", 10, 0, 4), limits(1'000, 1'000), Verdict::rule_max_flows},
      {rule("web", 0, 10, 4), limits(1'000, 1'000), Verdict::rule_max_flows_per_client}};
  for (const Row& row : rows) {
    FlowTotals totals(65'536, 4);
    std::vector<Admission> workers;
    for (std::size_t i = 0; i < 4; ++i) {
      workers.emplace_back(totals, i);
    }
    for (std::size_t i = 0; i < 10; ++i) {
      CHECK(workers[i % 4].admit(a, row.rule, row.limits) == Verdict::admitted);
    }
    for (Admission& worker : workers) {
      CHECK(worker.admit(a, row.rule, row.limits) == row.verdict);
    }
    workers[1].release(a, row.rule);
    CHECK(workers[3].admit(a, row.rule, row.limits) == Verdict::admitted);
    CHECK(workers[2].admit(a, row.rule, row.limits) == row.verdict);
    CHECK(totals.live(Protocol::tcp) == 10);
  }
}

TEST_CASE("a large limit is exceeded by a batch a worker at most, and reached by one alone") {
  constexpr std::uint64_t limit = 3'200;
  constexpr std::size_t count = 4;
  const std::uint64_t batch = batch_of(limit, count);
  REQUIRE(batch > 1);
  const RuleEntry web = rule("web", 0, 0, count);
  const Limits per_client = limits(1'000'000, limit);
  FlowTotals totals(65'536, count);
  std::vector<Admission> workers;
  for (std::size_t i = 0; i < count; ++i) {
    workers.emplace_back(totals, i);
  }
  std::uint64_t flows = 0;
  for (bool more = true; more;) {
    more = false;
    for (Admission& worker : workers) {
      if (worker.admit(a, web, per_client) == Verdict::admitted) {
        more = true;
        ++flows;
      }
    }
  }
  CHECK(flows >= limit);
  CHECK(flows <= limit + count * batch);
  CHECK(workers[0].admit(b, web, per_client) == Verdict::admitted);
  FlowTotals others(65'536, count);
  Admission alone(others, 2);
  flows = 0;
  while (alone.admit(a, web, per_client) == Verdict::admitted) {
    ++flows;
  }
  CHECK(flows == limit);
}

TEST_CASE("a flow that takes another's place is admitted, whatever other workers have by then") {
  constexpr std::uint64_t limit = 320;
  struct Row {
    Limits limits;
    Verdict full;
    Admission::Slot slot;
  };
  for (const Row& row :
       {Row{limits(limit, 10'000), Verdict::max_flows, Admission::Slot::of_another},
        Row{limits(10'000, limit), Verdict::max_flows_per_client,
            Admission::Slot::of_the_same_client}}) {
    FlowTotals totals(65'536, 2);
    const RuleEntry web = rule("web", 0, 0, 2);
    Admission one(totals, 0);
    Admission other(totals, 1);
    const std::uint64_t unpublished = batch_of(limit, 2) - 1;
    REQUIRE(unpublished > 0);
    for (std::uint64_t i = 0; i < unpublished; ++i) {
      REQUIRE(one.admit(a, web, row.limits) == Verdict::admitted);
    }
    std::uint64_t flows = unpublished;
    while (other.admit(a, web, row.limits) == Verdict::admitted) {
      ++flows;
    }
    CHECK(flows > limit);
    for (int i = 0; i < 100; ++i) {
      REQUIRE(one.admit(a, web, row.limits) == row.full);
      one.release(a, web);
      REQUIRE(one.admit(a, web, row.limits, row.slot) == Verdict::admitted);
    }
    CHECK(totals.live(Protocol::tcp) == flows);
    for (std::uint64_t i = 0; i < flows; ++i) {
      (i < unpublished ? one : other).release(a, web);
    }
    CHECK(totals.live(Protocol::tcp) == 0);
    while (one.admit(a, web, row.limits) == Verdict::admitted) {
      --flows;
    }
    CHECK(one.admit(a, web, row.limits) == row.full);
    CHECK(totals.live(Protocol::tcp) == limit);
  }
}

TEST_CASE("a client whose flows have all ended is remembered by no worker and counts for nothing") {
  FlowTotals totals(65'536, 2);
  const RuleEntry web = rule("web", 0, 0, 2);
  const Limits some = limits(10'000, 1'600);
  std::vector<Admission> workers;
  workers.emplace_back(totals, 0);
  workers.emplace_back(totals, 1);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 1'600; ++i) {
      REQUIRE(workers[0].admit(a, web, some) == Verdict::admitted);
    }
    CHECK(workers[1].admit(a, web, some) == Verdict::max_flows_per_client);
    for (int i = 0; i < 1'600; ++i) {
      workers[0].release(a, web);
    }
  }
  int flows = 0;
  while (workers[1].admit(a, web, some) == Verdict::admitted) {
    ++flows;
  }
  CHECK(flows == 1'600);
}

TEST_CASE("a rule that a reload gives a limit is held to it with the next flow") {
  FlowTotals totals(65'536, 2);
  RuleEntry web = rule("web", 0, 0, 2);
  const Limits generous = limits(10'000, 10'000);
  std::vector<Admission> workers;
  workers.emplace_back(totals, 0);
  workers.emplace_back(totals, 1);
  for (std::size_t i = 0; i < 30; ++i) {
    CHECK(workers[i % 2].admit(a, web, generous) == Verdict::admitted);
  }
  const RuleEntry free = web;
  web.max_flows = 20;
  CHECK(workers[0].admit(a, web, generous) == Verdict::admitted);  // knows of its own 15
  CHECK(workers[1].admit(a, web, generous) == Verdict::rule_max_flows);
  CHECK(workers[0].admit(a, web, generous) == Verdict::rule_max_flows);
  for (int i = 0; i < 15; ++i) {
    workers[0].release(a, free);
  }
  CHECK(workers[1].admit(a, web, generous) == Verdict::admitted);
}

TEST_CASE("descriptors that one worker has ahead are few, and none is lost") {
  FlowTotals totals(20'000, 2);
  Admission one(totals, 0);
  Admission other(totals, 1);
  REQUIRE(one.take_udp_socket());
  std::uint64_t sockets = 1;
  while (other.take_udp_socket()) {
    ++sockets;
  }
  while (one.take_udp_socket()) {
    ++sockets;
  }
  CHECK(sockets == totals.descriptors().max(Protocol::udp));
  for (std::uint64_t i = 0; i < sockets; ++i) {
    (i % 2 == 0 ? one : other).give_back_udp_socket();
  }
  std::uint64_t again = 0;
  while (one.take_udp_socket()) {
    ++again;
  }
  CHECK(again >= sockets - 48);
}

TEST_CASE("every refusal has a reason to count and words for the record") {
  struct Row {
    Verdict verdict;
    Reason reason;
    std::string text;
  };
  const std::vector<Row> rows{
      {Verdict::max_flows, Reason::max_flows, "max-flows reached"},
      {Verdict::max_flows_per_client, Reason::max_flows_per_client, "max-flows-per-client reached"},
      {Verdict::rule_max_flows, Reason::rule_max_flows, "max-flows of the rule reached"},
      {Verdict::rule_max_flows_per_client, Reason::rule_max_flows_per_client,
       "max-flows-per-client of the rule reached"},
  };
  for (const Row& row : rows) {
    CHECK(reason_of(row.verdict) == row.reason);
    CHECK(text_of(row.verdict) == row.text);
  }
}

}  // namespace weir
