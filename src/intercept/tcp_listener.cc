#include "intercept/tcp_listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/transparent.h"
#include "intercept/saved_syn.h"

namespace weir {
namespace {

// The destination, and what else the client's SYN says. The kernel keeps no SYN of a connection
// that came with a SYN cookie, or before TCP_SAVE_SYN was set: then the socket knows where it was
// going.
std::optional<SavedSyn> first_packet_of(int fd) {
  std::array<std::uint8_t, 256> headers{};
  socklen_t length = headers.size();
  if (getsockopt(fd, IPPROTO_TCP, TCP_SAVED_SYN, headers.data(), &length) == 0) {
    if (const auto syn = parse_syn(std::span(headers).first(length))) {
      return syn;
    }
  }
  sockaddr_storage own{};
  length = sizeof own;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&own), &length) != 0) {
    return std::nullopt;
  }
  return SavedSyn{.destination = Endpoint::from(own), .dscp = 0};
}

}  // namespace

Result<Descriptor> TcpListener::open(Family family, Port port) {
  const std::string what = std::string("cannot listen for intercepted ") +
                           (family == Family::v4 ? "IPv4" : "IPv6") + " connections on TCP port " +
                           std::to_string(port);
  Descriptor socket(::socket(domain_of(family), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) {
    return system_error(what, errno);
  }
  const int fd = socket.get();
  if ((family == Family::v6 && !set_option(fd, SOL_IPV6, IPV6_V6ONLY, 1)) || !prepare(fd, family)) {
    return system_error(what, errno);
  }
  sockaddr_storage raw{};
  const socklen_t length = Endpoint{Address::any(family), port}.to(raw);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&raw), length) != 0) {
    return system_error(what, errno);
  }
  return socket;
}

// What accepted sockets inherit is set here once instead of on each: no delay, urgent data in its
// place in the stream, and the transparency that lets them answer from the original destination.
bool TcpListener::prepare(int fd, Family family) {
  return set_transparent(fd, family) && set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
         set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1) &&
         set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1) &&
         set_option(fd, SOL_SOCKET, SO_OOBINLINE, 1) &&
         set_option(fd, IPPROTO_TCP, TCP_SAVE_SYN, 1) &&
         (family == Family::v6 ? set_option(fd, SOL_IPV6, IPV6_RECVPKTINFO, 1)
                               : set_option(fd, SOL_IP, IP_PKTINFO, 1));
}

TcpListener::TcpListener(EdgePoll& poll, TimerWheel& timers, Descriptor socket, Handler handler)
    : poll_(poll),
      timers_(timers),
      socket_(std::move(socket)),
      reserve_(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
      handler_(std::move(handler)) {
  if (listen(socket_.get(), SOMAXCONN) == 0) {
    watch_ = poll_.add_level(socket_.get(), *this);
  }
  if (!watch_) {
    std::perror("weir: cannot listen");
    std::abort();  // at start, for want of kernel memory
  }
}

TcpListener::~TcpListener() { close(); }

void TcpListener::close() {
  timers_.cancel(*this);
  if (socket_.valid()) {
    poll_.remove(watch_, socket_.get());  // others may hold it, too
  }
  socket_.reset();
}

void TcpListener::back_off() {
  poll_.remove(watch_, socket_.get());
  timers_.set(*this, poll_.now() + backoff, poll_.now());
}

void TcpListener::on_deadline(Instant now) {
  if (!reserve_.valid()) {
    reserve_.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  watch_ = poll_.add_level(socket_.get(), *this);
  if (!watch_) {
    timers_.set(*this, now + backoff, now);
  }
}

void TcpListener::on_events(std::uint32_t) { take_batch(); }

void TcpListener::drain_backlog() {
  for (int taken = 0; taken < SOMAXCONN && socket_.valid(); taken += batch) {
    if (take_batch() == Queue::empty) {
      return;
    }
  }
}

// `more`: there may be.
TcpListener::Queue TcpListener::take_batch() {
  for (int i = 0; i < batch && socket_.valid(); ++i) {
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    Descriptor accepted(accept4(socket_.get(), reinterpret_cast<sockaddr*>(&peer), &length,
                                SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!accepted.valid()) {
      switch (errno) {
        case EAGAIN:
          return Queue::empty;
        case ECONNABORTED:  // the client was gone before the worker came
        case EINTR:
          continue;
        case EMFILE:
        case ENFILE:
          if (accept_with_reserve() == Reserve::lost) {
            back_off();
            return Queue::empty;
          }
          continue;
        case ENOMEM:
        case ENOBUFS:
          handler_.on_failed(errno);
          back_off();
          return Queue::empty;
        default:
          // Errors of the network that accept(2) hands on; the connection is lost, the listener
          // lives.
          handler_.on_failed(errno);
          continue;
      }
    }
    const auto syn = first_packet_of(accepted.get());
    if (!syn) {
      handler_.on_failed(errno);
      continue;
    }
    handler_.on_accepted({std::move(accepted), Endpoint::from(peer), syn->destination, syn->dscp});
  }
  return Queue::more;
}

TcpListener::Reserve TcpListener::accept_with_reserve() {
  reserve_.reset();
  Descriptor refused(accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (refused.valid()) {
    const linger reset_at_close{1, 0};
    setsockopt(refused.get(), SOL_SOCKET, SO_LINGER, &reset_at_close, sizeof reset_at_close);
    handler_.on_out_of_descriptors();
  }
  refused.reset();  // before the reserve is taken again
  reserve_.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  return reserve_.valid() ? Reserve::kept : Reserve::lost;
}

std::uint32_t inbound_interface(int fd, Family family) {
  alignas(cmsghdr) std::array<char, 512> buffer{};
  socklen_t length = buffer.size();
  const bool v6 = family == Family::v6;
  if (getsockopt(fd, v6 ? SOL_IPV6 : SOL_IP, v6 ? IPV6_2292PKTOPTIONS : IP_PKTOPTIONS,
                 buffer.data(), &length) != 0) {
    return 0;
  }
  msghdr message{};
  message.msg_control = buffer.data();
  message.msg_controllen = length;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      return static_cast<std::uint32_t>(info.ipi_ifindex);
    }
    if (c->cmsg_level == SOL_IPV6 &&
        (c->cmsg_type == IPV6_PKTINFO || c->cmsg_type == IPV6_2292PKTINFO)) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      return info.ipi6_ifindex;
    }
  }
  return 0;
}

}  // namespace weir
