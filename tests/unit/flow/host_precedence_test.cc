// Which host counts for a flow: its own, one that its client has looked up, an outer one, or none.
#include <memory>
#include <string>

#include "flow/udp/udp_world.h"

namespace weir {
namespace {

constexpr Port named = 7101;  // by host: to the pool, for www.example.org

Configuration by_host() {
  Configuration out = UdpWorld::standard();
  RuleSettings rule = UdpWorld::rule("pool", named);
  rule.name = "named";
  rule.set(said("host", "www.example.org"));
  out.rules.push_back(rule);
  out.rules.push_back(UdpWorld::rule("own", named));
  out.rules.back().name = "rest";
  return out;
}

Address at(const std::string& text) { return Address::parse(text).value(); }
const Address asker = UdpWorld::client_at(4000).address;
const Address target = UdpWorld::server_at(named).address;

Flow flow(Port port = named) {
  return {.protocol = Protocol::udp,
          .client = UdpWorld::client_at(4000),
          .destination = UdpWorld::server_at(port)};
}
Flow with_own(const std::string& name, bool is_outer = false) {
  Flow out = flow();
  out.host = std::make_shared<const Host>(
      Host{.name = name, .from = HostFrom::quic, .is_outer = is_outer});
  return out;
}
void looked_up(UdpWorld& world, const std::string& name, const Address& by = asker) {
  world.names.learn({by}, {.name = name, .addresses = {{target, 300}}}, world.now);
}
// "RULE HOST FROM", without what is not there.
std::string decided(UdpWorld& world, const Flow& flow) {
  const FlowCore core = world.intake->open(flow);
  std::string out = core.rule->name;
  if (core.flow.host != nullptr) {
    out += " " + core.flow.host->name + " " + std::string(text_of(core.flow.host->from)) +
           (core.flow.host->is_outer ? " outer" : "");
  }
  return out;
}

}  // namespace

TEST_CASE("a flow that names no host has the one that its client looked up for the destination") {
  UdpWorld world(by_host());
  CHECK(decided(world, flow()) == "rest");
  looked_up(world, "www.example.org");
  CHECK(decided(world, flow()) == "named www.example.org dns");
  looked_up(world, "other.example");
  CHECK(decided(world, flow()) == "rest other.example dns");
}

TEST_CASE("what another client looked up does not count") {
  UdpWorld world(by_host());
  looked_up(world, "www.example.org", at("198.51.100.8"));
  CHECK(decided(world, flow()) == "rest");
}

TEST_CASE("a flow's own host counts alone") {
  UdpWorld world(by_host());
  looked_up(world, "www.example.org");
  CHECK(decided(world, with_own("other.example")) == "rest other.example quic");
  looked_up(world, "other.example");
  CHECK(decided(world, with_own("www.example.org")) == "named www.example.org quic");
}

TEST_CASE("an outer host hides none that was looked up, and stays where there is none") {
  UdpWorld world(by_host());
  CHECK(decided(world, with_own("www.example.org", true)) == "named www.example.org quic outer");
  CHECK(decided(world, with_own("cover.example", true)) == "rest cover.example quic outer");
  looked_up(world, "www.example.org");
  CHECK(decided(world, with_own("cover.example", true)) == "named www.example.org dns");
}

TEST_CASE("where the rule does not depend on it no name is looked for") {
  UdpWorld world(by_host());
  looked_up(world, "www.example.org");
  CHECK(decided(world, flow(7001)) == "own");
  CHECK(world.intake->may_change(flow()));
  CHECK_FALSE(world.intake->may_change(flow(7001)));
  CHECK_FALSE(world.intake->may_change(with_own("other.example")));
}

TEST_CASE("what a client looked up over IPv4 counts for its device's IPv6 addresses") {
  UdpWorld world(by_host());
  const Mac phone = Mac::parse("02:00:5e:10:00:01").value();
  const Address six = at("2001:db8::7");
  const std::vector<Neighbour> neighbours{{.address = asker, .mac = phone},
                                          {.address = six, .mac = phone}};
  world.names.learn({asker, phone}, {.name = "www.example.org", .addresses = {{six, 300}}},
                    world.now);
  Flow from_six = flow();
  from_six.client.address = six;
  from_six.destination.address = six;
  CHECK(decided(world, from_six) == "rest");
  world.devices.use(std::make_shared<const DeviceTable>(std::span<const NamedMac>(), nullptr,
                                                        neighbours, std::chrono::sys_seconds{}));
  CHECK(decided(world, from_six) == "named www.example.org dns");
}

}  // namespace weir
