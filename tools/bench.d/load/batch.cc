#include "batch.h"

#include <netinet/udp.h>

#include <cstring>

namespace load {

Batch& Batch::only() {
  static Batch batch;
  return batch;
}

std::size_t Batch::receive(int socket) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    parts_[i] = {bytes_.data() + i * kStride, kLongest};
    auto& head = messages_[i].msg_hdr;
    head = {};
    head.msg_name = &names_[i];
    head.msg_namelen = sizeof names_[i];
    head.msg_iov = &parts_[i];
    head.msg_iovlen = 1;
    head.msg_control = controls_[i].data();
    head.msg_controllen = controls_[i].size();
  }
  const int count = recvmmsg(socket, messages_.data(), kBatch, 0, nullptr);
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

void Batch::send_back(int socket, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) parts_[i].iov_len = messages_[i].msg_len;
  std::size_t sent = 0;
  while (sent < count) {
    const int n = sendmmsg(socket, messages_.data() + sent, static_cast<unsigned>(count - sent), 0);
    sent += n > 0 ? static_cast<std::size_t>(n) : 1;  // an unsendable one is skipped: a loss
  }
}

void Batch::forget_interface(std::size_t i) {
  cmsghdr* c = CMSG_FIRSTHDR(&messages_[i].msg_hdr);
  if (c == nullptr) return;
  if (c->cmsg_level == IPPROTO_IP) {
    auto* info = reinterpret_cast<in_pktinfo*>(CMSG_DATA(c));
    info->ipi_ifindex = 0;
    info->ipi_spec_dst = info->ipi_addr;
  } else {
    reinterpret_cast<in6_pktinfo*>(CMSG_DATA(c))->ipi6_ifindex = 0;
  }
}

std::size_t Batch::segment_size(std::size_t i) {
  msghdr& head = messages_[i].msg_hdr;
  for (cmsghdr* c = CMSG_FIRSTHDR(&head); c != nullptr; c = CMSG_NXTHDR(&head, c)) {
    if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
      int size = 0;
      std::memcpy(&size, CMSG_DATA(c), sizeof size);
      return static_cast<std::size_t>(size);
    }
  }
  return messages_[i].msg_len;
}

}  // namespace load
