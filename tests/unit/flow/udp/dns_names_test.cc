// DNS answers over UDP teach names: which of them, to whom, and that the names are known before the
// answer leaves.
#include <string>
#include <string_view>
#include <vector>

#include "sniff/dns_builder.h"
#include "udp_world.h"

namespace weir {
namespace {

constexpr Port named = 7101;

Configuration by_host() {
  Configuration out = UdpWorld::standard();
  RuleSettings rule = UdpWorld::rule("own", named);
  rule.name = "named";
  rule.set(said("host", ".example.org"));
  out.rules.push_back(rule);
  out.rules.push_back(UdpWorld::rule("own", named));
  out.rules.back().name = "rest";
  return out;
}
// What goes to port 53 has a header before each datagram.
Configuration by_host_through_header() {
  Configuration out = by_host();
  std::erase_if(out.rules, [](const RuleSettings& rule) { return rule.on().front().first == 53; });
  out.rules.push_back(UdpWorld::rule("headed", 53));
  return out;
}

Address at(const std::string& text) { return Address::parse(text).value(); }

BuiltMessage asks(const std::string& name) { return {.name = name}; }
std::string answer_for(const std::string& name, std::string_view address, std::uint32_t ttl = 300) {
  const BuiltRecord record = address_record(name, ttl, address);
  return dns_message({.name = name, .type = record.type, .answers = {record}});
}

// "": it knows none.
std::string known(UdpWorld& world, const std::string& address,
                  const std::string& client = "198.51.100.7") {
  const HostRef host = world.names.find({at(client)}, at(address), world.now);
  return host == nullptr ? "" : host->name;
}

}  // namespace

TEST_CASE("an answer decides the client's next flow to an address that it names") {
  UdpWorld world(by_host());
  const std::string address = UdpWorld::server_at(named).address.text();
  world.say(53, dns_query(1));
  world.answer(53, answer_for("www.example.org", address));
  CHECK(world.heard(53).size() == 1);
  world.say(named, "x");
  REQUIRE(world.flow(named) != nullptr);
  CHECK(world.flow(named)->core.rule->name == "named");
  const FlowRecord record = world.records->describe(world.flow(named)->core);
  CHECK(record.host == "www.example.org");
  CHECK(record.host_from == "dns");
}

TEST_CASE("the names are known before the answer leaves") {
  UdpWorld world(by_host());
  world.say(53, dns_query(1));
  world.socket_of(53).inbox.push_back(
      {world.flow(53)->core.remote, answer_for("www.example.org", "203.0.113.1")});
  world.ready(53);
  CHECK(world.heard(53).empty());
  CHECK(known(world, "203.0.113.1") == "www.example.org");
}

TEST_CASE("an answer leaves when the firewall knows of it, and one that says nothing new at once") {
  UdpWorld world(by_host());
  world.say(53, dns_query(1));
  std::size_t had = 9;
  world.gate.on_wait = [&]() { had = world.heard(53).size(); };
  world.answer(53, answer_for("www.example.org", "203.0.113.1"));
  CHECK(world.gate.learnt_by == std::vector<std::string>{"198.51.100.7 203.0.113.1"});
  CHECK(world.gate.waits.empty());
  world.gate.gives.ticket = 7;
  world.answer(53, answer_for("www.example.org", "203.0.113.2"));
  CHECK(world.gate.waits == std::vector<std::uint64_t>{7});
  CHECK(had == 1);
  CHECK(world.heard(53).size() == 2);
  CHECK(world.reasons.get(Reason::name_set_late) == 0);
}

TEST_CASE("answers of one turn wait together, and leave when it takes too long, which is counted") {
  UdpWorld world(by_host());
  world.say(53, dns_query(1));
  world.gate.gives = {.ticket = 7, .left_out = 2};
  world.gate.is_in_time = false;
  for (const char* address : {"203.0.113.1", "203.0.113.2"}) {
    world.socket_of(53).inbox.push_back(
        {world.flow(53)->core.remote, answer_for("www.example.org", address)});
  }
  world.ready(53);
  CHECK(world.gate.waits.empty());
  world.answer(53, answer_for("www.example.org", "203.0.113.3"));
  CHECK(world.gate.waits == std::vector<std::uint64_t>{7});
  CHECK(world.heard(53).size() == 3);
  CHECK(world.reasons.get(Reason::name_set_late) == 3);
  CHECK(world.reasons.get(Reason::name_set_full) == 6);
}

TEST_CASE("A, AAAA, HTTPS with hints and CNAMEs are learnt, each for the name that was asked") {
  UdpWorld world(by_host());
  world.say(53, dns_query(1));
  world.answer(53, answer_for("four.example.org", "203.0.113.1"));
  world.answer(53, answer_for("six.example.org", "2001:db8::1"));
  BuiltMessage hints = asks("hints.example.org");
  hints.type = 65;
  hints.answers = {https_record("hints.example.org", 300, 1, ".",
                                hint_parameter({"203.0.113.2"}) + hint_parameter({"2001:db8::2"}))};
  world.answer(53, dns_message(hints));
  BuiltMessage chain = asks("chain.example.org");
  chain.answers = {cname_record("chain.example.org", 300, "cdn.example"),
                   address_record("cdn.example", 300, "203.0.113.3")};
  world.answer(53, dns_message(chain));
  CHECK(known(world, "203.0.113.1") == "four.example.org");
  CHECK(known(world, "2001:db8::1") == "six.example.org");
  CHECK(known(world, "203.0.113.2") == "hints.example.org");
  CHECK(known(world, "2001:db8::2") == "hints.example.org");
  CHECK(known(world, "203.0.113.3") == "chain.example.org");
  CHECK(known(world, "203.0.113.1", "198.51.100.8").empty());
}

TEST_CASE("an answer without time to live is good for a minute") {
  UdpWorld world(by_host());
  world.say(53, dns_query(1));
  world.answer(53, answer_for("www.example.org", "203.0.113.1", 0));
  world.pass(Milliseconds(59'000));
  CHECK(known(world, "203.0.113.1") == "www.example.org");
  world.pass(Milliseconds(1'000));
  CHECK(known(world, "203.0.113.1").empty());
}

TEST_CASE("each answer of a run that the kernel has put together is read") {
  UdpWorld world(by_host());
  world.say(53, dns_query(1));
  const std::string one = answer_for("a.example.org", "203.0.113.1");
  const std::string other = answer_for("b.example.org", "203.0.113.2");
  REQUIRE(one.size() == other.size());
  world.socket_of(53).inbox.push_back(
      {world.flow(53)->core.remote, one + other, 0, static_cast<std::uint16_t>(one.size())});
  world.ready(53);
  CHECK(known(world, "203.0.113.1") == "a.example.org");
  CHECK(known(world, "203.0.113.2") == "b.example.org");
}

TEST_CASE("an answer behind a header teaches as any other does") {
  UdpWorld world(by_host_through_header());
  world.say(53, dns_query(1));
  REQUIRE(world.flow(53)->socket->decoders() != nullptr);
  world.answer(53, answer_for("www.example.org", "203.0.113.1"));
  CHECK(world.heard(53).size() == 1);
  CHECK(known(world, "203.0.113.1") == "www.example.org");
}

TEST_CASE("without a rule that asks for the host nothing is learnt") {
  UdpWorld world;
  world.say(53, dns_query(1));
  world.answer(53, answer_for("www.example.org", "203.0.113.1"));
  CHECK(world.names.size(world.now) == 0);
}

TEST_CASE("what goes to another port teaches nothing") {
  UdpWorld world(by_host());
  world.say(7001, "x");
  world.answer(7001, answer_for("www.example.org", "203.0.113.1"));
  CHECK(world.names.size(world.now) == 0);
}

TEST_CASE("a stranger's answer through a mapping teaches nothing") {
  UdpWorld world(by_host());
  world.say(7002, "x");
  world.socket_of(7002).inbox.push_back(
      {end_of("203.0.113.77:53"), answer_for("www.example.org", "203.0.113.1")});
  world.ready(7002);
  world.path->end_turn();
  REQUIRE(world.path->flows().find(UdpWorld::client_at(4000), end_of("203.0.113.77:53")) !=
          nullptr);
  CHECK(world.names.size(world.now) == 0);
}

TEST_CASE("an answer that is too long reaches the client, and is not read") {
  UdpWorld world(by_host());
  world.say(53, dns_query(1));
  BuiltMessage message = asks("www.example.org");
  while (dns_message(message).size() <= DnsLookups::longest_message) {
    message.answers.resize(message.answers.size() + 500,
                           address_record("www.example.org", 300, "203.0.113.1"));
  }
  world.answer(53, dns_message(message));
  CHECK(world.heard(53).size() == 1);
  CHECK(world.names.size(world.now) == 0);
}

TEST_CASE("names that a client's bound leaves no room for are counted") {
  UdpWorld world(by_host());
  world.say(53, dns_query(1));
  constexpr std::size_t most = LearntNames::most_of_client;
  for (std::size_t i = 0; i < most; ++i) {
    const Address address = Address::v4(static_cast<std::uint32_t>(0x0a000000 + i));
    world.names.learn({UdpWorld::client_at(4000).address},
                      {.name = "n.example", .addresses = {{address, 300}}}, world.now);
  }
  CHECK(world.count(Reason::name_forgotten) == 0);
  world.answer(53, answer_for("www.example.org", "203.0.113.1"));
  CHECK(world.count(Reason::name_forgotten) == 1);
}

TEST_CASE("what is no answer is passed on, and says nothing") {
  UdpWorld world(by_host());
  world.say(53, dns_query(1));
  world.answer(53, dns_response(1));
  world.answer(53, "no DNS");
  world.answer(53, "");
  CHECK(world.heard(53).size() == 3);
  CHECK(world.names.size(world.now) == 0);
}

}  // namespace weir
