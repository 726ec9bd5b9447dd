// Long lists in sets of nft's that stand beside the rules: what the rules say then, what is loaded,
// what stays and what goes when rules are replaced; and, as root, what the kernel has of it.
#include <sched.h>

#include "catch.h"
#include "firewall/evaluate.h"
#include "firewall/install.h"
#include "firewall/installed.h"
#include "firewall/ipset.h"
#include "firewall/lower.h"
#include "firewall/nft.h"
#include "firewall/nft_listing.h"
#include "firewall/print_nft.h"
#include "firewall/program.h"
#include "firewall/replace_nft.h"
#include "firewall/script.h"
#include "firewall/set_loader.h"
#include "firewall/set_messages.h"
#include "make.h"

namespace weir::firewall {
namespace {

// Every other /24 of 16.0.0.0/4 and more.
std::vector<std::string> many(std::size_t count, std::size_t first = 0) {
  std::vector<std::string> out;
  for (std::size_t i = first; i < first + count; ++i) {
    out.push_back(
        Prefix{Address::v4(static_cast<std::uint32_t>(0x10000000U + (i << 9U))), 24}.text());
  }
  return out;
}

Ruleset shutting(std::size_t count, std::size_t first = 0) {
  return ruleset_of({rule("ads", {tcp(80)}, Offload::drop).destination(many(count, first)),
                     rule("web", {tcp(80)})});
}

Plan in_sets(const Ruleset& ruleset) { return for_nft(make_plan(ruleset), NftLists::in_sets); }

constexpr std::size_t is_long = max_in_nft_rule + 1;

std::string name_in(const Plan& plan) {
  const auto sets = named_sets(plan);
  REQUIRE(sets.size() == 1);
  return sets.begin()->first;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// As weir's table stands with this plan.
std::string listing_of(const Plan& plan, std::size_t elements) {
  const std::string name = name_in(plan);
  return "table inet weir {\n\tset " + name + " {\n" + elements_line(elements) +
         "\t\ttype ipv4_addr\n\t\tflags interval\n\t}\n\n\tset other {\n\t\ttype ipv4_addr\n\t}\n\n"
         "\tcounter rule-1-ads {\n\t}\n\n\tchain decide {\n\t\tip daddr @" +
         name + " drop\n\t}\n\n\tchain prerouting {\n\t\t" +
         "type filter hook prerouting priority dstnat + 5; policy accept;\n\t\tgoto "
         "decide\n\t}\n}\n";
}

}  // namespace

TEST_CASE("a rule names a set where its list is long, and has a shorter one in itself") {
  const Plan plan = in_sets(shutting(is_long));
  const std::string text = print_nft(plan);
  CHECK(has(text, "ip daddr @" + name_in(plan) + " "));
  CHECK_FALSE(has(text, "16.0.0.0/24"));
  CHECK(named_sets(in_sets(shutting(max_in_nft_rule))).empty());
  CHECK(print_nft(in_sets(shutting(max_in_nft_rule))) == render_nft(shutting(max_in_nft_rule)));
}

TEST_CASE("a list that several rules name is one set, unless it is short") {
  const auto shared_by = [](std::size_t first_rule, std::size_t second_rule) {
    const auto drop = [](const char* name, Port port, std::size_t count) {
      return rule(name, {tcp(port)}, Offload::drop).destination(many(count));
    };
    return in_sets(ruleset_of({drop("ads", 80, first_rule), drop("more", 443, second_rule),
                               rule("web", {tcp(80), tcp(443)})}));
  };
  constexpr std::size_t long_for_two = max_in_each_nft_rule + 1;
  const Plan plan = shared_by(long_for_two, long_for_two);
  const std::string text = print_nft(plan);
  const std::string named = "ip daddr @" + name_in(plan) + " ";
  CHECK(text.find(named) != text.rfind(named));
  CHECK(text.find("16.0.0.0/24") == text.rfind("16.0.0.0/24"));
  CHECK(named_sets(shared_by(long_for_two, long_for_two + 1)).empty());
  CHECK(named_sets(shared_by(max_in_each_nft_rule, max_in_each_nft_rule)).empty());
}

TEST_CASE("what `firewall show` prints has every list in itself") {
  const std::string shown = apply_script(shutting(is_long), Backend::nft);
  CHECK(has(shown, "16.0.0.0/24"));
  CHECK_FALSE(has(shown, "@weir-"));
  const std::string own = own_script(shutting(is_long), Backend::nft);
  CHECK(own.size() < shown.size() / 2);
  CHECK(has(own, "sets_to_keep='" + name_in(in_sets(shutting(is_long))) + "'"));
  // The same list is the same set, and another one is not.
  CHECK(own == own_script(shutting(is_long), Backend::nft));
  CHECK(own != own_script(shutting(is_long, 1), Backend::nft));
}

TEST_CASE("a set that stands whole is not loaded again") {
  const Plan plan = in_sets(shutting(is_long));
  const std::size_t whole = SetMessages::count_elements(*named_sets(plan).begin()->second);
  CHECK(whole == 2 * is_long);
  const std::vector<std::string> it{name_in(plan)};
  CHECK(missing_sets(plan, listing_of(plan, whole)).empty());
  CHECK(missing_sets(plan, "") == it);
  CHECK(missing_sets(plan, listing_of(plan, whole / 2)).empty());
  CHECK(missing_sets(plan, listing_of(plan, whole / 2 - 1)) == it);
  CHECK(missing_sets(plan, listing_of(plan, whole / 2 + 1)) == it);
  CHECK(missing_sets(in_sets(shutting(is_long, 1)), listing_of(plan, whole)).size() == 1);
}

TEST_CASE("a set that no rule names may be half of one, and is loaded again") {
  const Plan plan = in_sets(shutting(is_long));
  std::string listing = listing_of(plan, 2 * is_long);
  const std::string named = "@" + name_in(plan);
  listing.replace(listing.find(named), named.size(), "192.0.2.1");
  CHECK(missing_sets(plan, listing).size() == 1);
}

TEST_CASE("where the kernel does not say how much is in a set, it is taken for whole") {
  const Plan plan = in_sets(shutting(is_long));
  std::string listing = listing_of(plan, 7);
  listing.erase(listing.find(elements_line(7)), elements_line(7).size());
  CHECK(missing_sets(plan, listing).empty());
}

TEST_CASE("a replacement leaves the sets that its rules name, and takes away the others") {
  const Plan before = in_sets(shutting(is_long));
  const Plan after = in_sets(shutting(is_long, 1));
  const std::string listing = listing_of(before, 2 * is_long);
  const auto anew = replace_nft(after, listing);
  REQUIRE(anew.size() == 3);
  CHECK(has(anew[0], "@" + name_in(after)));
  CHECK_FALSE(has(anew[0] + anew[1], "delete set"));
  CHECK(has(anew[2], "delete set inet weir " + name_in(before) + "\n"));
  CHECK(has(anew[2], "delete set inet weir other\n"));
  const auto same = replace_nft(before, listing);
  CHECK_FALSE(has(same[2], "delete set inet weir weir-4"));
}

TEST_CASE("a table that is made anew keeps the sets that its rules name") {
  const Plan plan = in_sets(shutting(is_long));
  const std::string text = remake_nft(plan, listing_of(plan, 2 * is_long));
  CHECK_FALSE(has(text, "delete table"));
  CHECK_FALSE(has(text, "delete set inet weir weir-4"));
  CHECK(has(text, "delete set inet weir other\n"));
  CHECK(has(text, "flush chain inet weir decide\n"));
  CHECK(has(text, "delete chain inet weir prerouting\n"));
  CHECK(has(text, "delete counter inet weir rule-1-ads\n"));
  CHECK(text.find("delete chain") > text.rfind("flush chain"));
}

TEST_CASE("of all tables that nft lists weir's is cut out") {
  const std::string own = "table inet weir {\n\tchain own {\n\t}\n}\n";
  const std::string others = "table inet weird {\n\tchain a {\n\t}\n}\n";
  CHECK(table_in(others + own + others, "table inet weir {") == own);
  CHECK(table_in(others, "table inet weir {").empty());
  CHECK(table_in("", "table inet weir {").empty());
}

// As root, in a network of its own; lab/firewall_sets runs it.
TEST_CASE("the kernel has what is loaded: long lists of both families, replaced and taken away",
          "[.kernel]") {
  REQUIRE(unshare(CLONE_NEWNET) == 0);
  const auto listed = [] {
    const auto ended = run_nft("list ruleset inet\n", NftWith::everything);
    REQUIRE(ended);
    return ended.value().output;
  };
  std::vector<Prefix> v4;
  for (const std::string& text : many(70'000)) v4.push_back(prefix(text));
  REQUIRE(load_set("weir-4-x", v4).ok());
  const std::size_t elements = SetMessages::count_elements(v4);
  if (const auto counted = count_in_kernel("weir-4-x")) {
    CHECK(is_whole(*counted, elements));
  }
  CHECK_FALSE(count_in_kernel("weir-4-none"));
  CHECK(has(listed(), "16.0.0.0/24, 16.0.2.0/24,"));
  // Filled anew, with less.
  REQUIRE(load_set("weir-4-x", std::span(v4).first(3)).ok());
  CHECK(has(listed(), "elements = { 16.0.0.0/24, 16.0.2.0/24,\n\t\t\t     16.0.4.0/24 }"));
  const std::vector<Prefix> v6{prefix("2001:db8::/33"), prefix("2001:db8:8000::/33"),
                               prefix("ff00::/8")};
  REQUIRE(load_set("weir-6-x", v6).ok());
  CHECK(has(listed(), "elements = { 2001:db8::/32,\n\t\t\t     ff00::/8 }"));
  const auto asked = run_nft(
      "get element inet weir weir-6-x { 2001:db8:ffff::1 }\n"
      "get element inet weir weir-6-x { ffff::1 }\n",
      NftWith::everything);
  REQUIRE(asked);
  CHECK(asked.value().status == 0);
  // A set of another kind stands in the way.
  REQUIRE(apply_nft("add set inet weir odd { type inet_service; }\n").ok());
  const auto refused = load_set("odd", v4);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().text().starts_with("cannot load the set odd: "));
  CHECK_FALSE(has(refused.error().text(), "buffer"));  // why, and not how much was said of it
  CHECK(has(listed(), "set odd {\n\t\ttype inet_service\n"));
  drop_sets({"weir-6-x", "weir-4-x"});
  CHECK_FALSE(has(listed(), "weir-6-x"));
}

TEST_CASE("rules with long lists are put, replaced and taken away", "[.kernel]") {
  REQUIRE(unshare(CLONE_NEWNET) == 0);
  REQUIRE(run_program({"ip", "link", "set", "lo", "up"}, "").ok());
  const auto sets = [] {
    std::vector<std::string> names;
    const auto text = installed_text(Backend::nft);
    REQUIRE(text.ok());
    for (const NftObject& object : read_listing(text.value()).objects) {
      if (object.kind == "set") names.push_back(object.name);
    }
    return names;
  };
  const Ruleset first = shutting(is_long);
  REQUIRE(apply(first, Backend::nft).ok());
  const std::string name = name_in(in_sets(first));
  CHECK(sets() == std::vector<std::string>{name});
  CHECK(applied(Backend::nft).value());
  // The same again changes nothing, another list replaces the set.
  REQUIRE(apply(first, Backend::nft).ok());
  CHECK(sets() == std::vector<std::string>{name});
  const Ruleset second = shutting(is_long, 1);
  REQUIRE(apply(second, Backend::nft).ok());
  CHECK(sets() == std::vector<std::string>{name_in(in_sets(second))});
  // What another process took out is put back.
  REQUIRE(apply_nft("flush set inet weir " + name_in(in_sets(second)) + "\n").ok());
  REQUIRE(apply(second, Backend::nft).ok());
  const auto counted = count_in_kernel(name_in(in_sets(second)));
  CHECK((!counted || is_whole(*counted, 2 * is_long)));
  REQUIRE(remove(Backend::nft).ok());
  CHECK_FALSE(applied(Backend::nft).value());
  // What `firewall show` prints does the same by nft alone.
  REQUIRE(run_program({"sh", "-s"}, apply_script(first, Backend::nft)).value().status == 0);
  CHECK(sets().empty());
  CHECK(applied(Backend::nft).value());
  REQUIRE(apply(first, Backend::nft).ok());
  CHECK(sets() == std::vector<std::string>{name});
}

}  // namespace weir::firewall
