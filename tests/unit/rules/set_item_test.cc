// Items `@SET` of rules, from the file to the flow that they are asked about.
#include <algorithm>

#include "base/machine.h"
#include "catch.h"
#include "config/made_up_files.h"
#include "firewall/narrowing.h"
#include "rules/rule_set.h"
#include "sets/live_sets.h"
#include "sets/set_table.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;

const std::string guests = R"([set guests]
file = guests.list
entries = 2001:db8::20
[rule guests]
on = tcp/80
client = @guests
use = reject
[rule others]
on = tcp/80
client = !@guests, !@staff.list
use = direct
)";

const std::map<std::string, std::string> lists{{"guests.list", "# of the hotel\n198.51.100.0/25\n"},
                                               {"staff.list", "192.0.2.9\n"}};

Flow from(const std::string& client) {
  const Address address = Address::parse(client).value();
  return {.protocol = Protocol::tcp,
          .client = {address, 4000},
          .destination = {Address::parse(address.is_v4() ? "203.0.113.5" : "2001:db8:9::5").value(),
                          80}};
}

// The name of the rule, or "".
std::string rule_of(const Configuration& configuration, const Flow& flow) {
  const auto matched = RuleSet::compile(configuration.rules).match(flow, nullptr, nullptr);
  return matched ? configuration.rules[*matched].name : "";
}

TEST_CASE("a rule's set has what its list and its entries say") {
  const auto loaded = load_text(guests, lists);
  REQUIRE(loaded.configuration);
  CHECK(rule_of(*loaded.configuration, from("198.51.100.7")) == "guests");
  CHECK(rule_of(*loaded.configuration, from("198.51.100.200")) == "others");
  CHECK(rule_of(*loaded.configuration, from("2001:db8::20")) == "guests");
  CHECK(rule_of(*loaded.configuration, from("2001:db8::21")) == "others");
  CHECK(rule_of(*loaded.configuration, from("192.0.2.9")).empty());
}

TEST_CASE("rules that name a set share it") {
  const auto loaded = load_text(guests, lists);
  REQUIRE(loaded.configuration);
  const auto& rules = loaded.configuration->rules;
  CHECK(rules[0].client().include_items[0].list().list ==
        rules[1].client().exclude_items[0].list().list);
  REQUIRE(loaded.configuration->set_table);
  CHECK(loaded.configuration->set_table->sets().size() == 2);
}

TEST_CASE("why a rule does not match, or does, names the set, its file and the line") {
  const auto loaded = load_text(guests, lists);
  REQUIRE(loaded.configuration);
  const auto& rules = loaded.configuration->rules;
  CHECK(why_not(rules[0], from("192.0.2.1"), "") == "client 192.0.2.1 is not in @guests");
  CHECK(why_not(rules[1], from("198.51.100.7"), "") ==
        "client 198.51.100.7 is in !@guests (guests.list:2: 198.51.100.0/25)");
  CHECK(why_not(rules[1], from("192.0.2.9"), "") ==
        "client 192.0.2.9 is in !@staff.list (staff.list:1: 192.0.2.9)");
  CHECK(set_matches(rules[0], from("198.51.100.7")) ==
        Lines{"client 198.51.100.7 is in @guests (guests.list:2: 198.51.100.0/25)"});
  CHECK(set_matches(rules[0], from("2001:db8::20")) ==
        Lines{"client 2001:db8::20 is in @guests (weir.ini:3: 2001:db8::20)"});
}

TEST_CASE("a set that is not there is an error, and so is a list that cannot be used") {
  CHECK(findings_of("[rule a]\non = tcp/80\nclient = @guest\nuse = direct\n"
                    "[set guests]\nentries = 192.0.2.1\n") ==
        Lines{"weir.ini:5: warning: [set guests] is used by no rule and not read",
              "weir.ini:3: error: cannot use 'guest': there is no such file, did you mean the set "
              "'@guests'?"});
  CHECK(findings_of(guests, {{"guests.list", "198.51.100.0/25\nnonsense here\n"},
                             {"staff.list", "192.0.2.9\n"}}) ==
        Lines{"guests.list:2: error: there is text after 'nonsense': a list has one item a line"});
}

TEST_CASE("names in a set are a warning where no rule asks for a host") {
  CHECK(findings_of("[set ads]\nentries = 192.0.2.1, example.org, example.net\n"
                    "[rule a]\non = tcp/80\ndestination = @ads\nuse = reject\n") ==
        Lines{"weir.ini:1: warning: [set ads] has 2 names, which match no address: 'client' and "
              "'destination' are asked about addresses"});
}

TEST_CASE("a reload keeps a set whose list has become unusable, and says so") {
  const auto before = load_text(guests, lists);
  REQUIRE(before.configuration);
  const auto after = load_text(
      guests, {{"guests.list", "198.51.100.0/25\nnonsense here\n"}, {"staff.list", "192.0.2.9\n"}},
      before.configuration->set_table.get());
  REQUIRE(after.configuration);
  REQUIRE(after.diagnostics.size() == 1);
  CHECK(after.diagnostics[0].severity == Diagnostic::Severity::warning);
  CHECK(after.diagnostics[0].text.ends_with("; [set guests] stays as it was"));
  CHECK(rule_of(*after.configuration, from("198.51.100.7")) == "guests");
  CHECK(after.configuration->rules[0].conditions == before.configuration->rules[0].conditions);
}

TEST_CASE("a rule has changed when what is in its set has changed, however it is written") {
  const auto before = load_text(guests, lists);
  REQUIRE(before.configuration);
  const auto same = load_text(
      guests, {{"guests.list", "\n198.51.100.0/25 ; the same\n"}, {"staff.list", "192.0.2.9\n"}});
  const auto other =
      load_text(guests, {{"guests.list", "198.51.100.0/24\n"}, {"staff.list", "192.0.2.9\n"}});
  REQUIRE((same.configuration && other.configuration));
  CHECK(same.configuration->rules[0].conditions == before.configuration->rules[0].conditions);
  CHECK_FALSE(other.configuration->rules[0].conditions ==
              before.configuration->rules[0].conditions);
}

std::string long_list(int lines) {
  std::string out;
  for (int i = 0; i < lines; ++i) {
    out += "10." + std::to_string(i / 65536 % 256) + "." + std::to_string(i / 256 % 256) + "." +
           std::to_string(i % 256) + "\n";
  }
  return out;
}

TEST_CASE("the firewall has a rule's set, unless it is longer than max-set") {
  const auto why = [](int lines, std::size_t max_set) {
    auto files = lists;
    files["guests.list"] = long_list(lines);
    const auto loaded = load_text(guests, std::move(files));
    REQUIRE(loaded.configuration);
    CHECK(rule_of(*loaded.configuration, from("10.0.0.7")) == "guests");
    const RuleSettings& rule = loaded.configuration->rules[0];
    std::string text = firewall::why_left_to_gateway(rule, max_set);
    CHECK(firewall::narrowed(rule, max_set).is_exact() == text.empty());
    return text;
  };
  CHECK(why(999, 1000).empty());  // and one of entries
  CHECK(why(65'537, 100'000).empty());
  CHECK(why(1000, 1000) ==
        "the gateway decides it, for @guests has 1001 prefixes, more than firewall.max-set = 1000");
}

TEST_CASE("with max-set = 0 the firewall is given no list, but rules without one still") {
  const auto loaded = load_text(
      "[set one]\nentries = 192.0.2.1\n[rule listed]\non = tcp/80\nclient = @one\nuse = drop\n"
      "[rule any]\non = tcp/81\nuse = drop\n",
      {});
  REQUIRE(loaded.configuration);
  const auto& rules = loaded.configuration->rules;
  CHECK(firewall::why_left_to_gateway(rules[0], 0) ==
        "the gateway decides it, for @one has 1 prefix, more than firewall.max-set = 0");
  CHECK(firewall::why_left_to_gateway(rules[1], 0).empty());
}

// The configuration's rules with what is changed at run time.
Configuration with(const Configuration& configuration, const LiveSets& live) {
  return configuration.fitted({.sets = live.over(configuration.set_table).get()});
}

LiveSets changed(const Configuration& configuration, const std::string& set,
                 const LiveChange& change) {
  LiveSets out;
  CHECK(out.change(*configuration.set_table->find(set), change).empty());
  return out;
}

LiveChange added(const std::vector<std::string>& items) {
  LiveChange out;
  for (const std::string& item : items) {
    out.add.push_back(parse_item(item).value());
  }
  return out;
}

LiveChange removed(const std::string& item) {
  LiveChange out;
  out.remove.push_back(parse_item(item).value());
  return out;
}

TEST_CASE("what is added at run time is the rule's, whether it is found by a list or asked") {
  for (const int lines : {1, 1000, 70'000}) {
    auto files = lists;
    files["guests.list"] = long_list(lines);
    const auto loaded = load_text(guests, std::move(files));
    REQUIRE(loaded.configuration);
    CHECK(rule_of(*loaded.configuration, from("192.0.2.77")) == "others");
    const auto now = with(*loaded.configuration, changed(*loaded.configuration, "guests",
                                                         added({"192.0.2.77", "10.0.0.0/31"})));
    CHECK(rule_of(now, from("192.0.2.77")) == "guests");
    CHECK(rule_of(now, from("10.0.0.0")) == "guests");
    CHECK(rule_of(now, from("192.0.2.78")) == "others");
    CHECK(rule_of(now, from("2001:db8::20")) == "guests");
  }
}

TEST_CASE("what is removed at run time is the rule's no longer, and explain says by whom") {
  const auto loaded = load_text(guests, lists);
  REQUIRE(loaded.configuration);
  LiveChange change = removed("198.51.100.0/25");
  change.uid = 1000;
  const auto now = with(*loaded.configuration, changed(*loaded.configuration, "guests", change));
  CHECK(rule_of(now, from("198.51.100.7")) == "others");
  CHECK(rule_of(now, from("2001:db8::20")) == "guests");
  CHECK(why_not(now.rules[0], from("198.51.100.7"), "") ==
        "client 198.51.100.7 is not in @guests (removed by uid 1000: guests.list:2: "
        "198.51.100.0/25)");
}

TEST_CASE("explain says who added what matched, and until when") {
  const auto loaded = load_text(guests, lists);
  REQUIRE(loaded.configuration);
  LiveChange change = added({"192.0.2.64/26"});
  const auto forever =
      with(*loaded.configuration, changed(*loaded.configuration, "guests", change));
  CHECK(set_matches(forever.rules[0], from("192.0.2.77")) ==
        Lines{"client 192.0.2.77 is in @guests (added by uid 0: 192.0.2.64/26)"});
  change.until = std::chrono::time_point_cast<Instant::duration>(std::chrono::steady_clock::now()) +
                 std::chrono::hours(1);
  const auto for_now =
      with(*loaded.configuration, changed(*loaded.configuration, "guests", change));
  const auto said = set_matches(for_now.rules[0], from("192.0.2.77"));
  REQUIRE(said.size() == 1);
  CHECK(said[0].starts_with("client 192.0.2.77 is in @guests (added by uid 0 until "));
  CHECK(said[0].ends_with(": 192.0.2.64/26)"));
}

TEST_CASE("a change at run time makes another rule; the same again by another user does not") {
  const auto loaded = load_text(guests, lists);
  REQUIRE(loaded.configuration);
  LiveChange change = added({"192.0.2.77"});
  const auto once = with(*loaded.configuration, changed(*loaded.configuration, "guests", change));
  CHECK_FALSE(once.rules[0].conditions == loaded.configuration->rules[0].conditions);
  change.uid = 1000;
  change.until = Instant(std::chrono::hours(1));
  const auto again = with(*loaded.configuration, changed(*loaded.configuration, "guests", change));
  CHECK(again.rules[0].conditions == once.rules[0].conditions);
  CHECK(with(once, LiveSets()).rules[0].conditions == loaded.configuration->rules[0].conditions);
}

const std::string pausing = R"([set paused]
[rule paused]
on = any/*
client = @paused
use = reject
[rule others]
on = tcp/80
client = !@paused
use = direct
)";

TEST_CASE("a set that is empty for now matches nothing, and the firewall knows that") {
  const auto loaded = load_text(pausing);
  REQUIRE(loaded.configuration);
  CHECK(loaded.diagnostics.empty());
  CHECK(rule_of(*loaded.configuration, from("192.0.2.7")) == "others");
  const auto paused =
      firewall::narrowed(loaded.configuration->rules[0], FirewallSettings{}.max_set);
  CHECK(paused.is_exact());
  CHECK_FALSE(paused.addresses(Family::v4));
  const auto others =
      firewall::narrowed(loaded.configuration->rules[1], FirewallSettings{}.max_set);
  CHECK(others.is_exact());
  CHECK(others.addresses(Family::v4));
}

TEST_CASE("the firewall has what is added at run time, and nothing of what is removed") {
  const auto loaded = load_text(pausing);
  REQUIRE(loaded.configuration);
  LiveSets live = changed(*loaded.configuration, "paused", added({"192.0.2.7"}));
  const auto now = with(*loaded.configuration, live);
  const auto narrowed = firewall::narrowed(now.rules[0], FirewallSettings{}.max_set);
  CHECK(narrowed.is_exact());
  REQUIRE(narrowed.addresses(Family::v4));
  CHECK_FALSE(narrowed.addresses(Family::v6));
  CHECK(rule_of(now, from("192.0.2.7")) == "paused");
  CHECK(
      live.change(*loaded.configuration->set_table->find("paused"), removed("192.0.2.7")).empty());
  CHECK_FALSE(firewall::narrowed(with(now, live).rules[0], FirewallSettings{}.max_set)
                  .addresses(Family::v4));
}

}  // namespace
}  // namespace weir
