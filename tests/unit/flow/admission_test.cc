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
               std::uint64_t max_flows_per_client = 0) {
  RuleEntry entry;
  entry.name = name;
  entry.tally = std::make_shared<Tally>(1);
  entry.upstream_tally = std::make_shared<Tally>(1);
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
  Admission admission(1024);
  const RuleEntry web = rule("web");
  const Limits three = limits(3, 100);
  for (int i = 0; i < 3; ++i) {
    CHECK(admission.admit(a, web, three) == Verdict::admitted);
  }
  CHECK(admission.admit(b, web, three) == Verdict::max_flows);
  CHECK(admission.live(Protocol::tcp) == 3);
  admission.release(a, web);
  CHECK(admission.live(Protocol::tcp) == 2);
  CHECK(admission.admit(b, web, three) == Verdict::admitted);
  CHECK(admission.admit(b, web, three) == Verdict::max_flows);
}

TEST_CASE("one client's limit leaves the others theirs") {
  Admission admission(1024);
  const RuleEntry web = rule("web");
  const Limits two_each = limits(100, 2);
  CHECK(admission.admit(a, web, two_each) == Verdict::admitted);
  CHECK(admission.admit(a, web, two_each) == Verdict::admitted);
  CHECK(admission.admit(a, web, two_each) == Verdict::max_flows_per_client);
  CHECK(admission.admit(b, web, two_each) == Verdict::admitted);
  CHECK(admission.live(Protocol::tcp) == 3);
  CHECK(admission.admit(a, web, two_each) == Verdict::max_flows_per_client);
  admission.release(a, web);
  CHECK(admission.admit(a, web, two_each) == Verdict::admitted);
}

TEST_CASE("TCP and UDP are counted apart") {
  Admission admission(1024);
  const RuleEntry web = rule("web");
  const Limits one = limits(1, 1);
  const Admission::Claim datagrams = flow("198.51.100.1", Protocol::udp);
  CHECK(admission.admit(a, web, one) == Verdict::admitted);
  CHECK(admission.admit(datagrams, web, one) == Verdict::admitted);
  CHECK(admission.admit(b, web, one) == Verdict::max_flows);
  CHECK(admission.live(Protocol::tcp) == 1);
  CHECK(admission.live(Protocol::udp) == 1);
  admission.release(datagrams, web);
  CHECK(admission.live(Protocol::udp) == 0);
  CHECK(admission.live(Protocol::tcp) == 1);
}

TEST_CASE("a rule's own limits hold for its flows only") {
  Admission admission(1024);
  const Limits wide = limits(1000, 1000);
  const RuleEntry narrow = rule("narrow", 3, 2);
  const RuleEntry open = rule("open");
  CHECK(admission.admit(a, narrow, wide) == Verdict::admitted);
  CHECK(admission.admit(a, narrow, wide) == Verdict::admitted);
  CHECK(admission.admit(a, narrow, wide) == Verdict::rule_max_flows_per_client);
  CHECK(admission.admit(a, open, wide) == Verdict::admitted);
  CHECK(admission.admit(b, narrow, wide) == Verdict::admitted);
  CHECK(admission.admit(b, narrow, wide) == Verdict::rule_max_flows);
  CHECK(narrow.tally->live == 3);
  CHECK(narrow.upstream_tally->live == 3);
  CHECK(open.tally->live == 1);
  admission.release(a, narrow);
  CHECK(admission.admit(b, narrow, wide) == Verdict::admitted);
}

TEST_CASE("a flow that is refused leaves no trace in any count") {
  const RuleEntry one = rule("one", 1);
  const RuleEntry one_each = rule("one-each", 0, 1);
  const RuleEntry free = rule("free");
  for (const RuleEntry* refusing : {&one, &one_each}) {
    INFO(refusing->name);
    Admission admission(1024);
    const Limits four = limits(4, 4);
    CHECK(admission.admit(a, *refusing, four) == Verdict::admitted);
    for (int i = 0; i < 20; ++i) {
      CHECK(admission.admit(a, *refusing, four) != Verdict::admitted);
    }
    CHECK(admission.live(Protocol::tcp) == 1);
    CHECK(refusing->tally->live == 1);
    CHECK(refusing->upstream_tally->live == 1);
    // Exactly three are left, of the client and in all.
    for (int i = 0; i < 3; ++i) {
      CHECK(admission.admit(a, free, four) == Verdict::admitted);
    }
    CHECK(admission.admit(a, free, four) == Verdict::max_flows);
    CHECK(admission.live(Protocol::tcp) == 4);
    for (int i = 0; i < 3; ++i) {
      admission.release(a, free);
    }
    admission.release(a, *refusing);
    CHECK(admission.live(Protocol::tcp) == 0);
    CHECK(refusing->tally->live == 0);
    CHECK(free.tally->live == 0);
    CHECK(free.upstream_tally->live == 0);
    CHECK(admission.admit(a, *refusing, four) == Verdict::admitted);
  }
}

TEST_CASE("a TCP flow takes two descriptors while it is admitted, and a UDP flow none") {
  Admission admission(200);
  const RuleEntry web = rule("web");
  const Limits generous = limits(1'000'000, 1'000'000);
  const Admission::Claim datagrams = flow("198.51.100.1", Protocol::udp);
  std::uint64_t flows = 0;
  while (admission.admit(a, web, generous) == Verdict::admitted) {
    ++flows;
    REQUIRE(flows <= 100);
  }
  CHECK(flows == admission.auto_max_flows());
  CHECK(admission.admit(b, web, generous) == Verdict::out_of_descriptors);
  CHECK(admission.live(Protocol::tcp) == flows);
  CHECK(admission.admit(datagrams, web, generous) == Verdict::admitted);
  CHECK(admission.take_udp_socket());
  admission.release(a, web);
  CHECK(admission.admit(b, web, generous) == Verdict::admitted);
  CHECK(admission.admit(b, web, generous) == Verdict::out_of_descriptors);
}

TEST_CASE("descriptors that UDP has borrowed are none for TCP until they are given back") {
  Admission admission(200);
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
  CHECK(flows < admission.auto_max_flows());
  for (; sockets > 0; --sockets) {
    admission.give_back_udp_socket();
  }
  while (admission.admit(a, web, generous) == Verdict::admitted) {
    ++flows;
  }
  CHECK(flows == admission.auto_max_flows());
}

TEST_CASE("an adopted TCP flow takes its descriptors, left or not") {
  Admission admission(200);
  const RuleEntry web = rule("web");
  const Limits generous = limits(1'000'000, 1'000'000);
  const std::uint64_t most = admission.auto_max_flows();
  for (std::uint64_t i = 0; i < most + 3; ++i) {
    admission.adopt(a, web);
  }
  for (int i = 0; i < 4; ++i) {
    CHECK(admission.admit(b, web, generous) == Verdict::out_of_descriptors);
    admission.release(a, web);
  }
  CHECK(admission.admit(b, web, generous) == Verdict::admitted);
}

TEST_CASE("a refused TCP flow leaves no descriptor taken") {
  Admission admission(200);
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
  CHECK(flows == admission.auto_max_flows());
}

TEST_CASE("UDP sockets are scarce before they are used up") {
  Admission admission(1'024);
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
  const Admission one(1'048'576, 1);
  const Admission four(1'048'576, 4);
  CHECK(one.most_done(rule("dns", 0, 0), limits(500'000, 125'000)) == 16'384);
  CHECK(one.most_done(rule("dns", 0, 0), limits(500'000, 1'000)) == 500);
  CHECK(four.most_done(rule("dns", 0, 0), limits(500'000, 1'000)) == 125);
  CHECK(one.most_done(rule("dns", 200, 0), limits(500'000, 1'000)) == 100);
  CHECK(one.most_done(rule("dns", 200, 20), limits(500'000, 1'000)) == 10);
}

TEST_CASE("workers that admit and release at once never exceed a limit, and end at none") {
  Admission admission(65'536);
  const RuleEntry web = rule("web", 6, 3);
  const Limits eight = limits(8, 4);
  std::atomic<int> held{0};
  std::atomic<int> most{0};
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 4; ++worker) {
    workers.emplace_back([&, worker]() {
      const Admission::Claim mine = worker % 2 == 0 ? a : b;
      int open = 0;
      for (int i = 0; i < 10'000; ++i) {
        if (admission.admit(mine, web, eight) == Verdict::admitted) {
          ++open;
          const int now = ++held;
          int seen = most.load();
          while (now > seen && !most.compare_exchange_weak(seen, now)) {
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
  CHECK(most.load() <= 6);
  CHECK(admission.live(Protocol::tcp) == 0);
  CHECK(web.tally->live == 0);
  CHECK(web.upstream_tally->live == 0);
  for (int i = 0; i < 3; ++i) {
    CHECK(admission.admit(a, web, eight) == Verdict::admitted);
  }
  CHECK(admission.admit(a, web, eight) == Verdict::rule_max_flows_per_client);
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
