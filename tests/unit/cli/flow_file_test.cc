// What `weir explain --file` says of flows that are over.
#include "cli/flow_file.h"

#include "catch.h"
#include "config/made_up_files.h"

namespace weir {
namespace {

using firewall::AddressKind;

const std::string rules = R"([firewall]
interfaces = lan
[rule web]
on = tcp/80
client = 198.51.100.0/24
use = direct
[rule lan]
on = tcp/22
interface = lan
use = bypass
)";

class FlowFile {
 public:
  explicit FlowFile(const std::string& text, const std::string& interface = "")
      : configuration_(*load_text(text).configuration),
        decider_(configuration_, {.kind_of = [](const Address&) { return AddressKind::unicast; }}),
        comparison_(decider_, configuration_, interface) {}

  // "was -> would be", or what is wrong with the line.
  std::string compare(const std::string& line) {
    const auto change = comparison_.compare(line);
    if (!change) {
      return change.error().text();
    }
    return change.value() ? change.value()->was + " -> " + change.value()->would_be : "no record";
  }
  std::string summary() const { return summary_of(comparison_); }

 private:
  Configuration configuration_;
  FlowDecider decider_;
  FlowComparison comparison_;
};

std::string record(const std::string& client, const std::string& destination,
                   const std::string& rule, const std::string& upstream) {
  return R"({"time":"2026-11-28T04:00:00.000Z","id":"3-1","protocol":"tcp","client":")" + client +
         R"(","destination":")" + destination + R"(","rule":")" + rule + R"(","upstream":")" +
         upstream + R"(","bytes_up":12,"end":"closed"})";
}

TEST_CASE("a flow is decided as the rules are now, beside what its record says") {
  FlowFile flows(rules);
  CHECK(flows.compare(record("198.51.100.2:4000", "203.0.113.5:80", "web", "pool")) ==
        "web/pool -> web/direct");
  CHECK(flows.compare(record("192.0.2.9:4000", "203.0.113.5:80", "web", "direct")) ==
        "web/direct -> (default)/transparent");
  CHECK(flows.compare(record("192.0.2.9:4000", "203.0.113.5:25", "mail", "direct")) ==
        "mail/direct -> (kernel)");
}

TEST_CASE("the summary counts what is decided otherwise, the most frequent change first") {
  FlowFile flows(rules);
  for (int i = 0; i < 3; ++i) {
    flows.compare(record("198.51.100.2:4000", "203.0.113.5:80", "web", "direct"));
    flows.compare(record("192.0.2.9:4000", "203.0.113.5:25", "mail", "direct"));
  }
  flows.compare(record("198.51.100.2:4000", "203.0.113.5:80", "old", "direct"));
  CHECK(flows.summary() ==
        "7 flows, 4 of them decided otherwise\n"
        "  3 flows: mail/direct -> (kernel): no rule names tcp/25\n"
        "  1 flow: old/direct -> web/direct\n");
}

TEST_CASE("rules with an interface match the flows of a file that came in by it") {
  const std::string line = record("198.51.100.2:4000", "203.0.113.5:22", "(default)", "direct");
  CHECK(FlowFile(rules, "lan").compare(line) == "(default)/direct -> lan/bypass");
  // The rest of a port that the firewall decides alone passes.
  CHECK(FlowFile(rules).compare(line) == "(default)/direct -> (kernel)");
}

TEST_CASE("a flow from a server goes on to its own destination") {
  FlowFile flows(
      "[upstream pihole]\ntype = forward\nserver = 192.0.2.53\n"
      "[rule dns]\non = any/53\nuse = pihole\n");
  CHECK(flows.compare(record("192.0.2.53:4000", "203.0.113.5:53", "dns", "transparent")) ==
        "dns/transparent -> dns/transparent");
  CHECK(flows.compare(record("192.0.2.54:4000", "203.0.113.5:53", "dns", "pihole")) ==
        "dns/pihole -> dns/pihole");
}

TEST_CASE("messages between the records are passed over, what cannot be read is an error") {
  FlowFile flows(rules);
  CHECK(flows.compare(R"({"time":"2026-11-28T04:00:00.000Z","level":"info","message":"x"})") ==
        "no record");
  CHECK(flows.compare("2026-11-28T04:00:00.000Z info flow tcp") == "this is no object");
  CHECK(flows.compare("{\"protocol\"}").starts_with("parse error"));
  const std::string good = record("198.51.100.2:4000", "203.0.113.5:80", "web", "direct");
  CHECK(flows.compare(good.substr(0, good.size() - 3)) ==
        "the record is cut off: its line does not end with '}'");
  CHECK(flows.compare(good + good).starts_with("parse error"));
  CHECK(flows.compare("[]") == "this is no object");
  CHECK(
      flows.compare(R"({"protocol":"icmp","client":"192.0.2.1:1","destination":"192.0.2.2:2"})") ==
      "'icmp' is not tcp or udp");
  CHECK(flows.compare(R"({"protocol":"tcp","client":"192.0.2.1","destination":"192.0.2.2:2"})")
            .starts_with("client: "));
  CHECK(flows.summary() == "0 flows, 0 of them decided otherwise\n");
}

}  // namespace
}  // namespace weir
