// What the kernel is sent for a list of prefixes, read back from the messages' bytes.
#include "firewall/set_messages.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <array>
#include <optional>

#include "base/netlink.h"
#include "catch.h"
#include "make.h"

namespace weir::firewall {
namespace {

using netlink::Bytes;

std::vector<Prefix> prefixes(const std::vector<std::string>& texts) {
  std::vector<Prefix> out;
  for (const std::string& text : texts) out.push_back(prefix(text));
  return out;
}

std::string address_text(Bytes bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size());
  return text.data();
}

std::uint32_t number(Bytes bytes) { return ntohl(netlink::read_as<std::uint32_t>(bytes).value()); }

// "192.0.2.0", or ")192.0.3.0" for where a range ends.
std::string element_text(Bytes element) {
  std::string text;
  bool is_end = false;
  netlink::each_attribute(element, 0, [&](std::uint16_t type, Bytes content) {
    if (type == NFTA_SET_ELEM_FLAGS) {
      is_end = number(content) == NFT_SET_ELEM_INTERVAL_END;
    } else if (type == NFTA_SET_ELEM_KEY) {
      netlink::each_attribute(content, 0,
                              [&](std::uint16_t, Bytes value) { text = address_text(value); });
    }
  });
  return (is_end ? ")" : "") + text;
}

struct Message {
  unsigned type = 0;
  unsigned flags = 0;
  std::uint8_t family = 0;
  std::string table = {};
  std::string set = {};
  std::vector<std::string> elements = {};
  std::size_t size = 0;
  std::uint32_t key_type = 0, key_length = 0, set_flags = 0;
};

std::vector<Message> read(const std::vector<std::byte>& transaction) {
  std::vector<Message> out;
  netlink::each_message(transaction, [&](const nlmsghdr& header, Bytes bytes) {
    Message message{.type = header.nlmsg_type, .flags = header.nlmsg_flags, .size = bytes.size()};
    message.family = netlink::body_as<nfgenmsg>(bytes).value().nfgen_family;
    netlink::each_attribute(
        bytes, sizeof(nlmsghdr) + sizeof(nfgenmsg), [&](std::uint16_t type, Bytes content) {
          const bool of_set = message.type == (NFNL_SUBSYS_NFTABLES << 8U | NFT_MSG_NEWSET);
          if (type == NFTA_SET_TABLE) {
            message.table = netlink::text_of(content);
          } else if (type == NFTA_SET_NAME) {
            message.set = netlink::text_of(content);
          } else if (of_set && type == NFTA_SET_FLAGS) {
            message.set_flags = number(content);
          } else if (of_set && type == NFTA_SET_KEY_TYPE) {
            message.key_type = number(content);
          } else if (of_set && type == NFTA_SET_KEY_LEN) {
            message.key_length = number(content);
          } else if (!of_set && type == NFTA_SET_ELEM_LIST_ELEMENTS) {
            netlink::each_attribute(content, 0, [&](std::uint16_t, Bytes element) {
              message.elements.push_back(element_text(element));
            });
          }
        });
    out.push_back(std::move(message));
  });
  return out;
}

std::vector<std::string> elements_of(const std::vector<Message>& messages) {
  std::vector<std::string> out;
  for (const Message& message : messages) {
    out.insert(out.end(), message.elements.begin(), message.elements.end());
  }
  return out;
}

unsigned nft(unsigned message) { return NFNL_SUBSYS_NFTABLES << 8U | message; }

using Texts = std::vector<std::string>;

// Every other /32, so that none is beside another.
std::vector<Prefix> many(std::uint32_t count) {
  std::vector<Prefix> out;
  for (std::uint32_t i = 0; i < count; ++i) {
    out.push_back({Address::v4(0x0a000000U + 2 * i), 32});
  }
  return out;
}

}  // namespace

TEST_CASE("a short list is one transaction, which makes table and set and empties it first") {
  const auto list = prefixes({"192.0.2.0/24", "198.51.100.7"});
  SetMessages messages("weir-4-x", list);
  const auto sent = read(messages.next());
  REQUIRE(sent.size() == 6);
  CHECK(sent[0].type == NFNL_MSG_BATCH_BEGIN);
  CHECK(sent[1].type == nft(NFT_MSG_NEWTABLE));
  CHECK(sent[1].table == "weir");
  CHECK(sent[2].type == nft(NFT_MSG_NEWSET));
  CHECK(sent[2].table == "weir");
  CHECK(sent[2].set == "weir-4-x");
  CHECK(sent[2].set_flags == NFT_SET_INTERVAL);
  CHECK(sent[2].key_type == 7);
  CHECK(sent[2].key_length == 4);
  CHECK(sent[3].type == nft(NFT_MSG_DELSETELEM));
  CHECK(sent[3].set == "weir-4-x");
  CHECK(sent[3].elements.empty());
  CHECK(sent[4].type == nft(NFT_MSG_NEWSETELEM));
  CHECK(sent[4].elements == Texts{"192.0.2.0", ")192.0.3.0", "198.51.100.7", ")198.51.100.8"});
  CHECK(sent[5].type == NFNL_MSG_BATCH_END);
  CHECK((sent[5].flags & NLM_F_ACK) != 0);
  for (std::size_t i = 1; i + 1 < sent.size(); ++i) {
    CHECK(sent[i].family == 1);  // NFPROTO_INET
    CHECK((sent[i].flags & NLM_F_ACK) == 0);
  }
  CHECK(SetMessages::count_elements(list) == 4);
  CHECK(messages.next().empty());
}

TEST_CASE("prefixes side by side are one range") {
  const auto list = prefixes({"10.0.0.0/9", "10.128.0.0/9", "11.0.0.0/32", "11.0.0.2/31"});
  CHECK(elements_of(read(SetMessages("s", list).next())) ==
        Texts{"10.0.0.0", ")11.0.0.1", "11.0.0.2", ")11.0.0.4"});
}

TEST_CASE("a range up to a family's last address has no end") {
  const auto v4 = prefixes({"192.0.2.255", "255.255.255.255"});
  CHECK(elements_of(read(SetMessages("s", v4).next())) ==
        Texts{"192.0.2.255", ")192.0.3.0", "255.255.255.255"});
  const auto all = prefixes({"0.0.0.0/0"});
  CHECK(elements_of(read(SetMessages("s", all).next())) == Texts{"0.0.0.0"});
  const auto v6 = prefixes({"ff00::/8"});
  CHECK(elements_of(read(SetMessages("s", v6).next())) == Texts{"ff00::"});
}

TEST_CASE("a list of IPv6 is a set of IPv6 addresses") {
  const auto list = prefixes({"::/128", "2001:db8::/32", "fe80::ffff/128"});
  SetMessages messages("weir-6-x", list);
  const auto sent = read(messages.next());
  REQUIRE(sent.size() == 6);
  CHECK(sent[2].key_type == 8);
  CHECK(sent[2].key_length == 16);
  CHECK(sent[4].elements ==
        Texts{"::", ")::1", "2001:db8::", ")2001:db9::", "fe80::ffff", ")fe80::1:0"});
}

TEST_CASE("a long list is several transactions, and what is in the set is taken out in the first") {
  const auto list = many(2'500);
  SetMessages messages("s", list, 1'000);
  Texts all;
  std::size_t transactions = 0;
  for (auto bytes = messages.next(); !bytes.empty(); bytes = messages.next()) {
    const auto sent = read(bytes);
    CHECK(sent.front().type == NFNL_MSG_BATCH_BEGIN);
    CHECK(sent.back().type == NFNL_MSG_BATCH_END);
    CHECK((sent[1].type == nft(NFT_MSG_NEWTABLE)) == (transactions == 0));
    const auto here = elements_of(sent);
    CHECK(here.size() == (transactions == 2 ? 1'000 : 2'000));
    all.insert(all.end(), here.begin(), here.end());
    ++transactions;
  }
  CHECK(transactions == 3);
  REQUIRE(all.size() == SetMessages::count_elements(list));
  for (std::size_t i = 0; i < list.size(); ++i) {
    REQUIRE(all[2 * i] == list[i].address.text());
  }
}

TEST_CASE("a message is as long as the length of its list can say") {
  const auto list = many(20'000);
  const auto sent = read(SetMessages("weir-4-0123456789abcdef", list).next());
  CHECK(sent.size() > 10);
  for (const Message& message : sent) {
    CHECK(message.size < 65'536);
  }
  CHECK(elements_of(sent).size() == 40'000);
}

TEST_CASE("a set is taken away, and asked for, by its name") {
  const auto gone = read(set_deletion("weir-6-y"));
  REQUIRE(gone.size() == 3);
  CHECK(gone[1].type == nft(NFT_MSG_DELSET));
  CHECK(gone[1].table == "weir");
  CHECK(gone[1].set == "weir-6-y");
  const auto asked = read(set_question("weir-6-y"));
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].type == nft(NFT_MSG_GETSET));
  CHECK(asked[0].set == "weir-6-y");
}

}  // namespace weir::firewall
