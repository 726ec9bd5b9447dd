// What servers answer, and what every errno of receiving and replying means.
#include "flow/udp/replier.h"

#include "udp_world.h"

namespace weir {

TEST_CASE("an answer reaches the client from the address that it has sent to") {
  UdpWorld world;
  world.say(7001, "x");
  world.answer(7001, "y");
  CHECK(world.heard(7001) == std::vector<std::string>{"y"});
  const auto* reply = world.network.bound_to(UdpWorld::server_at(7001));
  REQUIRE(reply != nullptr);
  CHECK(reply->sent[0].peer == UdpWorld::client_at(4000));
  CHECK(reply->options.contains({SOL_IP, IP_TRANSPARENT}));
  CHECK(world.flow(7001)->traffic.packets_down == 1);
}

TEST_CASE("answers to many clients of one destination leave by one socket") {
  UdpWorld world;
  world.say({{.port = 7001, .payload = "x"}, {.port = 7001, .payload = "x", .from = 4001}});
  const auto before = world.network.count(SOCK_DGRAM);
  world.answer(7001, "one");
  world.answer(7001, "two", 4001);
  CHECK(world.network.count(SOCK_DGRAM) == before + 1);
  CHECK(world.heard(7001) == std::vector<std::string>{"one", "two"});
}

TEST_CASE("answers wait for the end of the turn") {
  UdpWorld world;
  world.say(7001, "x");
  world.socket_of(7001).inbox.push_back({UdpWorld::server_at(7001), "y"});
  world.ready(7001);
  CHECK(world.heard(7001).empty());
  world.path->end_turn();
  CHECK(world.heard(7001) == std::vector<std::string>{"y"});
}

TEST_CASE("answers of a flow that ends in the turn are still sent") {
  UdpWorld world;
  world.say(7001, "x");
  world.socket_of(7001).inbox.push_back({UdpWorld::server_at(7001), "y"});
  world.ready(7001);
  world.path->end_all(End::killed);
  CHECK(world.heard(7001) == std::vector<std::string>{"y"});
}

TEST_CASE("DSCP and ECN of an answer go along") {
  UdpWorld world;
  world.say(7001, "x");
  world.socket_of(7001).inbox.push_back({UdpWorld::server_at(7001), "y", 0xb9});
  world.ready(7001);
  world.path->end_turn();
  REQUIRE(world.network.bound_to(UdpWorld::server_at(7001))->sent.size() == 1);
  CHECK(world.network.bound_to(UdpWorld::server_at(7001))->sent[0].tos == 0xb9);
}

TEST_CASE("a run that the kernel has put together reaches the client as it was") {
  UdpWorld world;
  world.say(7001, "x");
  world.socket_of(7001).inbox.push_back({UdpWorld::server_at(7001), "aaaabbbbc", 0, 4});
  world.ready(7001);
  world.path->end_turn();
  CHECK(world.heard(7001) == std::vector<std::string>{"aaaa", "bbbb", "c"});
  CHECK(world.flow(7001)->traffic.packets_down == 3);
}

TEST_CASE("an answer that was cut short is dropped and counted") {
  UdpWorld world;
  world.say(7001, "x");
  world.socket_of(7001).inbox.push_back({UdpWorld::server_at(7001), "y", 0, 0, true});
  world.ready(7001);
  world.path->end_turn();
  CHECK(world.heard(7001).empty());
  CHECK(world.count(Reason::datagram_truncated) == 1);
}

TEST_CASE("where the destination cannot be bound the raw socket answers") {
  UdpWorld world;
  world.network.taken.insert(UdpWorld::server_at(7001));
  world.say(7001, "x");
  world.answer(7001, "y");
  CHECK(world.count(Reason::reply_socket_taken) == 1);
  REQUIRE(world.network.raw_packets().size() == 1);
  CHECK(world.network.raw_packets()[0].payload.ends_with("y"));
  CHECK(world.flow(7001)->traffic.packets_down == 1);
  world.answer(7001, "z");
  CHECK(world.count(Reason::reply_socket_taken) == 1);  // it is remembered
  CHECK(world.network.raw_packets().size() == 2);
}

TEST_CASE("a raw socket that cannot be had costs the answer, and is asked for again") {
  UdpWorld world;
  world.network.taken.insert(UdpWorld::server_at(7001));
  world.say(7001, "x");
  world.socket_of(7001).inbox.push_back({UdpWorld::server_at(7001), "y"});
  world.network.fail(Call::socket, EPERM, 2);  // the one to reply by, and the raw one
  world.ready(7001);
  world.path->end_turn();
  CHECK(world.count(Reason::reply_failed) == 1);
  CHECK(world.flow(7001)->traffic.packets_down == 0);
  world.answer(7001, "z");
  CHECK(world.flow(7001)->traffic.packets_down == 1);
}

TEST_CASE("without a descriptor to reply by the raw socket answers, for this datagram") {
  UdpWorld world;
  world.say(7001, "x");
  world.network.fail(Call::socket, EMFILE);
  world.answer(7001, "y");
  CHECK(world.count(Reason::out_of_descriptors) == 1);
  CHECK(world.network.raw_packets().size() == 1);
  world.answer(7001, "z");
  CHECK(world.heard(7001) == std::vector<std::string>{"z"});
}

TEST_CASE("a reply that cannot be sent is counted, and its flow goes on") {
  for (const auto& [code, reason] :
       {std::pair{EAGAIN, Reason::send_buffer_full}, std::pair{ENOBUFS, Reason::send_buffer_full},
        std::pair{EPERM, Reason::reply_failed}, std::pair{ENETUNREACH, Reason::reply_failed}}) {
    UdpWorld world;
    world.say(7001, "x");
    world.socket_of(7001).inbox.push_back({UdpWorld::server_at(7001), "y"});
    world.ready(7001);
    world.network.fail(Call::sendto, code);
    world.network.fail(Call::sendmsg, code);
    world.path->end_turn();
    CHECK(world.count(reason) == 1);
    CHECK(world.path->flows().size() == 1);
    CHECK(world.flow(7001)->traffic.packets_down == 0);
  }
}

TEST_CASE("an ICMP error that reading meets ends a flow without answers") {
  for (const int code : {ECONNREFUSED, EHOSTUNREACH, ENETUNREACH}) {
    UdpWorld world;
    world.say(7001, "x");
    world.socket_of(7001).errors.push_back(code);
    world.ready(7001, EPOLLIN | EPOLLERR);
    CHECK(world.path->flows().size() == 0);
    CHECK(world.count(Reason::icmp_from_server) == 1);
  }
}

TEST_CASE("answers that wait behind an error are read before it ends the flow") {
  UdpWorld world;
  world.say(7001, "x");
  world.socket_of(7001).errors.push_back(ECONNREFUSED);
  world.socket_of(7001).inbox.push_back({UdpWorld::server_at(7001), "y"});
  world.ready(7001, EPOLLIN | EPOLLERR);
  world.path->end_turn();
  CHECK(world.heard(7001) == std::vector<std::string>{"y"});
}

TEST_CASE("other errors of reading end nothing") {
  for (const int code : {EINTR, ENOMEM, EPROTO, ENETDOWN}) {
    UdpWorld world;
    world.say(7001, "x");
    world.socket_of(7001).errors.push_back(code);
    world.socket_of(7001).inbox.push_back({UdpWorld::server_at(7001), "y"});
    world.ready(7001);
    world.path->end_turn();
    CHECK(world.path->flows().size() == 1);
    CHECK(world.heard(7001) == std::vector<std::string>{"y"});
  }
}

TEST_CASE("an ICMP error on a mapping is the flow's that it names, and no other's") {
  UdpWorld world;
  world.say(7002, "x");
  InterceptedDatagram other;
  other.client = UdpWorld::client_at(4000);
  other.destination = end_of("203.0.113.10:7002");
  other.interface = 2;
  const std::uint8_t payload = 'y';
  other.payload = {&payload, 1};
  world.path->on_datagrams({&other, 1});
  world.socket_of(7002).icmp.push_back({other.destination, ECONNREFUSED});
  world.ready(7002, EPOLLERR);
  CHECK(world.path->flows().find(other.client, other.destination) == nullptr);
  CHECK(world.flow(7002) != nullptr);
  CHECK(world.flow(7002)->socket->flows == 1);
}

TEST_CASE("an ICMP error about the path ends no flow of a mapping") {
  UdpWorld world;
  world.say(7002, "x");
  world.socket_of(7002).icmp.push_back({UdpWorld::server_at(7002), EHOSTUNREACH, false});
  world.ready(7002, EPOLLERR);
  CHECK(world.flow(7002) != nullptr);
  CHECK(world.count(Reason::icmp_from_server) == 0);
}

TEST_CASE("one socket fills the batch twice in a turn, and goes on in the next one") {
  UdpWorld world;
  world.say(7001, "x");
  for (int i = 0; i < 100; ++i) {
    world.socket_of(7001).inbox.push_back({UdpWorld::server_at(7001), std::to_string(i)});
  }
  world.ready(7001);
  CHECK(world.socket_of(7001).inbox.size() == 100 - 2 * DatagramBatch::slots);
  world.ready(7001);
  world.path->end_turn();
  const auto heard = world.heard(7001);
  REQUIRE(heard.size() == 100);
  for (std::size_t i = 0; i < heard.size(); ++i) {
    CHECK(heard[i] == std::to_string(i));
  }
}

TEST_CASE("a strangers' flood cannot put its payloads into the place of others' answers") {
  UdpWorld world;
  world.say(7002, "x");
  FakeNetwork::Socket& socket = world.socket_of(7002);
  // Each opens a flow, beyond those that may be: older ones end while a batch is being looked at.
  std::map<std::string, Endpoint> from;
  for (int i = 0; i < 160; ++i) {
    const Endpoint peer = end_of("203.0.113." + std::to_string(20 + i) + ":9");
    const std::string payload = "from " + peer.text();
    from[payload] = peer;
    socket.inbox.push_back({peer, payload});
  }
  while (!socket.inbox.empty()) {
    world.ready(7002);
  }
  world.path->end_turn();
  std::size_t heard = 0;
  for (const auto& [payload, peer] : from) {
    const auto* reply = world.network.bound_to(peer);
    REQUIRE(reply != nullptr);
    REQUIRE(reply->sent.size() == 1);
    CHECK(reply->sent[0].payload == payload);
    heard += reply->sent.size();
  }
  CHECK(heard == from.size());
}

TEST_CASE("a flow that answers often is set up for many datagrams, once") {
  UdpWorld world;
  world.say(7001, "x");
  for (int i = 0; i < 63; ++i) {
    world.answer(7001, "y");
  }
  CHECK_FALSE(world.socket_of(7001).options.contains({SOL_UDP, UDP_GRO}));
  world.answer(7001, "y");
  CHECK(world.socket_of(7001).options.contains({SOL_UDP, UDP_GRO}));
  CHECK(world.socket_of(7001).options.contains({SOL_SOCKET, SO_RCVBUFFORCE}));
}

TEST_CASE("a change of the network closes reply sockets whose address is the router's own now") {
  UdpWorld world;
  world.say(7001, "x");
  world.answer(7001, "y");
  const auto before = world.network.count(SOCK_DGRAM);
  const std::vector<Surroundings::Entry> links{
      {UdpWorld::server_at(1).address, Prefix::parse("203.0.113.0/24").value(), 1}};
  world.path->network_changed(std::make_shared<const Surroundings>(links));
  world.answer(7001, "z");
  CHECK(world.network.count(SOCK_DGRAM) >= before);
  CHECK(world.heard(7001) == std::vector<std::string>{"z"});  // by a socket that is new
}

}  // namespace weir
