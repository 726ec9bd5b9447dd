// Messages to nf_tables that take effect all together or not at all, as the bytes of one datagram;
// over libmnl. What is in a message its caller says. linux/netfilter/nf_tables.h has the numbers.
//
// No I/O. A value; any thread.
#pragma once

#include <linux/netlink.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

struct nfgenmsg;

namespace weir::firewall {

inline constexpr const char* nft_table = "weir";  // inet

class NftTransaction {
 public:
  using Fill = std::function<void(nlmsghdr&)>;
  static constexpr std::size_t longest_message = 65'536;

  // Goes on counting messages where the one before has ended.
  explicit NftTransaction(std::uint32_t& sequence);

  // `type`: NFT_MSG_…; `flags`: NLM_F_…
  void add(std::uint16_t type, std::uint16_t flags, const Fill& fill);
  // The kernel answers once: with 0, or with an error for each message that it refuses.
  [[nodiscard]] std::vector<std::byte> finish();

 private:
  void add(std::uint16_t type, std::uint16_t flags, const Fill& fill, const nfgenmsg& header);

  std::uint32_t& sequence_;
  std::vector<std::byte> out_;
  alignas(nlmsghdr) std::array<std::byte, longest_message> message_{};
};

// One message by itself, which changes nothing.
[[nodiscard]] std::vector<std::byte> nft_question(std::uint16_t type,
                                                  const NftTransaction::Fill& fill);

// A set of the table, of which a message is.
void put_set_name(nlmsghdr& message, const std::string& name);

}  // namespace weir::firewall
