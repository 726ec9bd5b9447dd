// Buffers to receive many datagrams with one system call, made once and used for ever: `slots` of
// 64 KiB each with their addresses and control messages. Untouched pages cost no memory.
//
// A worker has one for its listeners, and one in its Replier; its thread.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "base/socket_calls.h"
#include "weir/endpoint.h"

namespace weir {

class DatagramBatch {
 public:
  static constexpr std::size_t slots = 32;
  static constexpr std::size_t slot_size = 65536;
  static constexpr std::size_t control_size = 256;

  explicit DatagramBatch(const SocketCalls& calls = kernel_calls);

  // Receives up to `slots - first` datagrams into the slots from `first` on. Returns how many, or
  // -1 and errno.
  int receive(int fd, std::size_t first = 0);

  // How many have been received since the call before.
  struct Count {
    std::uint64_t all = 0;
    std::uint64_t large = 0;  // of more than 4 KiB: mostly what UDP_GRO has put together
  };
  [[nodiscard]] Count take_count() { return std::exchange(received_, Count{}); }

  [[nodiscard]] const msghdr& header(std::size_t slot) const { return messages_[slot].msg_hdr; }
  [[nodiscard]] std::span<const std::uint8_t> payload(std::size_t slot) const {
    return {buffers_.get() + slot * slot_size, messages_[slot].msg_len};
  }
  [[nodiscard]] Endpoint peer(std::size_t slot) const { return Endpoint::from(names_[slot]); }

 private:
  const SocketCalls& calls_;
  std::unique_ptr<std::uint8_t[]> buffers_;
  Count received_;
  std::array<mmsghdr, slots> messages_{};
  std::array<iovec, slots> vectors_{};
  std::array<sockaddr_storage, slots> names_{};
  alignas(cmsghdr) std::array<std::array<std::byte, control_size>, slots> controls_{};
};

// What the control messages of one datagram say.
struct DatagramControl {
  bool has_destination = false;
  Endpoint destination;         // IP_ORIGDSTADDR, IPV6_ORIGDSTADDR
  std::uint32_t interface = 0;  // IP_PKTINFO, IPV6_PKTINFO
  std::uint32_t dropped = 0;    // SO_RXQ_OVFL: by this socket since it was opened
  std::uint32_t mark = 0;       // SO_RCVMARK: the packet's
  std::uint16_t segment = 0;    // UDP_GRO: size of each of several datagrams in one buffer; 0: one
  std::uint8_t tos = 0;         // IP_TOS, IPV6_TCLASS: DSCP and ECN
  bool was_in_fragments = false;  // IPV6_RECVFRAGSIZE
};
[[nodiscard]] DatagramControl control_of(const msghdr& header);

}  // namespace weir
