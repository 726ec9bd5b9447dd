#include "relay/reply_sockets.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "base/local_address.h"
#include "base/transparent.h"

namespace weir {
namespace {

// In bytes, as the kernel counts them: more than 4,000 answers that wait.
constexpr int send_buffer = 16 * 1024 * 1024;

}  // namespace

bool ReplySockets::is_shortage(int code) {
  return code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM;
}

ReplySockets::ReplySockets(std::size_t max, std::function<void(const Endpoint&, int)> on_raw,
                           const SocketCalls& calls)
    : calls_(calls), max_(max), on_raw_(std::move(on_raw)) {}

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
  if (by_use_.size() >= max_) {
    by_destination_.erase(by_use_.back().destination);
    by_use_.pop_back();
  }
  Descriptor socket = open(destination);
  if (!socket.valid() && (errno == EMFILE || errno == ENFILE) && !by_use_.empty()) {
    // One that is kept in case it is needed again makes room for one that is needed now.
    by_destination_.erase(by_use_.back().destination);
    by_use_.pop_back();
    socket = open(destination);
  }
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

void ReplySockets::forget(const std::function<bool(const Address&)>& is_own) {
  std::erase_if(by_destination_, [&](const auto& known) {
    const Entry& entry = *known.second;
    if (entry.socket.valid() && !is_own(entry.destination.address)) {
      return false;
    }
    by_use_.erase(known.second);
    return true;
  });
}

Descriptor ReplySockets::open(const Endpoint& destination) const {
  const Family family = destination.family();
  Descriptor socket(calls_.socket(domain_of(family), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
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
  // Answers to clients that are not there wait for seconds, until the kernel has given up asking
  // for the client's link address, and fill the buffer meanwhile: the answers to all other clients
  // of this destination would find no room. The kernel bounds what waits for each neighbour.
  if (!set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, send_buffer, calls_)) {
    static_cast<void>(set_option(fd, SOL_SOCKET, SO_SNDBUF, send_buffer, calls_));
  }
  // The client decided on the size of what it can receive, not the path: no don't-fragment on
  // replies.
  const bool ready =
      set_transparent(fd, family, calls_) && set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1, calls_) &&
      (family == Family::v4
           ? set_option(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT, calls_)
           : set_option(fd, SOL_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT, calls_)) &&
      calls_.bind(fd, reinterpret_cast<const sockaddr*>(&name), length) == 0;
  return ready ? std::move(socket) : Descriptor();
}

}  // namespace weir
