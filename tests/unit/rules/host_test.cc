// The condition `host`, from its line to the flow that it is asked about.
#include "base/machine.h"
#include "config/made_up_files.h"
#include "firewall/narrowing.h"
#include "rules/host_match.h"
#include "rules/rule_fixture.h"
#include "sets/live_sets.h"
#include "sets/set_table.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;

const Flow& some_flow() {
  static const Flow flow = flow_of(Protocol::tcp, "198.51.100.2", "203.0.113.5:80");
  return flow;
}

RuleSettings rule(const std::string& host) { return rules_of({{.host = host}})[0]; }

std::string why(const RuleSettings& one, const KnownHost& host) {
  return why_not(one, some_flow(), "", {}, host);
}

bool holds(const std::string& list, const KnownHost& host) { return why(rule(list), host).empty(); }
bool holds(const std::string& list, std::string_view name) { return holds(list, named(name)); }

TEST_CASE("a name is itself, '*.' stands for what is below it, '.' for both") {
  CHECK(holds("example.org", "example.org"));
  CHECK_FALSE(holds("example.org", "www.example.org"));
  CHECK_FALSE(holds("*.example.org", "example.org"));
  CHECK(holds("*.example.org", "a.www.example.org"));
  CHECK(holds(".example.org", "example.org"));
  CHECK(holds(".example.org", "www.example.org"));
  CHECK_FALSE(holds(".example.org", "badexample.org"));
  CHECK(holds("example.net, .example.org", "www.example.org"));
}

TEST_CASE("names are compared in one spelling: lower case, A-labels, no dot at the end") {
  CHECK(holds("WWW.Example.ORG.", "www.example.org"));
  CHECK(
      holds(".b\xC3\xBC"
            "cher.example",
            "www.xn--bcher-kva.example"));
}

TEST_CASE("a name that is negated is not wanted, and with negations alone all others are") {
  CHECK(holds(".example.org, !www.example.org", "ftp.example.org"));
  CHECK_FALSE(holds(".example.org, !www.example.org", "www.example.org"));
  CHECK(holds("!.example.org", "example.net"));
  CHECK_FALSE(holds("!.example.org", "www.example.org"));
}

TEST_CASE("without a name only `none` holds, negated names do not") {
  CHECK_FALSE(holds("example.org", no_host));
  CHECK_FALSE(holds("!example.org", no_host));
  CHECK_FALSE(holds("!none", no_host));
  CHECK(holds("none", no_host));
  CHECK(holds("None, .example.org", no_host));
}

TEST_CASE("`none` is no name, and `!none` every one") {
  CHECK_FALSE(holds("none", "example.org"));
  CHECK(holds("none, .example.org", "example.org"));
  CHECK_FALSE(holds("none, .example.org", "example.net"));
  CHECK(holds("!none", "example.org"));
  CHECK_FALSE(holds("!none, !example.org", "example.org"));
}

TEST_CASE("a host that is not known yet may do, unless none could") {
  const auto answer = [](const std::string& list) {
    return rule(list).find(host_condition)->as<HostMatch>().holds(host_not_yet);
  };
  CHECK(answer("example.org") == Answer::not_yet);
  CHECK(answer("!.example.org") == Answer::not_yet);
  CHECK(answer("none") == Answer::not_yet);
  CHECK(answer("!none") == Answer::not_yet);
  CHECK(answer(".example.org, !*.example.org") == Answer::not_yet);
  CHECK(answer(".example.org, !example.org, !*.example.org") == Answer::no);
  CHECK(answer("www.example.org, !.org") == Answer::no);
  CHECK(answer("none, !none") == Answer::no);
}

TEST_CASE("a host that does not match is named with the list, or with the negation") {
  CHECK(why(rule(".example.com, example.net"), named("www.example.org")) ==
        "host www.example.org is not in .example.com, example.net");
  CHECK(why(rule("!.example.org"), named("www.example.org")) ==
        "host www.example.org is in !.example.org");
  CHECK(why(rule("none"), named("www.example.org")) ==
        "host www.example.org is known, and it wants none");
}

TEST_CASE("where no host is known, what is wanted is said") {
  CHECK(why(rule(".example.com"), no_host) == "no host name is known, and it wants .example.com");
  CHECK(why(rule("!.example.com"), no_host) ==
        "no host name is known, and it wants one that is not in .example.com");
  CHECK(why(rule("!none"), no_host) == "no host name is known, and it wants one");
  CHECK(why(rule(".example.com"), host_not_yet) ==
        "no host name is known yet, and it wants .example.com");
}

TEST_CASE("a host rule covers one that wants less of the names") {
  const auto covers = [](const std::string& a, const std::string& b) {
    return rule(a).find(host_condition)->covers(rule(b).find(host_condition));
  };
  CHECK(covers(".example.org", "www.example.org, *.example.org"));
  CHECK_FALSE(covers("*.example.org", ".example.org"));
  CHECK(covers("!none", "example.org, !example.net"));
  CHECK_FALSE(covers("!none", "none"));
  CHECK(covers("none, example.org", "none"));
  CHECK_FALSE(covers("example.org", "!example.net"));
  CHECK(covers("!example.net", "example.org"));
  CHECK(covers("!www.example.org", "!.example.org"));
  CHECK_FALSE(covers("!.example.org", "!www.example.org"));
  CHECK_FALSE(covers("!www.example.org", ".example.org"));
  CHECK(covers("!none", "!none"));
  CHECK_FALSE(rule("!none").find(host_condition)->covers(nullptr));
}

TEST_CASE("a rule without `host` shadows one that has it, and not the other way round") {
  CHECK(shadowed_rules(rules_of({{}, {.host = "example.org"}})).size() == 1);
  CHECK(shadowed_rules(rules_of({{.host = "!none"}, {}})).empty());
  CHECK(shadowed_rules(rules_of({{.host = ".example.org"}, {.host = "*.example.org"}})).size() ==
        1);
}

TEST_CASE("the firewall leaves a host rule to the gateway, with what its other conditions leave") {
  const auto one = rules_of({{.client = {"192.0.2.0/24"}, .host = "example.org"}})[0];
  const std::size_t max_set = FirewallSettings{}.max_set;
  const auto narrowed = firewall::narrowed(one, max_set);
  CHECK_FALSE(narrowed.is_exact());
  REQUIRE(narrowed.addresses(Family::v4));
  CHECK(narrowed.addresses(Family::v4)->client.size() == 1);
  CHECK_FALSE(narrowed.addresses(Family::v6));
  CHECK(firewall::why_left_to_gateway(one, max_set) ==
        "the gateway decides it, for packets do not show 'host'");
}

TEST_CASE("the firewall hands over what a host rule's other conditions leave") {
  const auto one = rules_of({{.client = {"192.0.2.0/24"}, .host = "example.org"}})[0];
  const std::size_t max_set = FirewallSettings{}.max_set;
  const Flow flow = flow_of(Protocol::tcp, "192.0.2.7", "203.0.113.5:80");
  CHECK(firewall::hands_over(one, FlowFacts(flow, {}, {}), max_set));
  CHECK_FALSE(firewall::hands_over(one, FlowFacts(some_flow(), {}, {}), max_set));
  CHECK_FALSE(firewall::hands_over(rules_of({{}})[0], FlowFacts(flow, {}, {}), max_set));
}

const std::string ads = R"([set ads]
file = ads.list
entries = tracker.example.net, 192.0.2.1
[rule ads]
on = tcp/80
host = @ads, !@good.list
use = reject
)";

const std::map<std::string, std::string> lists{
    {"ads.list", "# ads\n||ads.example^\n0.0.0.0 x.org\n"}, {"good.list", "good.ads.example\n"}};

Configuration loaded(const std::string& text, const std::map<std::string, std::string>& files) {
  const auto out = load_text(text, files);
  REQUIRE(out.configuration);
  return *out.configuration;
}

TEST_CASE("a rule's set of names has what its lists and entries say") {
  const auto configuration = loaded(ads, lists);
  const RuleSettings& one = configuration.rules[0];
  CHECK(why(one, named("www.ads.example")).empty());
  CHECK(why(one, named("tracker.example.net")).empty());
  CHECK(why(one, named("x.org")).empty());
  CHECK(why(one, named("www.x.org")) == "host www.x.org is not in @ads");
  CHECK(why(one, named("good.ads.example")) ==
        "host good.ads.example is in !@good.list (good.list:1: good.ads.example)");
  CHECK(why(one, no_host) == "no host name is known, and it wants @ads");
}

TEST_CASE("what of a set has the host is said, with the list's file and line") {
  const auto configuration = loaded(ads, lists);
  CHECK(set_matches(configuration.rules[0], some_flow(), {}, named("www.ads.example")) ==
        Lines{"host www.ads.example is in @ads (ads.list:2: .ads.example)"});
  CHECK(set_matches(configuration.rules[0], some_flow(), {}, named("tracker.example.net")) ==
        Lines{"host tracker.example.net is in @ads (weir.ini:3: tracker.example.net)"});
}

TEST_CASE("rules share a set's names, and a reload that changes none of them changes no rule") {
  const auto before = loaded(ads, lists);
  auto files = lists;
  files["ads.list"] = "x.org\n.ads.example ; the same\n";
  CHECK(loaded(ads, files).rules[0].conditions == before.rules[0].conditions);
  files["ads.list"] = "x.org\n.ads.test\n";
  CHECK_FALSE(loaded(ads, files).rules[0].conditions == before.rules[0].conditions);
}

Configuration with_change(const Configuration& configuration, const LiveChange& change) {
  LiveSets live;
  CHECK(live.change(*configuration.set_table->find("ads"), change).empty());
  return configuration.fitted({.sets = live.over(configuration.set_table).get()});
}

TEST_CASE("names that are added and removed at run time count at once") {
  const auto before = loaded(ads, lists);
  LiveChange change;
  change.add.push_back(parse_item("*.example.com").value());
  change.remove.push_back(parse_item("x.org").value());
  const auto now = with_change(before, change);
  CHECK_FALSE(now.rules[0].conditions == before.rules[0].conditions);
  CHECK(set_matches(now.rules[0], some_flow(), {}, named("www.example.com")) ==
        Lines{"host www.example.com is in @ads (added by uid 0: *.example.com)"});
  CHECK(why(now.rules[0], named("x.org")) ==
        "host x.org is not in @ads (removed by uid 0: ads.list:3: x.org)");
}

Answer not_yet_in(const RuleSettings& one) {
  return one.find(host_condition)->as<HostMatch>().holds(host_not_yet);
}

TEST_CASE("no flow waits for a name that no set has") {
  const std::string text = "[set ads]\n[rule a]\non = tcp/80\nhost = @ads\nuse = drop\n";
  const auto empty = loaded(text, {});
  CHECK(not_yet_in(empty.rules[0]) == Answer::no);
  LiveChange change;
  change.add.push_back(parse_item("192.0.2.1").value());
  CHECK(not_yet_in(with_change(empty, change).rules[0]) == Answer::no);
  change.add.push_back(parse_item("example.org").value());
  CHECK(not_yet_in(with_change(empty, change).rules[0]) == Answer::not_yet);
}

TEST_CASE("no flow waits for names that are all removed, or negated by the same set") {
  const std::string begin =
      "[set ads]\nentries = a.org, b.org\n[rule a]\non = tcp/80\nuse = drop\n";
  const auto two = loaded(begin + "host = @ads\n", {});
  CHECK(not_yet_in(two.rules[0]) == Answer::not_yet);
  LiveChange change;
  change.remove.push_back(parse_item("a.org").value());
  CHECK(not_yet_in(with_change(two, change).rules[0]) == Answer::not_yet);
  change.remove.push_back(parse_item("b.org").value());
  CHECK(not_yet_in(with_change(two, change).rules[0]) == Answer::no);
  CHECK(not_yet_in(loaded(begin + "host = @ads, !@ads\n", {}).rules[0]) == Answer::no);
  CHECK(not_yet_in(loaded(begin + "host = a.org, b.org, !@ads\n", {}).rules[0]) == Answer::no);
  CHECK(not_yet_in(loaded(begin + "host = a.org, .b.org, !@ads\n", {}).rules[0]) ==
        Answer::not_yet);
}

}  // namespace
}  // namespace weir
