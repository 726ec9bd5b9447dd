// Items of a list that are neither addresses nor prefixes, with two kinds that only tests have.
#include <array>

#include "base/machine.h"
#include "rules/conditions/addresses.h"
#include "rules/conditions/condition.h"
#include "rules/rule_fixture.h"

namespace weir {
namespace {

// `port:N`: clients that send from that port; `port:?` does not know yet.
struct FromPort {
  using Parsed = int;
  static bool claims(std::string_view item) { return item.starts_with("port:"); }
  static Result<Parsed> parse(std::string_view item, FlowEnd end) {
    if (end != FlowEnd::client) {
      return Error("only clients have that");
    }
    return item == "port:?" ? 0 : std::stoi(std::string(item.substr(5)));
  }
  static Answer holds(Parsed port, FlowEnd /*end*/, const FlowFacts& facts) {
    return port == 0 ? Answer::not_yet : answer(facts.flow().client.port == port);
  }
  static std::string text(Parsed port) { return "port:" + std::to_string(port); }
};

// `links`: 10.0.N.0/24 for each link that the machine has; none while that is not known.
struct Links {
  using Parsed = std::vector<Prefix>;
  static bool claims(std::string_view item) { return item == "links"; }
  static Result<Parsed> parse(std::string_view /*item*/, FlowEnd /*end*/) { return Parsed{}; }
  static Answer holds(const Parsed& networks, FlowEnd end, const FlowFacts& facts) {
    return answer(std::any_of(networks.begin(), networks.end(), [&](const Prefix& network) {
      return network.contains(address_at(end, facts.flow()));
    }));
  }
  static std::string text(const Parsed& /*networks*/) { return "links"; }
  static std::optional<Parsed> fit(const Parsed& /*networks*/, const Machine& machine) {
    Parsed out;
    for (const Link& link : machine.links) {
      out.push_back(Prefix::parse("10.0." + std::to_string(link.index) + ".0/24").value());
    }
    return out;
  }
  static PrefixList list(const Parsed& networks) {
    return networks.empty() ? PrefixList{} : PrefixList::of(networks);
  }
};

constinit const AddressItemType from_port_item = address_item_type<FromPort>();
constinit const AddressItemType links_item = address_item_type<Links>();
constexpr std::array<const AddressItemType*, 2> types{&from_port_item, &links_item};

struct Read {
  AddressCondition list;
  std::vector<std::string> findings;
};

Read read(const std::string& text, FlowEnd end = FlowEnd::client) {
  const std::string_view key = end == FlowEnd::client ? "client" : "destination";
  const ConditionType& row = end == FlowEnd::client ? client_condition : destination_condition;
  Settings settings("r", {"f", 1}, row.keys);
  settings.add(key, parse_value(row.keys.front(), text, {"f", 2}).value());
  Findings findings;
  Read out{.list = address_list(settings, key, end, types, findings), .findings = {}};
  for (const Diagnostic& finding : findings.take()) {
    out.findings.push_back(finding.line());
  }
  return out;
}

RuleSettings rule_for(const std::string& clients) {
  RuleSettings rule;
  rule.name = "r";
  rule.set(on({tcp(80)}));
  rule.set({client_condition, AddressMatch(read(clients).list)});
  return rule;
}

Flow from(const std::string& client, Port port) {
  Flow flow = flow_of(Protocol::tcp, client, "192.0.2.1:80");
  flow.client.port = port;
  return flow;
}

Answer asked(const std::string& clients, const std::string& client, Port port) {
  const RuleSettings rule = rule_for(clients);
  const Flow flow = from(client, port);
  const InterfaceName nothing = [](std::uint32_t) { return std::string(); };
  return rule.find(client_condition)->holds(FlowFacts(flow, nothing, {}));
}

bool covers(const std::string& one, const std::string& other) {
  const RuleSettings a = rule_for(one);
  const RuleSettings b = rule_for(other);
  return a.find(client_condition)->covers(b.find(client_condition));
}

const std::vector<Link> two_links{{1, "lan", 0, ""}, {2, "guest", 0, ""}};

}  // namespace

TEST_CASE("an item of another kind counts as a prefix does, negated or not") {
  CHECK(asked("10.0.0.0/8, port:7", "10.0.0.1", 5) == Answer::yes);
  CHECK(asked("10.0.0.0/8, port:7", "11.0.0.1", 7) == Answer::yes);
  CHECK(asked("10.0.0.0/8, port:7", "11.0.0.1", 8) == Answer::no);
  CHECK(asked("port:7", "11.0.0.1", 8) == Answer::no);
  CHECK(asked("!port:7", "11.0.0.1", 8) == Answer::yes);
  CHECK(asked("!port:7", "11.0.0.1", 7) == Answer::no);
  CHECK(asked("10.0.0.0/8, !port:7", "10.0.0.1", 7) == Answer::no);
  CHECK(asked("port:7, !10.0.0.0/8", "10.0.0.1", 7) == Answer::no);
}

TEST_CASE("an item without an answer yet leaves the list without one where it decides") {
  CHECK(asked("port:?", "10.0.0.1", 7) == Answer::not_yet);
  CHECK(asked("port:?, 10.0.0.0/8", "10.0.0.1", 7) == Answer::yes);
  CHECK(asked("port:?, port:7", "10.0.0.1", 7) == Answer::yes);
  CHECK(asked("!port:?", "10.0.0.1", 7) == Answer::not_yet);
  CHECK(asked("11.0.0.0/8, !port:?", "10.0.0.1", 7) == Answer::no);
  CHECK(asked("port:?, !10.0.0.0/8", "10.0.0.1", 7) == Answer::no);
}

TEST_CASE("why not names the item that excludes, and all that were wanted") {
  const auto why = [](const std::string& clients, Port port) {
    return why_not(rule_for(clients), from("10.0.0.1", port), "");
  };
  CHECK(why("!port:7", 7) == "client 10.0.0.1 is in !port:7");
  CHECK(why("192.0.2.0/24, port:7", 8) == "client 10.0.0.1 is not in 192.0.2.0/24, port:7");
  CHECK(why("192.0.2.0/24, port:7", 7).empty());
}

TEST_CASE("an item that its kind refuses is an error at its line") {
  CHECK(read("port:7", FlowEnd::destination).findings ==
        std::vector<std::string>{"f:2: error: 'destination': only clients have that"});
  CHECK(read("port:7, links").findings.empty());
}

TEST_CASE("lists with items are equal when all that they say is") {
  CHECK(read("port:7, 10.0.0.0/8").list == read("10.0.0.0/8, port:7").list);
  CHECK_FALSE(read("port:7").list == read("port:8").list);
  CHECK_FALSE(read("port:7").list == read("!port:7").list);
}

TEST_CASE("a list covers another one whose items are among its own") {
  CHECK(covers("port:7, port:8", "port:8"));
  CHECK(covers("port:7, 10.0.0.0/8", "10.1.0.0/16, port:7"));
  CHECK_FALSE(covers("port:7", "port:8"));
  CHECK_FALSE(covers("10.0.0.0/8", "port:8"));
  CHECK_FALSE(covers("10.0.0.0/8, port:7", "!port:8"));
  CHECK(covers("0.0.0.0/0, ::/0", "port:7"));
  CHECK(covers("!port:7", "!port:7"));
  CHECK(covers("!port:7", "10.0.0.1, !port:7"));
  CHECK_FALSE(covers("!port:7", "10.0.0.1"));
  CHECK_FALSE(covers("!10.0.0.1", "port:7"));
}

TEST_CASE("an item that names this machine's things changes with the machine") {
  const RuleSettings rule = rule_for("links, 192.0.2.7");
  const RuleSettings here = rule.fitted({.links = two_links});
  CHECK_FALSE(here.conditions == rule.conditions);
  CHECK(why_not(here, from("10.0.2.9", 1), "").empty());
  CHECK_FALSE(why_not(rule, from("10.0.2.9", 1), "").empty());
  const RuleSettings again = here.fitted({.links = two_links});
  CHECK(again.conditions == here.conditions);
  CHECK(again.conditions[1].parsed() == here.conditions[1].parsed());
}

TEST_CASE("rules are found by the lists that their items stand for, and else asked") {
  std::vector<RuleSettings> rules;
  for (int i = 0; i < 20; ++i) {
    rules.push_back(rule_for("10.1." + std::to_string(i) + ".0/24"));
  }
  rules.push_back(rule_for("links, 192.0.2.7").fitted({.links = two_links}));
  rules.push_back(rule_for("10.1.0.0/16, port:7"));
  rules.push_back(rule_for("10.2.0.0/16, !port:9"));
  const RuleSet set = RuleSet::compile(rules);
  const auto found = [&](const std::string& client, Port port) {
    return set.match(from(client, port), {});
  };
  using Found = std::optional<std::size_t>;
  CHECK(found("10.1.7.1", 7) == Found{7});
  CHECK(found("10.0.2.1", 1) == Found{20});
  CHECK(found("192.0.2.7", 1) == Found{20});
  CHECK(found("10.1.20.1", 1) == Found{21});
  CHECK(found("9.9.9.9", 7) == Found{21});
  CHECK(found("10.2.0.1", 1) == Found{22});
  CHECK(found("10.2.0.1", 9) == Found{});
}

}  // namespace weir
