// What the kernel has of sets of pairs: as root, in a network of its own; lab/names_sets runs it.
#include <sched.h>

#include "base/netlink.h"
#include "catch.h"
#include "firewall/install.h"
#include "firewall/installed_rules.h"
#include "firewall/name_sets.h"
#include "firewall/nft.h"
#include "firewall/print_nft.h"
#include "firewall/program.h"
#include "firewall/set_loader.h"
#include "make.h"
#include "pairs.h"

namespace weir::firewall {
namespace {

const NamePair one = pair_of("192.0.2.7", "203.0.113.1");
const NamePair other = pair_of("192.0.2.8", "203.0.113.2");
const NamePair six = pair_of("fd00::7", "2001:db8::1");

}  // namespace

TEST_CASE("the kernel has the pairs of both families, for as long as it is told", "[.kernel]") {
  REQUIRE(unshare(CLONE_NEWNET) == 0);
  const auto listed = [] {
    const auto ended = run_nft("list ruleset inet\n", NftWith::everything);
    REQUIRE(ended);
    return ended.value().output;
  };
  const auto has = [&](const std::string& part) {
    return listed().find(part) != std::string::npos;
  };
  REQUIRE(apply_nft("add table inet weir\ntable inet weir {\n" + print_name_set("names-4-a") +
                    print_name_set("names-6-a") + "}\n")
              .ok());
  for (const auto how : {NewTimeout::in_place, NewTimeout::by_replacing}) {
    if (how == NewTimeout::in_place && new_timeout_here() != how) continue;
    auto opened = NameSetWriter::open();
    REQUIRE(opened);
    const auto socket = netlink::open(NETLINK_NETFILTER);
    std::uint32_t sequence = 0;
    const auto write = [&](const std::vector<NameSetChange>& changes) {
      return transact(socket.value(), name_set_messages(changes, how, sequence));
    };
    CHECK(write({take_out_all("names-4-a"), take_out_all("names-6-a")}) == 0);
    CHECK(write({put("names-4-a", one), put("names-6-a", six), put("names-4-a", other)}) == 0);
    CHECK(has("192.0.2.7 . 203.0.113.1 timeout 1m expires "));
    CHECK(has("fd00::7 . 2001:db8::1 timeout 1m expires "));
    CHECK(write({put("names-4-a", one, 3'600)}) == 0);  // longer from now on
    CHECK(has("192.0.2.7 . 203.0.113.1 timeout 1h expires "));
    CHECK(
        write({take_out("names-4-a", one), take_out("names-4-a", pair_of("192.0.2.9", "192.0.2.1")),
               put("names-4-a", other, 120)}) == 0);
    CHECK_FALSE(has("192.0.2.7 . 203.0.113.1"));
    CHECK(has("192.0.2.8 . 203.0.113.2 timeout 2m expires "));
    CHECK(write({take_out_all("names-4-a")}) == 0);
    CHECK_FALSE(has("192.0.2.8"));
    CHECK(write({put("names-4-none", one)}) == ENOENT);
  }
}

TEST_CASE("rules are replaced with their sets of pairs filled, and put back with them",
          "[.kernel]") {
  REQUIRE(unshare(CLONE_NEWNET) == 0);
  REQUIRE(run_program({"ip", "link", "set", "lo", "up"}, "").ok());
  Names names;
  names.know(one, "ads.example");
  names.know(six, "shop.example");
  auto writer = NameSetWriter::open();
  REQUIRE(writer);
  NameSets sets(names.source(), std::move(writer).value());
  const auto rules = [](const std::string& hosts) {
    Made made = rule("n", {tcp(443)}, Offload::reject);
    made.settings.set(said("host", hosts));
    return ruleset_of({made, rule("web", {tcp(80)})});
  };
  const auto has = [](const std::string& part) {
    const auto ended = run_nft("list ruleset inet\n", NftWith::everything);
    REQUIRE(ended);
    return ended.value().output.find(part) != std::string::npos;
  };
  auto first = install_rules(rules("ads.example"), Backend::nft, &sets);
  REQUIRE(first);
  CHECK(has("192.0.2.7 . 203.0.113.1"));
  CHECK_FALSE(has("fd00::7 . 2001:db8::1"));
  // What is in the sets is no drift.
  CHECK(drift_of(first.value()).value().empty());
  names.know(other, "ads.example");
  CHECK(sets.wait(sets.learnt(std::span(&other, 1), names.source().names_of, clock_now()).ticket));
  CHECK(has("192.0.2.8 . 203.0.113.2"));
  CHECK(drift_of(first.value()).value().empty());
  // The same rules again keep them; others have their own, and the old set is gone.
  auto again = install_rules(rules("ads.example"), Backend::nft, &sets);
  REQUIRE(again);
  CHECK(again.value().text == first.value().text);
  CHECK(has("192.0.2.8 . 203.0.113.2"));
  auto second = install_rules(rules("shop.example"), Backend::nft, &sets);
  REQUIRE(second);
  CHECK_FALSE(has("192.0.2.7 . 203.0.113.1"));
  CHECK(has("fd00::7 . 2001:db8::1"));
  CHECK_FALSE(has(name_set(rules("ads.example").name_rules[0].set, Family::v4)));
  // Another program takes all away.
  REQUIRE(apply_nft("flush ruleset\n").ok());
  CHECK_FALSE(drift_of(second.value()).value().empty());
  REQUIRE(restore(second.value(), &sets).ok());
  CHECK(has("fd00::7 . 2001:db8::1"));
  CHECK(drift_of(second.value()).value().empty());
  REQUIRE(remove(Backend::nft).ok());
}

}  // namespace weir::firewall
