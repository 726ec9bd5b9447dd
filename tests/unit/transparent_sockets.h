// What tests on loopback need of the machine: the right to intercept, and the name of a socket.
#pragma once

#include <sys/socket.h>

#include "base/descriptor.h"
#include "base/transparent.h"
#include "catch.h"
#include "weir/endpoint.h"

namespace weir {

inline bool may_intercept() {
  const Descriptor probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (set_transparent(probe.get(), Family::v4) && set_option(probe.get(), SOL_SOCKET, SO_MARK, 0)) {
    return true;
  }
  WARN("skipped: this needs CAP_NET_ADMIN");
  return false;
}

inline Endpoint name_of(int fd) {
  sockaddr_storage raw{};
  socklen_t length = sizeof raw;
  REQUIRE(getsockname(fd, reinterpret_cast<sockaddr*>(&raw), &length) == 0);
  return Endpoint::from(raw);
}

}  // namespace weir
