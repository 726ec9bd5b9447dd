#include "doctor/ipsets.h"

#include "catch.h"
#include "doctor/filter.h"

namespace weir::doctor {
namespace {

const std::string saved =
    "create shut hash:net family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x1\n"
    "add shut 192.0.2.0/24\n"
    "add shut 192.0.2.64/26 nomatch\n"
    "create hosts hash:ip family inet6 hashsize 1024 maxelem 65536 timeout 60\n"
    "add hosts 2001:db8::5 timeout 41\n"
    "create ports hash:ip,port family inet hashsize 1024 maxelem 65536\n"
    "add ports 192.0.2.1,tcp:80\n";

Probe from(std::string_view client, Family family = Family::v4) {
  Probe probe;
  probe.family = family;
  probe.first = probe.last = 80;
  probe.inbound = "lan";
  probe.outbound = "wan";
  probe.client = Prefix::parse(client).value();
  probe.destination = Prefix::parse(family == Family::v4 ? "0.0.0.0/0" : "::/0").value();
  return probe;
}

}  // namespace

TEST_CASE("sets of addresses and networks are read, others are not understood") {
  const IpSets sets = ipsets_of(saved);
  CHECK(sets.size() == 2);
  CHECK(sets.at("shut").in.size() == 1);
  CHECK(sets.at("shut").out.size() == 1);
  CHECK_FALSE(sets.contains("ports"));
}

TEST_CASE("who is in a set for all, a part or none of his addresses") {
  const IpSets sets = ipsets_of(saved);
  CHECK(is_in(from("192.0.2.0/26"), sets.at("shut"), "src") == Answer::yes);
  CHECK(is_in(from("192.0.2.64/26"), sets.at("shut"), "src") == Answer::no);
  CHECK(is_in(from("192.0.2.0/24"), sets.at("shut"), "src") == Answer::some);
  CHECK(is_in(from("198.51.100.0/24"), sets.at("shut"), "src") == Answer::no);
  CHECK(is_in(from("192.0.2.0/26"), sets.at("shut"), "dst") == Answer::some);
  CHECK(is_in(from("2001:db8::/64", Family::v6), sets.at("hosts"), "src") == Answer::some);
  CHECK(is_in(from("192.0.2.0/26"), sets.at("shut"), "src,dst") == Answer::unknown);
}

TEST_CASE("a rule with a set refuses what comes from its members, and nothing else") {
  const std::string rules =
      "*filter\n:FORWARD ACCEPT [0:0]\n"
      "-A FORWARD -m set --match-set shut src -j DROP\nCOMMIT\n";
  const Filter filter = filter_of_iptables("iptables", Family::v4, rules, ipsets_of(saved));
  const auto fate = [&](const Filter& one, std::string_view client) {
    return judge(one, one.bases.front(), from(client)).fate;
  };
  CHECK(fate(filter, "192.0.2.0/26") == Fate::refused);
  CHECK(fate(filter, "192.0.2.0/24") == Fate::partly_refused);
  CHECK(fate(filter, "198.51.100.0/24") == Fate::passes);
  CHECK(fate(filter_of_iptables("iptables", Family::v4, rules), "192.0.2.0/26") == Fate::uncertain);
}

}  // namespace weir::doctor
