#include "firewall/questions.h"

#include "catch.h"
#include "make.h"

namespace weir::firewall {

namespace {

constexpr Upstream::Handling carried{.offload = Offload::none};

Configuration of(const std::vector<PortRange>& on) {
  return configuration_of({rule("dns", on)}, {});
}

}  // namespace

TEST_CASE("a rule for questions names udp/53") {
  CHECK(is_for_questions(of({udp(53)}).rules.front()));
  CHECK(is_for_questions(of({{Protocol::udp, 1, 65535}}).rules.front()));
  CHECK_FALSE(is_for_questions(of({tcp(53), udp(54)}).rules.front()));
}

TEST_CASE(
    "the gateway carries the questions of rules that lead on, not what the firewall decides") {
  const Configuration dns = of({udp(53)});
  CHECK(carries_questions(dns, dns.rules.front(), carried));
  for (const Offload offload : {Offload::bypass, Offload::reject, Offload::drop}) {
    CHECK_FALSE(carries_questions(dns, dns.rules.front(), {.offload = offload}));
  }
  const Configuration web = of({udp(443)});
  CHECK_FALSE(carries_questions(web, web.rules.front(), carried));
}

TEST_CASE("a default carries questions where the file sets it and some rule names their port") {
  Configuration dns = of({udp(53)});
  CHECK_FALSE(default_carries_questions(dns, carried));
  dns.gateway.default_given = true;
  CHECK(default_carries_questions(dns, carried));
  CHECK_FALSE(default_carries_questions(dns, {.offload = Offload::bypass}));
  Configuration web = of({udp(443)});
  web.gateway.default_given = true;
  CHECK_FALSE(default_carries_questions(web, carried));
}

}  // namespace weir::firewall
