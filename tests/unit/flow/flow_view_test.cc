#include "flow/flow_view.h"

#include "catch.h"
#include "upstream/registry.h"

namespace weir {
namespace {

struct Fixture {
  RuleEntry rule{.name = "web",
                 .upstream = make_builtin("direct"),
                 .counters = nullptr,
                 .upstream_counters = nullptr};
  FlowCore core;
  FlowFilter filter;

  Fixture() {
    core.flow = {.protocol = Protocol::udp,
                 .client = Endpoint::parse("192.0.2.7:4000").value(),
                 .destination = Endpoint::parse("[2001:db8::1]:53").value(),
                 .interface = 0};
    core.rule = &rule;
  }
};

TEST_CASE_METHOD(Fixture, "an empty filter lets every flow pass") { CHECK(matches(filter, core)); }

TEST_CASE_METHOD(Fixture, "each condition is held against the flow") {
  filter.protocol = Protocol::udp;
  filter.rule = "web";
  filter.upstream = "direct";
  filter.client = AddressFilter::parse("192.0.2.0/24");
  filter.destination = AddressFilter::parse("[2001:db8::1]:53");
  CHECK(matches(filter, core));
  SECTION("protocol") { filter.protocol = Protocol::tcp; }
  SECTION("rule") { filter.rule = "we"; }
  SECTION("upstream") { filter.upstream = "transparent"; }
  SECTION("upstream, of a group") {
    rule.member = "proxy";
    filter.upstream = "proxy";
    CHECK(matches(filter, core));
    filter.upstream = "pro";
  }
  SECTION("client") { filter.client = AddressFilter::parse("192.0.2.8"); }
  SECTION("destination's port") { filter.destination = AddressFilter::parse("[2001:db8::1]:54"); }
  CHECK_FALSE(matches(filter, core));
}

TEST_CASE("a filter is an address, an address with a port, or a prefix") {
  const auto endpoint = Endpoint::parse("192.0.2.7:80").value();
  for (const char* text : {"192.0.2.7", "192.0.2.7:80", "192.0.2.0/24", "0.0.0.0/0"}) {
    INFO(text);
    REQUIRE(AddressFilter::parse(text));
    CHECK(AddressFilter::parse(text)->covers(endpoint));
  }
  for (const char* text : {"192.0.2.6", "192.0.2.7:81", "192.0.3.0/24", "::/0"}) {
    INFO(text);
    REQUIRE(AddressFilter::parse(text));
    CHECK_FALSE(AddressFilter::parse(text)->covers(endpoint));
  }
  for (const char* text : {"", "router", "192.0.2.7:", "192.0.2.0/33", "192.0.2"}) {
    INFO(text);
    CHECK_FALSE(AddressFilter::parse(text));
  }
}

}  // namespace
}  // namespace weir
