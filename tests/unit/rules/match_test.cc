// The first rule whose conditions all hold, and no other.
#include <random>

#include "rules/rule_fixture.h"

namespace weir {
namespace {

using Found = std::optional<std::size_t>;

Found match(const std::vector<RuleSettings>& rules, const Flow& flow,
            const std::string& interface = "eth0") {
  return RuleSet::compile(rules).match(flow, [&](std::uint32_t) { return interface; });
}

Flow to(const std::string& destination) {
  return flow_of(Protocol::tcp, "198.51.100.2", destination);
}

TEST_CASE("without rules nothing matches") {
  CHECK(match({}, to("192.0.2.1:80")) == Found{});
  CHECK(RuleSet().match(to("192.0.2.1:80"), {}) == Found{});
}

TEST_CASE("a rule's ports have a first and a last one, per protocol") {
  const auto rules = rules_of({{.on = {tcp(80, 90)}}, {.on = {udp(1, 65535)}}});
  CHECK(match(rules, to("192.0.2.1:79")) == Found{});
  CHECK(match(rules, to("192.0.2.1:80")) == Found{0});
  CHECK(match(rules, to("192.0.2.1:90")) == Found{0});
  CHECK(match(rules, to("192.0.2.1:91")) == Found{});
  CHECK(match(rules, flow_of(Protocol::udp, "192.0.2.9", "192.0.2.1:1")) == Found{1});
  CHECK(match(rules, flow_of(Protocol::udp, "192.0.2.9", "192.0.2.1:65535")) == Found{1});
}

TEST_CASE("a rule for every port stands in file order with those for some, and has no port 0") {
  const auto rules = rules_of({{.on = {tcp(80)}, .client = {"192.0.2.0/24"}},
                               {.on = {tcp(1, 65535)}, .client = {"192.0.2.7", "192.0.2.8"}},
                               {.on = {tcp(80)}},
                               {.on = {tcp(1, 65535)}},
                               {.on = {tcp(81), tcp(1, 65535)}}});
  const auto found = [&](const std::string& client, const std::string& destination) {
    return match(rules, flow_of(Protocol::tcp, client, destination));
  };
  CHECK(found("192.0.2.7", "192.0.2.1:80") == Found{0});
  CHECK(found("192.0.2.7", "192.0.2.1:81") == Found{1});
  CHECK(found("198.51.100.7", "192.0.2.1:80") == Found{2});
  CHECK(found("198.51.100.7", "192.0.2.1:81") == Found{3});
  CHECK(found("198.51.100.7", "192.0.2.1:65535") == Found{3});
  Flow to_none = flow_of(Protocol::tcp, "192.0.2.7", "192.0.2.1:80");
  to_none.destination.port = 0;
  CHECK(match(rules, to_none) == Found{});
}

TEST_CASE("of overlapping ranges the earlier rule wins, and the later one keeps the rest") {
  const auto rules = rules_of({{.on = {tcp(100, 200)}}, {.on = {tcp(150, 250), tcp(160)}}});
  CHECK(match(rules, to("192.0.2.1:150")) == Found{0});
  CHECK(match(rules, to("192.0.2.1:200")) == Found{0});
  CHECK(match(rules, to("192.0.2.1:201")) == Found{1});
  CHECK(match(rules, to("192.0.2.1:251")) == Found{});
}

TEST_CASE("a rule that names a port twice still has it after the shorter range ends") {
  const auto rules = rules_of({{.on = {tcp(1, 100), tcp(10, 20)}}});
  CHECK(match(rules, to("192.0.2.1:21")) == Found{0});
}

TEST_CASE("a client is in what is wanted and not in what is negated") {
  const auto rules = rules_of({{.client = {"198.51.100.0/24", "!198.51.100.7"}}});
  const auto from = [&](const std::string& client) {
    return match(rules, flow_of(Protocol::tcp, client, "192.0.2.1:80"));
  };
  CHECK(from("198.51.100.6") == Found{0});
  CHECK(from("198.51.100.7") == Found{});
  CHECK(from("198.51.101.6") == Found{});
}

TEST_CASE("with negations alone all others are meant, of both families") {
  const auto rules = rules_of({{.destination = {"!10.0.0.0/8"}}});
  CHECK(match(rules, to("10.1.1.1:80")) == Found{});
  CHECK(match(rules, to("11.1.1.1:80")) == Found{0});
  CHECK(match(rules, flow_of(Protocol::tcp, "2001:db8::1", "[2001:db8::2]:80")) == Found{0});
}

TEST_CASE("an IPv4 condition holds for no IPv6 flow, and the other way round") {
  const auto rules = rules_of({{.client = {"0.0.0.0/0"}}, {.client = {"::/0"}}});
  CHECK(match(rules, to("192.0.2.1:80")) == Found{0});
  CHECK(match(rules, flow_of(Protocol::tcp, "2001:db8::1", "[2001:db8::2]:80")) == Found{1});
}

TEST_CASE("the interface's name is asked for only where a rule wants one, and once") {
  const auto rules =
      rules_of({{.on = {tcp(81)}}, {.interfaces = {"eth1"}}, {.interfaces = {"eth2", "eth3"}}});
  const RuleSet set = RuleSet::compile(rules);
  CHECK(set.needs_interface());
  CHECK_FALSE(RuleSet::compile(rules_of({{}})).needs_interface());
  int asked = 0;
  const auto name = [&](std::uint32_t number) {
    ++asked;
    return "eth" + std::to_string(number);
  };
  Flow flow = to("192.0.2.1:81");
  CHECK(set.match(flow, name) == Found{0});
  CHECK(asked == 0);
  flow = to("192.0.2.1:80");
  flow.interface = 3;
  CHECK(set.match(flow, name) == Found{2});
  CHECK(asked == 1);
}

TEST_CASE("hundreds of rules on one port are found by client or destination, in file order") {
  std::vector<RuleWords> words;
  for (int i = 0; i < 200; ++i) {
    words.push_back({.client = {"10.0." + std::to_string(i) + ".0/24"}});
  }
  words.push_back({.client = {"10.0.0.0/16"}, .destination = {"192.0.2.9"}});
  words.push_back({.destination = {"192.0.2.8", "2001:db8::/64"}});
  words.push_back({.client = {"!10.0.0.0/8"}});
  words.push_back({});
  words.push_back({});
  const auto rules = rules_of(words);
  const auto found = [&](const std::string& client, const std::string& destination) {
    return match(rules, flow_of(Protocol::tcp, client, destination));
  };
  CHECK(found("10.0.7.1", "192.0.2.9:80") == Found{7});
  CHECK(found("10.0.201.1", "192.0.2.9:80") == Found{200});
  CHECK(found("10.0.201.1", "192.0.2.8:80") == Found{201});
  CHECK(found("11.0.201.1", "192.0.2.7:80") == Found{202});
  CHECK(found("10.0.201.1", "192.0.2.7:80") == Found{203});
  CHECK(found("2001:db9::1", "[2001:db8::2]:80") == Found{201});
}

// Of more prefixes than a table of one port's rules takes.
std::vector<std::string> long_list(int network) {
  std::vector<std::string> out;
  for (int i = 0; i < 100; ++i) {
    out.push_back("10." + std::to_string(network) + "." + std::to_string(i) + ".0/24");
  }
  return out;
}

TEST_CASE("a long list leads to the first of the rules that have it, on each port of theirs") {
  const RuleCondition shared = client(long_list(1));
  std::vector<RuleSettings> rules;
  const auto add = [&](const RuleCondition& list, const RuleWords& words) {
    RuleSettings rule = rules_of({words}).front();
    rule.set(list);
    rules.push_back(std::move(rule));
  };
  add(client(long_list(2)), {});
  add(shared, {.on = {tcp(81)}});
  add(shared, {.destination = {"192.0.2.9"}});
  add(shared, {.on = {tcp(80, 81)}, .interfaces = {"eth1"}});
  add(shared, {.on = {tcp(80, 82)}});
  for (int i = 0; i < 10; ++i) {
    add(client({"10.3." + std::to_string(i) + ".0/24"}), {.on = {tcp(80, 82)}});
  }
  const auto found = [&](const std::string& client, const std::string& destination) {
    return match(rules, flow_of(Protocol::tcp, client, destination));
  };
  CHECK(found("10.1.7.1", "192.0.2.9:80") == Found{2});
  CHECK(found("10.1.7.1", "192.0.2.8:80") == Found{4});
  CHECK(found("10.1.7.1", "192.0.2.8:81") == Found{1});
  CHECK(found("10.1.7.1", "192.0.2.8:82") == Found{4});
  CHECK(found("10.2.7.1", "192.0.2.8:80") == Found{0});
  CHECK(found("10.2.7.1", "192.0.2.8:82") == Found{});
  CHECK(found("10.3.7.1", "192.0.2.8:82") == Found{12});
  CHECK(found("10.1.100.1", "192.0.2.9:80") == Found{});
}

TEST_CASE("an exception to the prefix that a rule is found by is still asked") {
  std::vector<RuleWords> words;
  for (int i = 0; i < 20; ++i) {
    const std::string network = "10.0." + std::to_string(i);
    words.push_back({.client = {network + ".0/24", "!" + network + ".7"}});
  }
  const auto rules = rules_of(words);
  CHECK(match(rules, flow_of(Protocol::tcp, "10.0.9.6", "192.0.2.1:80")) == Found{9});
  CHECK(match(rules, flow_of(Protocol::tcp, "10.0.9.7", "192.0.2.1:80")) == Found{});
}

TEST_CASE(
    "a rule that asks for nothing else gets a flow before those behind it, whatever leads there") {
  std::vector<RuleWords> words;
  for (int i = 0; i < 10; ++i) {
    words.push_back({.client = {"10.0." + std::to_string(i) + ".0/24"}, .interfaces = {"eth1"}});
  }
  words.push_back({.destination = {"192.0.2.0/24"}, .interfaces = {"eth1"}});
  words.push_back({.client = {"10.0.0.0/16"}, .destination = {"192.0.2.7"}});
  words.push_back({.client = {"10.0.0.0/16"}});
  words.push_back({.destination = {"192.0.2.7"}});
  words.push_back({.client = {"10.0.3.0/24"}});
  words.push_back({.client = {"10.0.0.0/8"}});
  const auto rules = rules_of(words);
  const auto found = [&](const std::string& client, const std::string& destination,
                         const std::string& interface = "eth0") {
    return match(rules, flow_of(Protocol::tcp, client, destination), interface);
  };
  CHECK(found("10.0.3.1", "192.0.2.8:80", "eth1") == Found{3});
  CHECK(found("10.0.77.1", "192.0.2.8:80", "eth1") == Found{10});
  CHECK(found("10.0.3.1", "192.0.2.7:80") == Found{11});
  CHECK(found("10.0.3.1", "192.0.2.8:80") == Found{12});
  CHECK(found("10.1.3.1", "192.0.2.7:80") == Found{13});
  CHECK(found("10.1.3.1", "192.0.2.8:80") == Found{15});
  CHECK(found("11.1.3.1", "192.0.2.8:80") == Found{});
}

TEST_CASE("matching agrees with asking why each rule does not match") {
  std::mt19937 engine(11);
  const auto random = [&] { return static_cast<unsigned>(engine()); };
  const std::vector<std::string> prefixes{"10.0.0.0/8", "10.0.0.0/9",   "10.1.0.0/16", "10.1.1.1",
                                          "0.0.0.0/0",  "192.0.2.0/24", "::/0",        "fd00::/8"};
  const std::vector<std::string> addresses{"10.1.1.1", "10.0.7.9", "10.200.0.1", "192.0.2.3",
                                           "9.9.9.9"};
  const auto some_list = [&] {
    std::vector<std::string> out;
    if (random() % 8 == 0) {
      out = long_list(static_cast<int>(random() % 2));
    }
    for (auto i = random() % 3; i > 0; --i) {
      out.push_back((random() % 4 == 0 ? "!" : "") + prefixes[random() % prefixes.size()]);
    }
    return out;
  };
  for (int round = 0; round < 100; ++round) {
    std::vector<RuleWords> words;
    for (auto i = random() % 60; i > 0; --i) {
      const int first = static_cast<int>(1 + random() % 8);
      const bool everywhere = random() % 10 == 0;
      words.push_back(
          {.on = {everywhere ? tcp(1, 65'535) : tcp(first, first + static_cast<int>(random() % 4))},
           .client = some_list(),
           .destination = some_list(),
           .interfaces =
               random() % 5 == 0 ? std::vector<std::string>{"eth1"} : std::vector<std::string>{}});
    }
    auto rules = rules_of(words);
    // Some share a long list, as rules do that name one set.
    const RuleCondition shared_clients = client(long_list(1));
    const RuleCondition shared_destinations = destination(long_list(0));
    for (RuleSettings& rule : rules) {
      const auto kind = random() % 6;
      if (kind < 2) {
        rule.set(kind == 0 ? shared_clients : shared_destinations);
      }
    }
    const RuleSet set = RuleSet::compile(rules);
    for (int i = 0; i < 40; ++i) {
      const Flow flow =
          flow_of(Protocol::tcp, addresses[random() % addresses.size()],
                  addresses[random() % addresses.size()] + ":" + std::to_string(1 + random() % 12));
      const std::string interface = random() % 2 == 0 ? "eth0" : "eth1";
      Found expected;
      for (std::size_t n = rules.size(); n > 0; --n) {
        if (why_not(rules[n - 1], flow, interface).empty()) {
          expected = n - 1;
        }
      }
      CHECK(set.match(flow, [&](std::uint32_t) { return interface; }) == expected);
    }
  }
}

}  // namespace
}  // namespace weir
