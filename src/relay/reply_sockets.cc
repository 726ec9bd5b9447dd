#include "relay/reply_sockets.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "base/local_address.h"
#include "base/transparent.h"

namespace weir {

bool ReplySockets::is_shortage(int code) {
  return code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM;
}

ReplySockets::ReplySockets(std::size_t most, std::function<void(const Endpoint&, int)> on_raw)
    : most_(most), on_raw_(std::move(on_raw)) {}

int ReplySockets::get(const Endpoint& destination, Instant now) {
  if (const auto found = by_destination_.find(destination); found != by_destination_.end()) {
    Entry& entry = *found->second;
    if (found->second != by_use_.begin()) {
      by_use_.splice(by_use_.begin(), by_use_, found->second);
    }
    if (entry.socket.valid() || now - entry.opened < raw_for) {
      return entry.socket.get();
    }
    by_destination_.erase(found);
    by_use_.pop_front();
  }
  if (by_use_.size() >= most_) {
    by_destination_.erase(by_use_.back().destination);
    by_use_.pop_back();
  }
  Descriptor socket = open(destination);
  if (!socket.valid()) {
    const int code = errno;
    on_raw_(destination, code);
    if (is_shortage(code)) {
      return raw;  // it may be over with the next datagram
    }
  }
  by_use_.push_front({destination, std::move(socket), now});
  by_destination_[destination] = by_use_.begin();
  return by_use_.front().socket.get();
}

Descriptor ReplySockets::open(const Endpoint& destination) {
  const Family family = destination.family();
  Descriptor socket(::socket(domain_of(family), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) {
    return {};
  }
  const int fd = socket.get();
  sockaddr_storage name{};
  const socklen_t length = destination.to(name);
  // Without transparency an own address could be bound: then replies would do, but the socket would
  // also take the datagrams meant for the program that really serves there.
  if (is_local_address(destination.address)) {
    errno = EADDRINUSE;
    return {};
  }
  // The client decided on the size of what it can receive, not the path: no don't-fragment on
  // replies.
  const bool ready =
      set_transparent(fd, family) && set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
      (family == Family::v4 ? set_option(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT)
                            : set_option(fd, SOL_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT)) &&
      bind(fd, reinterpret_cast<const sockaddr*>(&name), length) == 0;
  return ready ? std::move(socket) : Descriptor();
}

}  // namespace weir
