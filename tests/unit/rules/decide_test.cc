// What is decided before a flow's host is known, and whether that may change.
#include <algorithm>
#include <iterator>
#include <memory>
#include <random>
#include <utility>

#include "base/machine.h"
#include "rules/rule_fixture.h"
#include "sets/set_table.h"

namespace weir {
namespace {

using Found = std::optional<std::size_t>;

Flow flow_from(const std::string& client, int port = 80) {
  return flow_of(Protocol::tcp, client, "203.0.113.5:" + std::to_string(port));
}

RuleSet::Decision decide(const RuleSet& set, const Flow& flow, const KnownHost& host) {
  const InterfaceName name = [](std::uint32_t) { return std::string("eth0"); };
  const ClientDevice device;
  return set.decide(FlowFacts(flow, name, device, host));
}

TEST_CASE("until the host is known, the first rule counts that holds without it") {
  const RuleSet set = RuleSet::compile(rules_of({{.host = "example.org"}, {}}));
  const Flow flow = flow_from("192.0.2.1");
  const auto decision = decide(set, flow, host_not_yet);
  CHECK(decision.rule == Found{1});
  CHECK(decision.may_change);
  CHECK(decide(set, flow, named("example.org")).rule == Found{0});
  CHECK_FALSE(decide(set, flow, named("example.org")).may_change);
  CHECK(decide(set, flow, no_host).rule == Found{1});
  CHECK_FALSE(decide(set, flow, no_host).may_change);
}

TEST_CASE("a match without a host is one of a flow that names none") {
  const RuleSet set = RuleSet::compile(rules_of({{.host = "none"}, {}}));
  CHECK(set.match(flow_from("192.0.2.1"), {}) == Found{0});
  CHECK(set.match(flow_from("192.0.2.1"), {}, {}, named("example.org")) == Found{1});
}

TEST_CASE("a rule that another condition excludes is not waited for") {
  const RuleSet set = RuleSet::compile(rules_of({{.client = {"192.0.2.9"}, .host = "example.org"},
                                                 {.interfaces = {"eth1"}, .host = "example.org"},
                                                 {.on = {tcp(81)}, .host = "example.org"},
                                                 {}}));
  CHECK_FALSE(decide(set, flow_from("192.0.2.1"), host_not_yet).may_change);
  CHECK(decide(set, flow_from("192.0.2.9"), host_not_yet).may_change);
}

TEST_CASE("a rule behind the one that holds is not waited for") {
  const RuleSet set = RuleSet::compile(rules_of(
      {{.client = {"192.0.2.0/24"}}, {.host = "example.org"}, {.client = {"198.51.100.1"}}}));
  CHECK_FALSE(decide(set, flow_from("192.0.2.1"), host_not_yet).may_change);
  CHECK(decide(set, flow_from("198.51.100.1"), host_not_yet).may_change);
  CHECK(decide(set, flow_from("10.0.0.1"), host_not_yet).rule == Found{});
  CHECK(decide(set, flow_from("10.0.0.1"), host_not_yet).may_change);
}

TEST_CASE("a rule that no name could give a flow to is not waited for") {
  const RuleSet set = RuleSet::compile(rules_of({{.host = "www.example.org, !.example.org"}, {}}));
  CHECK_FALSE(decide(set, flow_from("192.0.2.1"), host_not_yet).may_change);
}

TEST_CASE("the host is asked for last") {
  int asked = 0;
  const InterfaceName name = [&](std::uint32_t) {
    ++asked;
    return std::string("eth0");
  };
  const RuleSet set =
      RuleSet::compile(rules_of({{.interfaces = {"eth1"}, .host = "example.org"}, {}}));
  const ClientDevice device;
  const Flow flow = flow_from("192.0.2.1");
  CHECK_FALSE(set.decide(FlowFacts(flow, name, device, host_not_yet)).may_change);
  CHECK(asked == 1);
}

// What the rules are made of. Each name of the second list is one that some of the first tell from
// the others, or that none of them has.
const std::vector<std::string> host_items{
    "example.org",       ".example.org", "*.example.org", "www.example.org",
    "*.www.example.org", ".org",         "example.net",   "none"};
const std::vector<std::string> host_names{
    "org",         "example.org", "www.example.org", "a.www.example.org", "a.example.org",
    "another.org", "example.net", "a.example.net",   "example.com"};

std::shared_ptr<const SetTable> two_sets() {
  std::vector<LoadedSet> sets;
  for (const auto& [name, items] :
       {std::pair<std::string, std::vector<std::string>>{"one", {"www.example.org", ".net"}},
        {"two", {"*.example.org", "192.0.2.1"}}}) {
    SetBuilder builder;
    builder.begin("lists");
    for (const std::string& item : items) {
      (void)builder.add({.what = parse_item(item).value()}, 1);
    }
    LoadedSet set;
    set.settings.name = name;
    set.contents = std::move(builder).build();
    sets.push_back(std::move(set));
  }
  return std::make_shared<const SetTable>(std::move(sets));
}

class MadeUpRules {
 public:
  explicit MadeUpRules(unsigned seed, bool with_sets) : engine_(seed), with_sets_(with_sets) {}

  unsigned random() { return static_cast<unsigned>(engine_()); }

  std::vector<RuleSettings> rules() {
    std::vector<RuleWords> words;
    for (auto i = 1 + random() % 30; i > 0; --i) {
      const int first = static_cast<int>(80 + random() % 3);
      words.push_back({.on = {random() % 8 == 0 ? tcp(1, 65'535) : tcp(first, 82)},
                       .client = some_of_three(),
                       .interfaces = random() % 6 == 0 ? std::vector<std::string>{"eth1"}
                                                       : std::vector<std::string>{},
                       .host = random() % 3 == 0 ? "" : hosts()});
    }
    auto out = rules_of(words);
    for (RuleSettings& rule : out) {
      rule = rule.fitted({.sets = sets_.get()});
    }
    return out;
  }

 private:
  std::vector<std::string> some_of_three() {
    const std::vector<std::string> prefixes{"10.0.0.0/8", "10.1.0.0/16", "192.0.2.0/24"};
    std::vector<std::string> out;
    for (auto i = random() % 3; i > 0; --i) {
      out.push_back((random() % 4 == 0 ? "!" : "") + prefixes[random() % prefixes.size()]);
    }
    return out;
  }

  std::string hosts() {
    std::string out;
    for (auto i = 1 + random() % 4; i > 0; --i) {
      const std::string item = with_sets_ && random() % 3 == 0
                                   ? (random() % 2 == 0 ? "@one" : "@two")
                                   : host_items[random() % host_items.size()];
      out += (out.empty() ? "" : ", ") + std::string(random() % 3 == 0 ? "!" : "") + item;
    }
    return out;
  }

  std::mt19937 engine_;
  bool with_sets_;
  std::shared_ptr<const SetTable> sets_ = two_sets();
};

// One rule after the other.
Found naive(const std::vector<RuleSettings>& rules, const Flow& flow, const KnownHost& host) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (why_not(rules[i], flow, "eth0", {}, host).empty()) {
      return i;
    }
  }
  return std::nullopt;
}

struct Check {
  bool changes = false;  // for some host, or for none
  bool agrees = true;    // what is decided with a host is what the rules say one by one
};

Check check(const RuleSet& set, const std::vector<RuleSettings>& rules, const Flow& flow,
            Found before) {
  Check out;
  std::vector<KnownHost> hosts{no_host};
  std::transform(host_names.begin(), host_names.end(), std::back_inserter(hosts), named);
  for (const KnownHost& host : hosts) {
    const auto decision = decide(set, flow, host);
    out.agrees = out.agrees && !decision.may_change && decision.rule == naive(rules, flow, host);
    out.changes = out.changes || decision.rule != before;
  }
  return out;
}

TEST_CASE("a decision may change exactly where some host, or none, changes it") {
  MadeUpRules made(5, false);
  for (int round = 0; round < 300; ++round) {
    const auto rules = made.rules();
    const RuleSet set = RuleSet::compile(rules);
    for (const std::string client : {"10.1.0.1", "10.2.0.1", "192.0.2.1", "198.51.100.1"}) {
      const Flow flow = flow_from(client, static_cast<int>(80 + made.random() % 3));
      const auto decision = decide(set, flow, host_not_yet);
      const Check found = check(set, rules, flow, decision.rule);
      CHECK(found.agrees);
      CHECK(decision.may_change == found.changes);
    }
  }
}

TEST_CASE("with sets a decision that may not change does not") {
  MadeUpRules made(6, true);
  for (int round = 0; round < 300; ++round) {
    const auto rules = made.rules();
    const RuleSet set = RuleSet::compile(rules);
    for (const std::string client : {"10.1.0.1", "10.2.0.1", "192.0.2.1", "198.51.100.1"}) {
      const Flow flow = flow_from(client, static_cast<int>(80 + made.random() % 3));
      const auto decision = decide(set, flow, host_not_yet);
      const Check found = check(set, rules, flow, decision.rule);
      CHECK(found.agrees);
      CHECK((decision.may_change || !found.changes));
    }
  }
}

}  // namespace
}  // namespace weir
