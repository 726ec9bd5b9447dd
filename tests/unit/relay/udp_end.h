// A UDP socket on loopback that a test speaks and listens with. Loopback delivers before sendto()
// returns, so what was sent is there to be heard.
#pragma once

#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "base/transparent.h"
#include "catch.h"
#include "weir/endpoint.h"

namespace weir {

class UdpEnd {
 public:
  explicit UdpEnd(Family family, Port port = 0)
      : UdpEnd(Endpoint{
            family == Family::v4 ? Address::v4(INADDR_LOOPBACK) : Address::v6(in6addr_loopback),
            port}) {}
  explicit UdpEnd(const Endpoint& at)
      : socket_(::socket(domain_of(at.family()), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    REQUIRE(set_option(fd(), SOL_SOCKET, SO_RCVBUF, 1 << 20));
    sockaddr_storage raw{};
    const socklen_t size = at.to(raw);
    REQUIRE(bind(fd(), reinterpret_cast<const sockaddr*>(&raw), size) == 0);
    socklen_t length = sizeof raw;
    REQUIRE(getsockname(fd(), reinterpret_cast<sockaddr*>(&raw), &length) == 0);
    local = Endpoint::from(raw);
  }

  [[nodiscard]] int fd() const { return socket_.get(); }

  void connect(const Endpoint& peer) const {
    sockaddr_storage raw{};
    const socklen_t size = peer.to(raw);
    REQUIRE(::connect(fd(), reinterpret_cast<const sockaddr*>(&raw), size) == 0);
  }
  void say(const Endpoint& to, const std::string& payload) const {
    sockaddr_storage raw{};
    const socklen_t size = to.to(raw);
    REQUIRE(sendto(fd(), payload.data(), payload.size(), 0, reinterpret_cast<const sockaddr*>(&raw),
                   size) == static_cast<ssize_t>(payload.size()));
  }

  [[nodiscard]] std::vector<std::pair<std::string, Endpoint>> hear_all_with_senders() const {
    std::vector<std::pair<std::string, Endpoint>> out;
    while (true) {
      std::string payload(65'536, '\0');
      sockaddr_storage raw{};
      socklen_t length = sizeof raw;
      const ssize_t size = recvfrom(fd(), payload.data(), payload.size(), MSG_DONTWAIT,
                                    reinterpret_cast<sockaddr*>(&raw), &length);
      if (size < 0) {
        CHECK(errno == EAGAIN);
        return out;
      }
      payload.resize(static_cast<std::size_t>(size));
      out.emplace_back(std::move(payload), Endpoint::from(raw));
    }
  }
  [[nodiscard]] std::vector<std::string> hear_all() const {
    std::vector<std::string> out;
    for (auto& [payload, sender] : hear_all_with_senders()) {
      out.push_back(std::move(payload));
    }
    return out;
  }

  Endpoint local;

 private:
  Descriptor socket_;
};

}  // namespace weir
