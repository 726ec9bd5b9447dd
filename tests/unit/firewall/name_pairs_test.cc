// Which pairs are put into which sets and taken out, as clients look names up.
#include "firewall/name_pairs.h"

#include "catch.h"
#include "make.h"

namespace weir::firewall {
namespace {

using std::chrono::seconds;
using What = NameSetChange::What;

constexpr Instant start{std::chrono::hours(1)};

Address at(const std::string& text) { return Address::parse(text).value(); }
const NamePair v4{at("192.0.2.7"), at("203.0.113.1")};
const NamePair v6{at("fd00::7"), at("2001:db8::1")};

PairNames known(const std::vector<std::pair<std::string, int>>& names) {
  PairNames out;
  for (const auto& [name, seconds_left] : names) {
    out.names.push_back({std::make_shared<const std::string>(name), start + seconds(seconds_left)});
  }
  return out;
}

NameRule rule_of(const std::string& set, const std::string& hosts,
                 const std::vector<std::string>& earlier = {}) {
  NameRule out{.set = set, .host = said("host", hosts)};
  for (const std::string& one : earlier) out.earlier.push_back(said("host", one));
  return out;
}

class Pairs {
 public:
  explicit Pairs(const std::vector<NameRule>& rules, std::size_t most = NamePairs::most)
      : pairs_(most) {
    use(rules);
  }
  void use(const std::vector<NameRule>& rules) {
    pairs_.add(rules);
    std::vector<NameSetChange> cleared;
    for (const auto& set : pairs_.sets(NamePairs::Which::unknown)) pairs_.clear(set, cleared);
  }
  // "+names-4-a 60s", "-names-4-a"; an urgent one ends in "!".
  std::vector<std::string> decide(const NamePair& pair, const PairNames& names,
                                  Instant now = start) {
    std::vector<NameSetChange> changes;
    pairs_.decide(pair, names, now, changes);
    std::vector<std::string> out;
    for (const NameSetChange& one : changes) {
      CHECK(one.pair == pair);
      const auto left = std::chrono::duration_cast<seconds>(one.timeout).count();
      out.push_back((one.what == What::put ? "+" + *one.set + " " + std::to_string(left) + "s"
                                           : "-" + *one.set) +
                    (one.is_urgent ? "!" : ""));
    }
    return out;
  }
  NamePairs& it() { return pairs_; }

 private:
  NamePairs pairs_;
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a pair whose name meets a rule is put into its set, for as long as the name holds") {
  Pairs pairs({rule_of("a", "*.ads.example")});
  CHECK(pairs.decide(v4, known({{"x.ads.example", 60}})) == Texts{"+names-4-a 60s!"});
  CHECK(pairs.decide(v6, known({{"x.ads.example", 90}})) == Texts{"+names-6-a 90s!"});
  CHECK(pairs.decide({v4.client, at("203.0.113.2")}, known({{"other.example", 60}})).empty());
}

TEST_CASE(
    "a pair with names that decide differently is taken out, and comes back when one is over") {
  Pairs pairs({rule_of("a", "ads.example")});
  CHECK_FALSE(pairs.decide(v4, known({{"ads.example", 300}})).empty());
  CHECK(pairs.decide(v4, known({{"ads.example", 300}, {"shop.example", 60}})) ==
        Texts{"-names-4-a!"});
  CHECK(pairs.decide(v4, known({{"ads.example", 300}, {"shop.example", 60}})).empty());
  CHECK(pairs.decide(v4, known({{"ads.example", 300}, {"shop.example", 60}}),
                     start + seconds(60)) == Texts{"+names-4-a 240s!"});
}

TEST_CASE("a pair stays for an hour at most, however long the name holds") {
  Pairs pairs({rule_of("a", ".ads.example")});
  CHECK(pairs.decide(v4, known({{"www.ads.example", 86'400}})) ==
        std::vector<std::string>{"+names-4-a 3600s!"});
}

TEST_CASE("several names that all meet the rule stay as long as the longest") {
  Pairs pairs({rule_of("a", "*.ads.example")});
  CHECK(pairs.decide(v4, known({{"x.ads.example", 300}, {"y.ads.example", 60}})) ==
        Texts{"+names-4-a 300s!"});
}

TEST_CASE("a name that an earlier rule with a host would have keeps a pair out") {
  Pairs pairs({rule_of("a", "*.example", {"shop.example"})});
  CHECK(pairs.decide(v4, known({{"shop.example", 60}})).empty());
  CHECK(pairs.decide(v4, known({{"other.example", 60}})).size() == 1);
  CHECK(pairs.decide(v4, known({{"other.example", 60}, {"shop.example", 60}})) ==
        Texts{"-names-4-a!"});
}

TEST_CASE("where not all names of a pair are known it is in no set") {
  Pairs pairs({rule_of("a", "ads.example")});
  PairNames some = known({{"ads.example", 60}});
  CHECK(pairs.decide(v4, some).size() == 1);
  some.are_all = false;
  CHECK(pairs.decide(v4, some) == Texts{"-names-4-a!"});
  CHECK(pairs.decide(v4, known({})).empty());
}

TEST_CASE("a name that is learnt again lets the pair stay longer, and no answer waits for that") {
  Pairs pairs({rule_of("a", "ads.example")});
  CHECK_FALSE(pairs.decide(v4, known({{"ads.example", 60}})).empty());
  CHECK(pairs.decide(v4, known({{"ads.example", 64}})).empty());  // too little to be written
  CHECK(pairs.decide(v4, known({{"ads.example", 90}}), start + seconds(30)) ==
        Texts{"+names-4-a 60s"});
  // What is over, or about to be, is awaited.
  CHECK(pairs.decide(v4, known({{"ads.example", 149}}), start + seconds(89)) ==
        Texts{"+names-4-a 60s!"});
  CHECK(pairs.decide(v4, known({{"ads.example", 260}}), start + seconds(200)) ==
        Texts{"+names-4-a 60s!"});
}

TEST_CASE("a pair that should be gone is taken out all the same: the kernel's clock began later") {
  Pairs pairs({rule_of("a", "ads.example")});
  CHECK_FALSE(pairs.decide(v4, known({{"ads.example", 60}})).empty());
  CHECK(pairs.decide(v4, known({{"shop.example", 120}}), start + seconds(60)) ==
        Texts{"-names-4-a!"});
}

TEST_CASE("a pair may be in the sets of several rules") {
  Pairs pairs({rule_of("a", "ads.example"), rule_of("b", "*.example", {"shop.example"})});
  CHECK(pairs.decide(v4, known({{"ads.example", 60}})) ==
        Texts{"+names-4-a 60s!", "+names-4-b 60s!"});
}

TEST_CASE("a set that is full takes no more, and says how many it did not take") {
  Pairs pairs({rule_of("a", "ads.example")}, 2);
  const auto number = [](std::uint32_t i) { return NamePair{v4.client, Address::v4(i)}; };
  CHECK(pairs.decide(number(1), known({{"ads.example", 60}})).size() == 1);
  CHECK(pairs.decide(number(2), known({{"ads.example", 300}})).size() == 1);
  CHECK(pairs.decide(number(3), known({{"ads.example", 60}})).empty());
  CHECK(pairs.it().left_out() == 1);
  CHECK(pairs.decide(number(2), known({{"ads.example", 400}})).size() == 1);  // is in already
  CHECK(pairs.decide(v6, known({{"ads.example", 60}})).size() == 1);  // the other family's set
  // When a pair is gone from the kernel, too, there is room again.
  CHECK(pairs.decide(number(3), known({{"ads.example", 300}}), start + seconds(121)).size() == 1);
}

TEST_CASE("nothing is written to a set before it has been cleared") {
  NamePairs pairs;
  pairs.add({rule_of("a", "ads.example")});
  std::vector<NameSetChange> changes;
  pairs.decide(v4, known({{"ads.example", 60}}), start, changes);
  CHECK(changes.empty());
  CHECK(pairs.sets(NamePairs::Which::unknown) == Texts{"names-4-a", "names-6-a"});
  pairs.clear("names-4-a", changes);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].what == What::take_out_all);
  CHECK(pairs.sets(NamePairs::Which::unknown) == Texts{"names-6-a"});
  CHECK(pairs.sets(NamePairs::Which::all).size() == 2);
}

TEST_CASE("a set that is cleared again takes its pairs again") {
  Pairs pairs({rule_of("a", "ads.example")});
  CHECK(pairs.decide(v4, known({{"ads.example", 60}})).size() == 1);
  CHECK(pairs.it().pairs() == std::vector<NamePair>{v4});
  std::vector<NameSetChange> changes;
  pairs.it().clear("names-4-a", changes);
  CHECK(pairs.it().pairs().empty());
  CHECK(pairs.decide(v4, known({{"ads.example", 60}})).size() == 1);
}

TEST_CASE("while rules are replaced the sets of both are kept, and then those of the new ones") {
  Pairs pairs({rule_of("a", "ads.example")});
  CHECK(pairs.decide(v4, known({{"ads.example", 60}})).size() == 1);
  const std::vector<NameRule> next = {rule_of("b", "ads.example")};
  pairs.use(next);
  CHECK(pairs.decide(v4, known({{"ads.example", 60}})) == Texts{"+names-4-b 60s!"});
  pairs.it().keep(next);
  CHECK(pairs.decide(v4, known({{"shop.example", 60}})) == Texts{"-names-4-b!"});
  pairs.it().keep({});
  CHECK_FALSE(pairs.it().has_rules());
}

TEST_CASE("a set whose list has changed keeps its pairs, which are decided by the new one") {
  Pairs pairs({rule_of("a", "ads.example")});
  CHECK(pairs.decide(v4, known({{"ads.example", 60}})).size() == 1);
  pairs.use({rule_of("a", "other.example")});
  CHECK(pairs.decide(v4, known({{"ads.example", 60}})) == Texts{"-names-4-a!"});
}

}  // namespace weir::firewall
