#include "firewall/change_feed.h"

#include <linux/fib_rules.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>

#include "catch.h"
#include "netlink_messages.h"

namespace weir::firewall {

using netlink::append;
using netlink::append_attribute;
using netlink::append_text;
using netlink::finished;
using netlink::Message;

namespace {

using About = Change::About;
constexpr std::uint8_t inet = 1;  // NFPROTO_INET

Message nft_message(int type, std::uint8_t family, std::uint16_t attribute, std::string_view text) {
  Message message;
  nfgenmsg header{};
  header.nfgen_family = family;
  append(message, header);
  append_text(message, attribute, text);
  return finished(message, static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type));
}

Message route_message(std::uint16_t type, std::uint32_t table) {
  Message message;
  rtmsg header{};
  header.rtm_family = AF_INET;
  append(message, header);
  append_attribute(message, RTA_TABLE, table);
  return finished(message, type);
}

}  // namespace

TEST_CASE("a change of weir's table is about its rules, one of another table is not") {
  const auto about = [](std::uint8_t family, std::string_view table, Backend backend) {
    return nft_change_in(nft_message(NFT_MSG_DELTABLE, family, NFTA_TABLE_NAME, table), backend)
        .about;
  };
  CHECK(about(inet, "weir", Backend::nft) == About::rules);
  CHECK(about(inet, "fw4", Backend::nft) == About::nothing);
  CHECK(about(AF_INET, "weir", Backend::nft) == About::nothing);
  CHECK(about(AF_INET, "mangle", Backend::iptables) == About::rules);
  CHECK(about(AF_INET6, "filter", Backend::iptables) == About::rules);
  CHECK(about(AF_INET, "nat", Backend::iptables) == About::rules);
  CHECK(about(AF_INET, "raw", Backend::iptables) == About::nothing);
  CHECK(about(inet, "weir", Backend::iptables) == About::nothing);
}

TEST_CASE("a pair in a set of pairs is no change of the rules, an element of another set is") {
  const auto about = [](int type, std::string_view set) {
    Message message;
    nfgenmsg header{};
    header.nfgen_family = inet;
    append(message, header);
    append_text(message, NFTA_SET_ELEM_LIST_TABLE, "weir");
    append_text(message, NFTA_SET_ELEM_LIST_SET, set);
    return nft_change_in(
               finished(message, static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type)),
               Backend::nft)
        .about;
  };
  for (const int type : {NFT_MSG_NEWSETELEM, NFT_MSG_DELSETELEM}) {
    CHECK(about(type, "names-4-0123456789abcdef") == About::nothing);
    CHECK(about(type, "weir-4-0123456789abcdef") == About::rules);
  }
  CHECK(about(NFT_MSG_DELSET, "names-4-0123456789abcdef") == About::rules);
}

TEST_CASE("the end of a batch names who made it") {
  const Change change =
      nft_change_in(nft_message(NFT_MSG_NEWGEN, 0, NFTA_GEN_PROC_NAME, "firewalld"), Backend::nft);
  CHECK(change.about == About::generation);
  CHECK(change.program == "firewalld");
}

TEST_CASE("policy rules count, and routes of weir's table") {
  Message message;
  fib_rule_hdr header{};
  header.family = AF_INET6;
  append(message, header);
  CHECK(route_change_in(finished(message, RTM_DELRULE), 100).about == About::routes);
  CHECK(route_change_in(route_message(RTM_DELROUTE, 100), 100).about == About::routes);
  CHECK(route_change_in(route_message(RTM_NEWROUTE, 100), 100).about == About::routes);
  CHECK(route_change_in(route_message(RTM_DELROUTE, 254), 100).about == About::nothing);
}

TEST_CASE("lo and its addresses count, other links do not") {
  const auto link = [](int number, std::uint16_t type) {
    Message message;
    ifinfomsg header{};
    header.ifi_index = number;
    append(message, header);
    return finished(message, type);
  };
  const auto address = [](unsigned number) {
    Message message;
    ifaddrmsg header{};
    header.ifa_family = AF_INET6;
    header.ifa_index = number;
    append(message, header);
    return finished(message, RTM_NEWADDR);
  };
  CHECK(link_change_in(link(1, RTM_NEWLINK), 1).about == About::link);
  CHECK(link_change_in(link(2, RTM_NEWLINK), 1).about == About::nothing);
  CHECK(link_change_in(link(1, RTM_NEWROUTE), 1).about == About::nothing);
  CHECK(link_change_in(address(1), 1).about == About::link);
  CHECK(link_change_in(address(7), 1).about == About::nothing);
  CHECK(link_change_in(Message(4), 1).about == About::nothing);
}

TEST_CASE("messages that are cut say nothing they do not have") {
  for (const Message& whole : {nft_message(NFT_MSG_DELTABLE, inet, NFTA_TABLE_NAME, "weir"),
                               nft_message(NFT_MSG_NEWGEN, 0, NFTA_GEN_PROC_NAME, "nft")}) {
    for (std::size_t size = 0; size + 4 <= whole.size(); ++size) {
      Message cut = whole;
      cut.resize(size);
      const Change change = nft_change_in(cut, Backend::nft);
      CHECK(change.about != About::rules);
      CHECK(change.program.empty());
      (void)route_change_in(cut, 100);
    }
  }
}

}  // namespace weir::firewall
