// Descriptors that travel beside a message on a Unix socket: SCM_RIGHTS (unix(7)). Pure; any
// thread.
#pragma once

#include <sys/socket.h>

#include <cstring>
#include <span>

namespace weir {

// REQUIRES: `room`, aligned as cmsghdr and alive until the message is sent, has
// CMSG_SPACE(descriptors.size_bytes()) bytes; at most 253 descriptors.
inline void attach_descriptors(msghdr& message, std::span<const int> descriptors,
                               std::span<char> room) {
  message.msg_control = room.data();
  message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
  std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
}

}  // namespace weir
