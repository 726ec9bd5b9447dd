#include "firewall/nft_counters.h"

#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/netlink.h"

namespace weir::firewall {

namespace {

using netlink::Bytes;

// As the kernel takes a name: with its zero.
constexpr std::array<char, 5> table{'w', 'e', 'i', 'r', '\0'};

netlink::Request query(unsigned message, std::uint16_t table_attribute) {
  const nfgenmsg header{.nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0, .res_id = 0};
  netlink::Request request(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8U | message),
                           header);
  request.add(table_attribute, table);
  return request;
}

std::uint64_t number_of(Bytes attribute) {
  return be64toh(netlink::read_as<std::uint64_t>(attribute).value_or(0));
}

void add_object(std::map<std::string, Counted, std::less<>>& counters, Bytes message) {
  std::string name;
  Counted counted;
  netlink::each_attribute(
      message, sizeof(nlmsghdr) + sizeof(nfgenmsg), [&](std::uint16_t type, Bytes content) {
        if (type == NFTA_OBJ_NAME) {
          name = netlink::text_of(content);
        } else if (type == NFTA_OBJ_DATA) {
          netlink::each_attribute(content, 0, [&](std::uint16_t of, Bytes value) {
            if (of == NFTA_COUNTER_PACKETS) {
              counted.packets = number_of(value);
            } else if (of == NFTA_COUNTER_BYTES) {
              counted.bytes = number_of(value);
            }
          });
        }
      });
  if (!name.empty()) {
    counters[name] = counted;
  }
}

}  // namespace

Result<NftCounters> read_nft_counters() {
  const auto socket = netlink::open(NETLINK_NETFILTER);
  if (!socket) {
    return socket.error();
  }
  const auto there = netlink::exchange(socket.value(), query(NFT_MSG_GETTABLE, NFTA_TABLE_NAME));
  // A kernel without nf_tables does not know the question.
  if (there.error == ENOENT || there.error == EINVAL || there.error == EOPNOTSUPP) {
    return NftCounters();
  }
  if (there.error != 0) {
    return Error(std::string("cannot read the firewall's counters: ") + strerror(there.error));
  }
  netlink::Request request = query(NFT_MSG_GETOBJ, NFTA_OBJ_TABLE);
  request.add(NFTA_OBJ_TYPE, htobe32(NFT_OBJECT_COUNTER));
  std::map<std::string, Counted, std::less<>> counters;
  if (const auto dumped = netlink::dump(socket.value(), request,
                                        [&](Bytes message) { add_object(counters, message); });
      !dumped) {
    return dumped.error().with_context("cannot read the firewall's counters");
  }
  return NftCounters(std::move(counters));
}

}  // namespace weir::firewall
