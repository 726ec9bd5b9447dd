// Messages that are whole, cut and lying about their length; questions as the kernel understands
// them, which it is asked for that.
#include "base/netlink.h"

#include <linux/rtnetlink.h>
#include <net/if.h>

#include <map>

#include "catch.h"
#include "netlink_messages.h"

namespace weir::netlink {

namespace {

Message link_message(std::uint16_t type) {
  Message message;
  append(message, ifinfomsg{});
  append_text(message, IFLA_IFNAME, "lan");
  append_attribute(message, IFLA_MTU, std::uint32_t{1500});
  return finished(message, type);
}

std::map<std::uint16_t, std::size_t> attributes_of(Bytes message) {
  std::map<std::uint16_t, std::size_t> sizes;
  each_attribute(message, sizeof(nlmsghdr) + sizeof(ifinfomsg),
                 [&](std::uint16_t type, Bytes content) { sizes[type] = content.size(); });
  return sizes;
}

Request question_for(const char* interface) {
  ifinfomsg link{};
  link.ifi_index = static_cast<int>(if_nametoindex(interface));
  return {RTM_GETLINK, link};
}

}  // namespace

TEST_CASE("several messages in one datagram are walked one by one") {
  Message both = link_message(RTM_NEWLINK);
  const Message second = link_message(RTM_DELLINK);
  both.insert(both.end(), second.begin(), second.end());
  std::vector<int> types;
  each_message(both, [&](const nlmsghdr& header, Bytes) { types.push_back(header.nlmsg_type); });
  CHECK(types == std::vector<int>{RTM_NEWLINK, RTM_DELLINK});
}

TEST_CASE("attributes have their type and their size without what aligns them") {
  CHECK(attributes_of(link_message(RTM_NEWLINK)) ==
        std::map<std::uint16_t, std::size_t>{{IFLA_IFNAME, 4}, {IFLA_MTU, 4}});
}

TEST_CASE("a message that is cut anywhere is none, and its attributes are those that are whole") {
  const Message whole = link_message(RTM_NEWLINK);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Message cut = whole;
    cut.resize(size);
    each_message(cut, [](const nlmsghdr&, Bytes) { FAIL("a message that is not whole"); });
    for (const auto& [type, length] : attributes_of(cut)) {
      CHECK(length == 4);
    }
    CHECK(body_as<ifinfomsg>(cut).has_value() == (size >= sizeof(nlmsghdr) + sizeof(ifinfomsg)));
  }
}

TEST_CASE("a length that is less than its header ends the walk") {
  Message message = link_message(RTM_NEWLINK);
  nlmsghdr lying{};
  lying.nlmsg_len = 3;
  std::memcpy(message.data(), &lying, sizeof lying);
  each_message(message, [](const nlmsghdr&, Bytes) { FAIL("shorter than its header"); });
  Message attribute;
  append(attribute, ifinfomsg{});
  append(attribute, nlattr{.nla_len = 2, .nla_type = IFLA_MTU});
  CHECK(attributes_of(finished(attribute, RTM_NEWLINK)).empty());
}

TEST_CASE("a question is what the kernel's own messages are made of") {
  Request request(RTM_NEWLINK, ifinfomsg{});
  request.add(IFLA_PROTO_DOWN, std::uint8_t{1});
  request.add(IFLA_MTU, std::uint32_t{1500});
  Message expected;
  append(expected, ifinfomsg{});
  append_attribute(expected, IFLA_PROTO_DOWN, std::uint8_t{1});
  append_attribute(expected, IFLA_MTU, std::uint32_t{1500});
  CHECK(request.message(0) == finished(expected, RTM_NEWLINK));
}

TEST_CASE("the kernel answers a question for one thing with that, and says what is against it") {
  const auto socket = open(NETLINK_ROUTE);
  REQUIRE(socket.ok());
  const auto answer = ask(socket.value(), question_for("lo"));
  REQUIRE(answer.ok());
  CHECK(body_as<ifinfomsg>(answer.value())->ifi_index == static_cast<int>(if_nametoindex("lo")));

  const auto none = ask(socket.value(), question_for("no-such-link"));
  REQUIRE_FALSE(none.ok());
  CHECK(none.error().text().starts_with("netlink: cannot get an answer: "));
  CHECK(ask(socket.value(), question_for("lo")).ok());
}

TEST_CASE("a dump gives all there are") {
  const auto socket = open(NETLINK_ROUTE);
  REQUIRE(socket.ok());
  std::size_t loopbacks = 0;
  const auto dumped = dump(socket.value(), {RTM_GETLINK, ifinfomsg{}}, [&](Bytes message) {
    loopbacks += (body_as<ifinfomsg>(message)->ifi_flags & IFF_LOOPBACK) != 0 ? 1U : 0U;
  });
  CHECK(dumped.ok());
  CHECK(loopbacks == 1);
}

}  // namespace weir::netlink
