// The buffers of one recvmmsg, and of the sendmmsg that answers it: one set for the whole server,
// whose services have their turns one after the other.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace load {

class Batch {
 public:
  static Batch& only();

  std::size_t receive(int socket);

  // Sends the first `count` back to where they came from, with the control messages they came with:
  // IP_PKTINFO received is the source address of what is sent.
  void send_back(int socket, std::size_t count);
  // The address counts in it; the route decides the interface (the request "came in" on lo's
  // network).
  void forget_interface(std::size_t i);

  [[nodiscard]] std::span<std::byte> data(std::size_t i) {
    return {bytes_.data() + i * kStride, messages_[i].msg_len};
  }
  // Of each of the datagrams that the kernel has put together (UDP_GRO), or of the one.
  [[nodiscard]] std::size_t segment_size(std::size_t i);
  [[nodiscard]] const sockaddr_storage& name(std::size_t i) const { return names_[i]; }

 private:
  static constexpr std::size_t kBatch = 64;
  static constexpr std::size_t kLongest = 65536;
  // One behind another, with a gap that keeps them out of one another's cache sets.
  static constexpr std::size_t kStride = kLongest + 4096 + 64;

  Batch() : bytes_(kBatch * kStride) {}

  std::vector<std::byte> bytes_;
  std::array<iovec, kBatch> parts_{};
  std::array<mmsghdr, kBatch> messages_{};
  std::array<sockaddr_storage, kBatch> names_{};
  alignas(cmsghdr) std::array<std::array<std::byte, 64>, kBatch> controls_{};
};

}  // namespace load
