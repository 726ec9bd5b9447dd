#include "firewall/nft_transaction.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <span>
#include <utility>

namespace weir::firewall {
namespace {

std::uint16_t nft_message(std::uint16_t message) {
  return static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8U | message);
}

constexpr nfgenmsg of_inet{.nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0, .res_id = 0};

nfgenmsg of_batch() {
  return {
      .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES)};
}

// Into a room that is large enough.
std::span<const std::byte> write(std::span<std::byte> room, std::uint16_t type, std::uint16_t flags,
                                 std::uint32_t sequence, const nfgenmsg& header,
                                 const NftTransaction::Fill& fill) {
  nlmsghdr* message = mnl_nlmsg_put_header(room.data());
  message->nlmsg_type = type;
  message->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  message->nlmsg_seq = sequence;
  *static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg))) = header;
  fill(*message);
  return room.first(message->nlmsg_len);
}

}  // namespace

NftTransaction::NftTransaction(std::uint32_t& sequence) : sequence_(sequence) {
  add(
      NFNL_MSG_BATCH_BEGIN, 0, [](nlmsghdr&) {}, of_batch());
}

void NftTransaction::add(std::uint16_t type, std::uint16_t flags, const Fill& fill) {
  add(nft_message(type), flags, fill, of_inet);
}

std::vector<std::byte> NftTransaction::finish() {
  add(
      NFNL_MSG_BATCH_END, NLM_F_ACK, [](nlmsghdr&) {}, of_batch());
  return std::move(out_);
}

void NftTransaction::add(std::uint16_t type, std::uint16_t flags, const Fill& fill,
                         const nfgenmsg& header) {
  const auto message = write(message_, type, flags, ++sequence_, header, fill);
  out_.insert(out_.end(), message.begin(), message.end());
}

std::vector<std::byte> nft_question(std::uint16_t type, const NftTransaction::Fill& fill) {
  alignas(nlmsghdr) std::array<std::byte, 1024> room{};
  const auto message = write(room, nft_message(type), 0, 0, of_inet, fill);
  return {message.begin(), message.end()};
}

void put_set_name(nlmsghdr& message, const std::string& name) {
  static_assert(NFTA_SET_TABLE == 1 && NFTA_SET_ELEM_LIST_TABLE == 1);
  static_assert(NFTA_SET_NAME == 2 && NFTA_SET_ELEM_LIST_SET == 2);
  mnl_attr_put_strz(&message, NFTA_SET_TABLE, nft_table);
  mnl_attr_put_strz(&message, NFTA_SET_NAME, name.c_str());
}

}  // namespace weir::firewall
