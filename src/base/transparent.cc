#include "base/transparent.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/descriptor.h"

namespace weir {

int domain_of(Family family) { return family == Family::v4 ? AF_INET : AF_INET6; }

bool set_option(int fd, int level, int name, int value, const SocketCalls& calls) {
  return calls.setsockopt(fd, level, name, &value, sizeof value) == 0;
}

bool set_transparent(int fd, Family family, const SocketCalls& calls) {
  return family == Family::v4 ? set_option(fd, SOL_IP, IP_TRANSPARENT, 1, calls)
                              : set_option(fd, SOL_IPV6, IPV6_TRANSPARENT, 1, calls);
}

bool hear_traffic_class(int fd, Family family, const SocketCalls& calls) {
  return family == Family::v4 ? set_option(fd, SOL_IP, IP_RECVTOS, 1, calls)
                              : set_option(fd, SOL_IPV6, IPV6_RECVTCLASS, 1, calls);
}

Error system_error(const std::string& what, int code) {
  std::string text = what + ": " + std::strerror(code);
  if (code == EPERM || code == EACCES) {
    text += " (this needs root, or CAP_NET_ADMIN, CAP_NET_RAW and CAP_NET_BIND_SERVICE)";
  }
  return Error(text);
}

}  // namespace weir
