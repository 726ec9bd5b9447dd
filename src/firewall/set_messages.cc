#include "firewall/set_messages.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>

#include <array>
#include <cassert>
#include <optional>
#include <utility>

#include "firewall/nft_transaction.h"

namespace weir::firewall {
namespace {

// The list of elements is one attribute, whose length is a number of 16 bits.
constexpr std::size_t longest_list = 60'000;

// What nft calls ipv4_addr and ipv6_addr.
constexpr std::uint32_t type_ipv4 = 7;
constexpr std::uint32_t type_ipv6 = 8;

using Bytes16 = std::array<std::uint8_t, 16>;

std::size_t size_in(Family family) { return family == Family::v4 ? 4 : 16; }

// The first address after the prefix; none: it is the family's last.
std::optional<Bytes16> after(const Prefix& prefix) {
  constexpr std::size_t bits_in_byte = 8;
  const std::size_t begin = prefix.address.is_v4() ? 96 : 0;
  Bytes16 bytes = prefix.address.bytes();
  for (std::size_t bit = begin + prefix.length; bit > begin; --bit) {
    const auto mask = static_cast<std::uint8_t>(0x80U >> ((bit - 1) % bits_in_byte));
    std::uint8_t& byte = bytes.at((bit - 1) / bits_in_byte);
    byte ^= mask;
    if ((byte & mask) != 0) {
      return bytes;
    }
  }
  return std::nullopt;
}

// Takes the first prefixes that are side by side, for they are one range. → where it ends; none: it
// goes up to the family's last address.
std::optional<Bytes16> take_range(std::span<const Prefix>& prefixes) {
  std::optional<Bytes16> end;
  do {
    end = after(prefixes.front());
    prefixes = prefixes.subspan(1);
  } while (end && !prefixes.empty() && prefixes.front().address.bytes() == *end);
  return end;
}

void put_element(nlmsghdr& message, std::span<const std::uint8_t> key, bool is_end) {
  nlattr* element = mnl_attr_nest_start(&message, NFTA_LIST_ELEM);
  if (is_end) {
    mnl_attr_put_u32(&message, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_INTERVAL_END));
  }
  nlattr* outer = mnl_attr_nest_start(&message, NFTA_SET_ELEM_KEY);
  mnl_attr_put(&message, NFTA_DATA_VALUE, key.size(), key.data());
  mnl_attr_nest_end(&message, outer);
  mnl_attr_nest_end(&message, element);
}

}  // namespace

SetMessages::SetMessages(std::string name, std::span<const Prefix> prefixes, std::size_t ranges)
    : name_(std::move(name)),
      left_(prefixes),
      family_(prefixes.front().address.family()),
      ranges_(ranges) {
  assert(ranges > 0);
}

std::vector<std::byte> SetMessages::next() {
  if (left_.empty()) {
    return {};
  }
  NftTransaction transaction(sequence_);
  if (!std::exchange(has_begun_, true)) {
    add_set(transaction);
  }
  add_ranges(transaction);
  return transaction.finish();
}

void SetMessages::add_set(NftTransaction& to) {
  to.add(NFT_MSG_NEWTABLE, NLM_F_CREATE,
         [](nlmsghdr& message) { mnl_attr_put_strz(&message, NFTA_TABLE_NAME, nft_table); });
  to.add(NFT_MSG_NEWSET, NLM_F_CREATE, [this](nlmsghdr& message) {
    put_set_name(message, name_);
    mnl_attr_put_u32(&message, NFTA_SET_FLAGS, htonl(NFT_SET_INTERVAL));
    mnl_attr_put_u32(&message, NFTA_SET_KEY_TYPE,
                     htonl(family_ == Family::v4 ? type_ipv4 : type_ipv6));
    mnl_attr_put_u32(&message, NFTA_SET_KEY_LEN,
                     htonl(static_cast<std::uint32_t>(size_in(family_))));
    mnl_attr_put_u32(&message, NFTA_SET_ID, htonl(1));
  });
  // Without elements it is for all that there are.
  to.add(NFT_MSG_DELSETELEM, 0, [this](nlmsghdr& message) { put_set_name(message, name_); });
}

void SetMessages::add_ranges(NftTransaction& to) {
  std::size_t ranges = 0;
  while (!left_.empty() && ranges < ranges_) {
    to.add(NFT_MSG_NEWSETELEM, NLM_F_CREATE, [&](nlmsghdr& message) {
      put_set_name(message, name_);
      nlattr* list = mnl_attr_nest_start(&message, NFTA_SET_ELEM_LIST_ELEMENTS);
      const std::size_t size = size_in(family_);
      while (!left_.empty() && ranges < ranges_ && message.nlmsg_len < longest_list) {
        put_element(message, std::span(left_.front().address.bytes()).last(size), false);
        if (const auto end = take_range(left_)) {
          put_element(message, std::span(*end).last(size), true);
        }
        ++ranges;
      }
      mnl_attr_nest_end(&message, list);
    });
  }
}

std::size_t SetMessages::count_elements(std::span<const Prefix> prefixes) {
  std::size_t count = 0;
  while (!prefixes.empty()) {
    count += take_range(prefixes) ? 2 : 1;
  }
  return count;
}

std::vector<std::byte> set_deletion(const std::string& name) {
  std::uint32_t sequence = 0;
  NftTransaction transaction(sequence);
  transaction.add(NFT_MSG_DELSET, 0, [&name](nlmsghdr& message) { put_set_name(message, name); });
  return transaction.finish();
}

std::vector<std::byte> set_question(const std::string& name) {
  return nft_question(NFT_MSG_GETSET, [&name](nlmsghdr& to) { put_set_name(to, name); });
}

}  // namespace weir::firewall
