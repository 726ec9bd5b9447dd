// The system calls on sockets, as values: what opens, sends and receives takes them as an argument,
// so that tests put a network of their own in the kernel's place, and let any call fail with any
// errno. One indirect call each, no virtual one.
//
// Plain values, which live as long as the program; any thread.
#pragma once

#include <sys/socket.h>

namespace weir {

struct SocketCalls {
  int (*socket)(int domain, int type, int protocol) = ::socket;
  int (*bind)(int fd, const sockaddr* to, socklen_t length) = ::bind;
  int (*connect)(int fd, const sockaddr* to, socklen_t length) = ::connect;
  int (*getsockname)(int fd, sockaddr* name, socklen_t* length) = ::getsockname;
  int (*getsockopt)(int fd, int level, int name, void* value, socklen_t* length) = ::getsockopt;
  int (*setsockopt)(int fd, int level, int name, const void* value,
                    socklen_t length) = ::setsockopt;
  ssize_t (*sendto)(int fd, const void* data, size_t size, int flags, const sockaddr* to,
                    socklen_t length) = ::sendto;
  ssize_t (*sendmsg)(int fd, const msghdr* message, int flags) = ::sendmsg;
  int (*sendmmsg)(int fd, mmsghdr* messages, unsigned count, int flags) = ::sendmmsg;
  ssize_t (*recvmsg)(int fd, msghdr* message, int flags) = ::recvmsg;
  int (*recvmmsg)(int fd, mmsghdr* messages, unsigned count, int flags,
                  timespec* timeout) = ::recvmmsg;
};

inline constexpr SocketCalls kernel_calls{};

}  // namespace weir
