#include "flow/udp/transfer.h"

#include <fcntl.h>

#include "udp_world.h"

namespace weir {
namespace {

// What a worker hands over, as its successor gets it: the descriptors are the kernel's copies.
InheritedWorker inherited(const WorkerState& from) {
  InheritedWorker out;
  out.part = from.part;
  out.sockets = from.sockets;
  out.flows = from.flows;
  for (const int fd : from.descriptors) {
    out.descriptors.emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  }
  return out;
}

std::shared_ptr<const Snapshot> bindings_of(UdpWorld& world, const WorkerState& from) {
  std::vector<Snapshot::RuleBinding> bindings;
  for (const auto& binding : from.part.bindings) {
    bindings.push_back({.rule = binding.rule,
                        .upstream = binding.upstream,
                        .member = binding.member,
                        .mapping = binding.per_client ? Mapping::per_client : Mapping::per_flow});
  }
  return Snapshot::Maker{world.servers, world.rules, world.upstreams, 1'000}.for_inherited(
      *world.snapshot, bindings);
}

}  // namespace

TEST_CASE("a flow that is handed over has the same ends, counts and socket with its successor") {
  UdpWorld world;
  world.say(7001, "x");
  world.answer(7001, "yy");
  WorkerState state;
  world.path->hand_over(state);
  REQUIRE(state.flows.size() == 1);
  CHECK(state.descriptors.size() == 1);
  CHECK(state.flows[0].traffic.bytes_up == 1);
  CHECK(state.flows[0].traffic.bytes_down == 2);
  CHECK(state.sockets[0].local == world.flow(7001)->socket->local);
  CHECK(state.sockets[0].only_one_flow);
  world.path->let_go();
  CHECK(world.path->flows().size() == 0);
  CHECK(world.totals.live(Protocol::udp) == 0);
}

TEST_CASE("a flow that is adopted goes on: it is counted, sends, hears, and ends in its time") {
  UdpWorld world;
  world.say(7001, "x");
  world.answer(7001, "y");
  WorkerState state;
  world.path->hand_over(state);
  auto from = inherited(state);
  const int kept = from.descriptors[0].get();
  world.network.share(world.flow(7001)->socket->descriptor.get(), kept);
  const auto snapshot = bindings_of(world, state);
  world.path->let_go();
  world.path->adopt(std::move(from), SnapshotRef(snapshot));
  REQUIRE(world.flow(7001) != nullptr);
  CHECK(world.totals.live(Protocol::udp) == 1);
  CHECK(world.flow(7001)->marks.heard);
  world.say(7001, "z");
  CHECK(world.network.at(kept).sent.back().payload == "z");
  world.answer(7001, "w");
  CHECK(world.flow(7001)->traffic.packets_down == 2);
  world.pass(world.snapshot->configuration().timeouts.udp_idle + Milliseconds(100));
  CHECK(world.path->flows().size() == 0);
  CHECK(world.totals.live(Protocol::udp) == 0);
}

TEST_CASE("a flow that a group's member took is the member's with its successor, too") {
  UdpWorld world(UdpWorld::with_group());
  world.say(7010, "x");
  const std::string member = world.flow(7010)->core.rule->member;
  const auto counted = [&]() { return world.upstreams.get(member)->sum(); };
  CHECK_FALSE(member.empty());
  CHECK(counted().live == 1);
  WorkerState state;
  world.path->hand_over(state);
  CHECK(state.part.bindings.at(state.flows.at(0).binding).member == member);
  auto from = inherited(state);
  world.network.share(world.flow(7010)->socket->descriptor.get(), from.descriptors[0].get());
  from.servers = {world.flow(7010)->core.server};
  const auto snapshot = bindings_of(world, state);
  world.path->let_go();
  CHECK(counted().live == 0);
  world.path->adopt(std::move(from), SnapshotRef(snapshot));
  REQUIRE(world.flow(7010) != nullptr);
  CHECK(world.flow(7010)->core.rule->member == member);
  CHECK(world.flow(7010)->core.rule->upstream->name() == "any");
  CHECK(counted().live == 1);
  CHECK(counted().flows == 1);
  world.path->end_all(End::killed);
  CHECK(counted().live == 0);
}

TEST_CASE("a flow's device is called with its successor what it was called when it opened") {
  UdpWorld world;
  const std::vector<Neighbour> neighbours{
      {.address = UdpWorld::client_at(1).address, .mac = Mac::parse("02:00:5e:10:00:01").value()}};
  world.devices.use(std::make_shared<const DeviceTable>(std::span<const NamedMac>(), nullptr,
                                                        neighbours, std::chrono::sys_seconds{}));
  world.say(7001, "x");
  world.devices.use(std::make_shared<const DeviceTable>());
  CHECK(world.flow(7001)->core.device.text() == "02:00:5e:10:00:01");
  WorkerState state;
  world.path->hand_over(state);
  CHECK(state.flows.at(0).device == "02:00:5e:10:00:01");
  auto from = inherited(state);
  world.network.share(world.flow(7001)->socket->descriptor.get(), from.descriptors[0].get());
  const auto snapshot = bindings_of(world, state);
  world.path->let_go();
  world.path->adopt(std::move(from), SnapshotRef(snapshot));
  REQUIRE(world.flow(7001) != nullptr);
  CHECK(world.flow(7001)->core.device.text() == "02:00:5e:10:00:01");
  CHECK(world.records->describe(world.flow(7001)->core).device == "02:00:5e:10:00:01");
}

TEST_CASE("a flow's host is with its successor what it was") {
  UdpWorld world;
  world.say(7001, "x");
  const Host host{.name = "www.example.org", .from = HostFrom::quic, .is_outer = true};
  world.flow(7001)->core.flow.host = std::make_shared<const Host>(host);
  WorkerState state;
  world.path->hand_over(state);
  auto from = inherited(state);
  world.network.share(world.flow(7001)->socket->descriptor.get(), from.descriptors[0].get());
  const auto snapshot = bindings_of(world, state);
  world.path->let_go();
  world.path->adopt(std::move(from), SnapshotRef(snapshot));
  REQUIRE(world.flow(7001) != nullptr);
  REQUIRE(world.flow(7001)->core.flow.host != nullptr);
  CHECK(*world.flow(7001)->core.flow.host == host);
}

TEST_CASE("a mapping that is adopted is the client's again, for any peer") {
  UdpWorld world;
  world.say(7002, "x");
  WorkerState state;
  world.path->hand_over(state);
  auto from = inherited(state);
  world.network.share(world.flow(7002)->socket->descriptor.get(), from.descriptors[0].get());
  const auto snapshot = bindings_of(world, state);
  world.path->let_go();
  world.path->adopt(std::move(from), SnapshotRef(snapshot));
  REQUIRE(world.flow(7002) != nullptr);
  CHECK(world.flow(7002)->socket->marks.is_mapping);
  CHECK_FALSE(world.flow(7002)->socket->is_connected());
}

TEST_CASE("after a takeover that came to nothing flows go on and end as ever") {
  UdpWorld world;
  world.say(7001, "x");
  WorkerState state;
  world.path->hand_over(state);
  const auto held = inherited(state);  // the successor holds it still
  world.say(7001, "y");
  CHECK(world.socket_of(7001).sent.size() == 2);
  world.path->end_all(End::killed);
  CHECK(world.path->flows().size() == 0);
}

TEST_CASE("a flow whose socket has a header before payloads, and which has none itself, is left") {
  UdpWorld world;
  world.say(7007, "x");
  WorkerState state;
  world.path->hand_over(state);
  REQUIRE(state.flows.size() == 1);
  state.flows[0].encapsulation.reset();
  auto from = inherited(state);
  const auto snapshot = bindings_of(world, state);
  world.path->let_go();
  from.servers.resize(state.part.servers.size(),
                      world.servers.get({"headed", "a", "192.0.2.21", 5300}));
  world.path->adopt(std::move(from), SnapshotRef(snapshot));
  CHECK(world.path->flows().size() == (state.sockets[0].codecs.empty() ? 1 : 0));
  CHECK(world.totals.live(Protocol::udp) == world.path->flows().size());
}

}  // namespace weir
