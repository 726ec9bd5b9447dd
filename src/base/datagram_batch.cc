#include "base/datagram_batch.h"

#include <netinet/udp.h>

#include <cstring>

namespace weir {
namespace {

template <typename T>
T read_control(const cmsghdr* message) {
  T value{};
  std::memcpy(&value, CMSG_DATA(message), sizeof value);
  return value;
}

}  // namespace

DatagramBatch::DatagramBatch()
    // for_overwrite: the pages stay untouched until a datagram needs them.
    : buffers_(std::make_unique_for_overwrite<std::uint8_t[]>(slots * slot_size)) {
  for (std::size_t i = 0; i < slots; ++i) {
    vectors_[i] = {buffers_.get() + i * slot_size, slot_size};
    msghdr& header = messages_[i].msg_hdr;
    header.msg_iov = &vectors_[i];
    header.msg_iovlen = 1;
    header.msg_name = &names_[i];
    header.msg_control = controls_[i].data();
  }
}

int DatagramBatch::receive(int fd, std::size_t first) {
  for (std::size_t i = first; i < slots; ++i) {
    messages_[i].msg_hdr.msg_namelen = sizeof(sockaddr_storage);
    messages_[i].msg_hdr.msg_controllen = control_size;
  }
  return recvmmsg(fd, messages_.data() + first, static_cast<unsigned>(slots - first), MSG_DONTWAIT,
                  nullptr);
}

DatagramControl control_of(const msghdr& header) {
  DatagramControl out;
  auto* mutable_header =
      const_cast<msghdr*>(&header);  // CMSG_NXTHDR wants it so; nothing is written
  for (cmsghdr* c = CMSG_FIRSTHDR(mutable_header); c != nullptr;
       c = CMSG_NXTHDR(mutable_header, c)) {
    if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_ORIGDSTADDR) {
      sockaddr_storage raw{};
      std::memcpy(&raw, CMSG_DATA(c), sizeof(sockaddr_in));
      out.destination = Endpoint::from(raw);
      out.has_destination = true;
    } else if (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_ORIGDSTADDR) {
      sockaddr_storage raw{};
      std::memcpy(&raw, CMSG_DATA(c), sizeof(sockaddr_in6));
      out.destination = Endpoint::from(raw);
      out.has_destination = true;
    } else if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_PKTINFO) {
      out.interface = static_cast<std::uint32_t>(read_control<in_pktinfo>(c).ipi_ifindex);
    } else if (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      out.interface = read_control<in6_pktinfo>(c).ipi6_ifindex;
    } else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
      out.segment = static_cast<std::uint16_t>(read_control<int>(c));
    }
  }
  return out;
}

}  // namespace weir
