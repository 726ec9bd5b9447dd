#include "base/datagram_batch.h"

#include <netinet/udp.h>

#include <cstring>

namespace weir {
namespace {

// The value of one control message, if it is this one and the kernel did not cut it short.
template <typename T>
bool read_control(const cmsghdr* message, int level, int type, T& value) {
  if (message->cmsg_level != level || message->cmsg_type != type ||
      message->cmsg_len < CMSG_LEN(sizeof value)) {
    return false;
  }
  std::memcpy(&value, CMSG_DATA(message), sizeof value);
  return true;
}

template <typename T>
Endpoint endpoint_of(const T& address) {
  sockaddr_storage raw{};
  std::memcpy(&raw, &address, sizeof address);
  return Endpoint::from(raw);
}

}  // namespace

DatagramBatch::DatagramBatch(const SocketCalls& calls)
    : calls_(calls),
      // for_overwrite: the pages stay untouched until a datagram needs them.
      buffers_(std::make_unique_for_overwrite<std::uint8_t[]>(slots * slot_size)) {
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
  const int count = calls_.recvmmsg(fd, messages_.data() + first,
                                    static_cast<unsigned>(slots - first), MSG_DONTWAIT, nullptr);
  for (int i = 0; i < count; ++i) {
    ++received_.all;
    received_.large += messages_[first + static_cast<std::size_t>(i)].msg_len > 4096 ? 1 : 0;
  }
  return count;
}

DatagramControl control_of(const msghdr& header) {
  DatagramControl out;
  auto* mutable_header =
      const_cast<msghdr*>(&header);  // CMSG_NXTHDR wants it so; nothing is written
  const auto* end = static_cast<const std::byte*>(header.msg_control) + header.msg_controllen;
  for (cmsghdr* c = CMSG_FIRSTHDR(mutable_header); c != nullptr;
       c = CMSG_NXTHDR(mutable_header, c)) {
    if (c->cmsg_len > static_cast<std::size_t>(end - reinterpret_cast<const std::byte*>(c))) {
      break;
    }
    sockaddr_in four{};
    sockaddr_in6 six{};
    in_pktinfo four_info{};
    in6_pktinfo six_info{};
    int segment = 0;
    int traffic_class = 0;
    int fragment = 0;
    std::uint32_t dropped = 0;
    if (read_control(c, SOL_IP, IP_ORIGDSTADDR, four)) {
      out.destination = endpoint_of(four);
      out.has_destination = true;
    } else if (read_control(c, SOL_IPV6, IPV6_ORIGDSTADDR, six)) {
      out.destination = endpoint_of(six);
      out.has_destination = true;
    } else if (read_control(c, SOL_IP, IP_PKTINFO, four_info)) {
      out.interface = static_cast<std::uint32_t>(four_info.ipi_ifindex);
    } else if (read_control(c, SOL_IPV6, IPV6_PKTINFO, six_info)) {
      out.interface = six_info.ipi6_ifindex;
    } else if (read_control(c, SOL_SOCKET, SO_RXQ_OVFL, dropped)) {
      out.dropped = dropped;
    } else if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_TOS) {
      static_cast<void>(read_control(c, SOL_IP, IP_TOS, out.tos));  // a byte, not an int
    } else if (read_control(c, SOL_IPV6, IPV6_TCLASS, traffic_class)) {
      out.tos = static_cast<std::uint8_t>(traffic_class);
    } else if (read_control(c, SOL_IPV6, IPV6_RECVFRAGSIZE, fragment)) {
      out.was_in_fragments = fragment != 0;
    } else if (read_control(c, SOL_SOCKET, SO_MARK, out.mark)) {
    } else if (read_control(c, SOL_UDP, UDP_GRO, segment)) {
      out.segment = static_cast<std::uint16_t>(segment);
    }
  }
  return out;
}

}  // namespace weir
