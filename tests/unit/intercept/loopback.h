// What a listener meets on loopback, where the destination is the address that was dialled.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>

#include "base/descriptor.h"
#include "catch.h"
#include "loop/edge_poll.h"
#include "transparent_sockets.h"
#include "weir/endpoint.h"

namespace weir {

inline Address loopback(Family family) {
  return family == Family::v4 ? Address::v4(INADDR_LOOPBACK) : Address::v6(in6addr_loopback);
}

// A client's socket, connected.
inline Descriptor call(const Endpoint& to, int type = SOCK_STREAM) {
  Descriptor out(::socket(domain_of(to.family()), type | SOCK_CLOEXEC, 0));
  REQUIRE(out.valid());
  sockaddr_storage raw{};
  const socklen_t length = to.to(raw);
  REQUIRE(connect(out.get(), reinterpret_cast<const sockaddr*>(&raw), length) == 0);
  return out;
}

inline bool was_reset(const Descriptor& socket) {
  pollfd ready{socket.get(), POLLIN, 0};
  REQUIRE(poll(&ready, 1, 10'000) == 1);
  char byte = 0;
  return recv(socket.get(), &byte, 1, 0) < 0 && errno == ECONNRESET;
}

struct SteppedPoll {
  SteppedPoll() : poll(loop, [this]() { poll.stop(); }), mailbox(std::in_place, loop) {}
  ~SteppedPoll() { mailbox.reset(); }
  // One turn, which something has to be ready for.
  void run() { poll.run(); }
  Loop loop;
  EdgePoll poll;
  std::optional<Mailbox> mailbox;
};

}  // namespace weir
