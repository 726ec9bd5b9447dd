// A network in the kernel's place (SocketCalls): sockets that are bound and connected to whatever
// they like, what they have sent, what the test puts into them, and calls that fail as the test
// says. Needs no privilege.
//
// A fake socket is an eventfd, so that a poll takes it; what it is ready for is told by hand. One
// network at a time.
#pragma once

#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/socket_calls.h"
#include "catch.h"
#include "weir/endpoint.h"

namespace weir {

enum class Call : std::uint8_t {
  socket,
  bind,
  connect,
  getsockname,
  getsockopt,
  setsockopt,
  sendto,
  sendmsg,
  sendmmsg,
  recvmmsg
};

class FakeNetwork {
 public:
  struct Datagram {
    Endpoint peer;  // whom it comes from, or goes to
    std::string payload;
    std::uint8_t tos = 0;
    std::uint16_t segment = 0;
    bool truncated = false;
  };
  struct IcmpMessage {
    Endpoint peer;
    int code = 0;  // errno
    bool is_unreachable = true;
  };
  struct Socket {
    int domain = 0;
    int type = 0;
    int protocol = 0;
    Endpoint local;
    std::optional<Endpoint> peer;
    std::string interface;
    std::set<std::pair<int, int>> options;  // level and name of those that were set
    std::deque<Datagram> inbox;
    std::deque<int> errors;  // what the next reads fail with, before the inbox
    std::deque<IcmpMessage> icmp;
    std::vector<Datagram> sent;
    int reads = 0;
  };

  FakeNetwork() {
    REQUIRE(now_ == nullptr);
    now_ = this;
  }
  ~FakeNetwork() { now_ = nullptr; }
  FakeNetwork(const FakeNetwork&) = delete;
  FakeNetwork& operator=(const FakeNetwork&) = delete;

  [[nodiscard]] static const SocketCalls& calls() {
    static const SocketCalls table{open,   bind,    connect,  name,    option,  set_option,
                                   sendto, sendmsg, sendmmsg, recvmsg, recvmmsg};
    return table;
  }

  // The next `times` calls of that kind fail.
  void fail(Call call, int code, int times = 1) { failing_[call] = {code, times}; }
  // What the router's own address is, towards any destination; unspecified: there is no route.
  Address own = Endpoint::parse("192.0.2.1:1").value().address;
  Address own_v6 = Endpoint::parse("[2001:db8::1]:1").value().address;
  int mtu = 1500;
  std::set<Endpoint> taken;  // to bind there fails

  // Another descriptor of the same socket, as another process gets it.
  void share(int fd, int copy) {
    sockets_[copy] = sockets_.at(fd);
    order_[copy] = ++opened_;
  }
  [[nodiscard]] Socket& at(int fd) { return sockets_.at(fd); }
  // The socket bound or connected so; the latest where there are several. Null: none was.
  [[nodiscard]] Socket* bound_to(const Endpoint& local) {
    return latest([&](const Socket& one) { return one.local == local; });
  }
  [[nodiscard]] Socket* connected_to(const Endpoint& peer) {
    return latest([&](const Socket& one) {
      return one.peer == peer && one.type == SOCK_DGRAM && one.protocol == 0;
    });
  }
  [[nodiscard]] std::size_t count(int type) const {
    return static_cast<std::size_t>(
        std::count_if(sockets_.begin(), sockets_.end(),
                      [&](const auto& one) { return one.second.type == type; }));
  }
  // Of all raw sockets together: whom, and the packet.
  [[nodiscard]] std::vector<Datagram> raw_packets() const {
    std::vector<Datagram> out;
    for (const auto& [fd, one] : sockets_) {
      if (one.type == SOCK_RAW) {
        out.insert(out.end(), one.sent.begin(), one.sent.end());
      }
    }
    return out;
  }
  // Sends that left in one message with others.
  std::size_t messages = 0;

 private:
  struct Failure {
    int code;
    int times;
  };
  static inline FakeNetwork* now_ = nullptr;

  template <typename Predicate>
  Socket* latest(const Predicate& is_it) {
    Socket* found = nullptr;
    unsigned newest = 0;
    for (auto& [fd, one] : sockets_) {
      if (is_it(one) && order_[fd] >= newest) {
        newest = order_[fd];
        found = &one;
      }
    }
    return found;
  }

  static bool fails(Call call) {
    const auto found = now_->failing_.find(call);
    if (found == now_->failing_.end() || found->second.times == 0) {
      return false;
    }
    --found->second.times;
    errno = found->second.code;
    return true;
  }
  static Endpoint endpoint(const void* name, socklen_t length) {
    sockaddr_storage raw{};
    std::memcpy(&raw, name, std::min<std::size_t>(length, sizeof raw));
    return Endpoint::from(raw);
  }

  static int open(int domain, int type, int protocol) {
    if (fails(Call::socket)) {
      return -1;
    }
    const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    REQUIRE(fd >= 0);
    Socket made;
    made.domain = domain;
    made.type = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
    made.protocol = protocol;
    made.local.address = Address::any(domain == AF_INET ? Family::v4 : Family::v6);
    now_->sockets_[fd] = std::move(made);
    now_->order_[fd] = ++now_->opened_;
    return fd;
  }
  static int bind(int fd, const sockaddr* to, socklen_t length) {
    if (fails(Call::bind)) {
      return -1;
    }
    Endpoint wanted = endpoint(to, length);
    if (now_->taken.contains(wanted)) {
      errno = EADDRINUSE;
      return -1;
    }
    wanted.port = wanted.port != 0 ? wanted.port : ++now_->next_port_;
    now_->at(fd).local = wanted;
    return 0;
  }
  static int connect(int fd, const sockaddr* to, socklen_t length) {
    Socket& socket = now_->at(fd);
    const Address& own = socket.domain == AF_INET ? now_->own : now_->own_v6;
    if (fails(Call::connect)) {
      return -1;
    }
    if (own.is_unspecified()) {
      errno = ENETUNREACH;
      return -1;
    }
    socket.peer = endpoint(to, length);
    socket.local.address = socket.local.address.is_unspecified() ? own : socket.local.address;
    socket.local.port = socket.local.port != 0 ? socket.local.port : ++now_->next_port_;
    return 0;
  }
  static int name(int fd, sockaddr* out, socklen_t* length) {
    if (fails(Call::getsockname)) {
      return -1;
    }
    sockaddr_storage raw{};
    *length = now_->at(fd).local.to(raw);
    std::memcpy(out, &raw, *length);
    return 0;
  }
  static int option(int fd, int level, int which, void* value, socklen_t* length) {
    if (fails(Call::getsockopt)) {
      return -1;
    }
    Socket& socket = now_->at(fd);
    if (level == SOL_SOCKET && which == SO_BINDTODEVICE) {
      *length = static_cast<socklen_t>(socket.interface.size() + 1);
      std::memcpy(value, socket.interface.c_str(), *length);
      return 0;
    }
    const bool is_mtu =
        (level == SOL_IP && which == IP_MTU) || (level == SOL_IPV6 && which == IPV6_MTU);
    if (!is_mtu || !socket.peer) {
      errno = ENOTCONN;
      return -1;
    }
    std::memcpy(value, &now_->mtu, sizeof now_->mtu);
    return 0;
  }
  static int set_option(int fd, int level, int which, const void* value, socklen_t length) {
    if (fails(Call::setsockopt)) {
      return -1;
    }
    Socket& socket = now_->at(fd);
    socket.options.emplace(level, which);
    if (level == SOL_SOCKET && which == SO_BINDTODEVICE) {
      socket.interface.assign(static_cast<const char*>(value), length);
    }
    return 0;
  }
  static ssize_t sendto(int fd, const void* data, size_t size, int, const sockaddr* to,
                        socklen_t length) {
    if (fails(Call::sendto)) {
      return -1;
    }
    Socket& socket = now_->at(fd);
    socket.sent.push_back({to != nullptr ? endpoint(to, length) : socket.peer.value_or(Endpoint{}),
                           std::string(static_cast<const char*>(data), size)});
    return static_cast<ssize_t>(size);
  }
  static ssize_t take(int fd, const msghdr& message) {
    Socket& socket = now_->at(fd);
    Datagram out;
    out.peer = message.msg_name != nullptr ? endpoint(message.msg_name, message.msg_namelen)
                                           : socket.peer.value_or(Endpoint{});
    for (std::size_t i = 0; i < message.msg_iovlen; ++i) {
      out.payload.append(static_cast<const char*>(message.msg_iov[i].iov_base),
                         message.msg_iov[i].iov_len);
    }
    msghdr copy = message;
    for (cmsghdr* c = CMSG_FIRSTHDR(&copy); c != nullptr; c = CMSG_NXTHDR(&copy, c)) {
      if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_SEGMENT) {
        std::memcpy(&out.segment, CMSG_DATA(c), sizeof out.segment);
      } else if ((c->cmsg_level == SOL_IP && c->cmsg_type == IP_TOS) ||
                 (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_TCLASS)) {
        int tos = 0;
        std::memcpy(&tos, CMSG_DATA(c), sizeof tos);
        out.tos = static_cast<std::uint8_t>(tos);
      }
    }
    const auto size = static_cast<ssize_t>(out.payload.size());
    ++now_->messages;
    if (out.segment == 0) {
      socket.sent.push_back(std::move(out));
      return size;
    }
    for (std::size_t at = 0; at < out.payload.size(); at += out.segment) {
      socket.sent.push_back({out.peer, out.payload.substr(at, out.segment), out.tos});
    }
    return size;
  }
  static ssize_t sendmsg(int fd, const msghdr* message, int) {
    return fails(Call::sendmsg) ? -1 : take(fd, *message);
  }
  static int sendmmsg(int fd, mmsghdr* messages, unsigned count, int) {
    if (fails(Call::sendmmsg)) {
      return -1;
    }
    for (unsigned i = 0; i < count; ++i) {
      messages[i].msg_len = static_cast<unsigned>(take(fd, messages[i].msg_hdr));
    }
    return static_cast<int>(count);
  }
  // Only the error queue is read so.
  static ssize_t recvmsg(int fd, msghdr* message, int) {
    Socket& socket = now_->at(fd);
    if (socket.icmp.empty()) {
      errno = EAGAIN;
      return -1;
    }
    const IcmpMessage next = socket.icmp.front();
    socket.icmp.pop_front();
    sockaddr_storage raw{};
    message->msg_namelen = next.peer.to(raw);
    std::memcpy(message->msg_name, &raw, message->msg_namelen);
    const bool v4 = next.peer.family() == Family::v4;
    sock_extended_err error{};
    error.ee_errno = static_cast<std::uint32_t>(next.code);
    error.ee_origin = v4 ? SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6;
    if (v4) {
      error.ee_type = next.is_unreachable ? ICMP_DEST_UNREACH : ICMP_TIME_EXCEEDED;
      error.ee_code = next.code == EMSGSIZE ? ICMP_FRAG_NEEDED : ICMP_PORT_UNREACH;
    } else {
      error.ee_type = next.is_unreachable ? ICMP6_DST_UNREACH : ICMP6_PACKET_TOO_BIG;
    }
    cmsghdr* c = CMSG_FIRSTHDR(message);
    c->cmsg_level = v4 ? int{SOL_IP} : int{SOL_IPV6};
    c->cmsg_type = v4 ? int{IP_RECVERR} : int{IPV6_RECVERR};
    c->cmsg_len = CMSG_LEN(sizeof error);
    std::memcpy(CMSG_DATA(c), &error, sizeof error);
    message->msg_controllen = CMSG_SPACE(sizeof error);
    return 0;
  }
  static int recvmmsg(int fd, mmsghdr* messages, unsigned count, int, timespec*) {
    Socket& socket = now_->at(fd);
    ++socket.reads;
    if (fails(Call::recvmmsg)) {
      return -1;
    }
    if (!socket.errors.empty()) {
      errno = socket.errors.front();
      socket.errors.pop_front();
      return -1;
    }
    unsigned taken = 0;
    for (; taken < count && !socket.inbox.empty(); ++taken) {
      const Datagram next = socket.inbox.front();
      socket.inbox.pop_front();
      msghdr& header = messages[taken].msg_hdr;
      sockaddr_storage raw{};
      header.msg_namelen = next.peer.to(raw);
      std::memcpy(header.msg_name, &raw, header.msg_namelen);
      std::memcpy(header.msg_iov->iov_base, next.payload.data(), next.payload.size());
      messages[taken].msg_len = static_cast<unsigned>(next.payload.size());
      header.msg_flags = next.truncated ? MSG_TRUNC : 0;
      std::size_t used = 0;
      if (next.segment != 0) {
        const int segment = next.segment;
        used += put(header, used, SOL_UDP, UDP_GRO, segment);
      }
      if (next.tos != 0) {
        used += next.peer.family() == Family::v4
                    ? put(header, used, SOL_IP, IP_TOS, next.tos)
                    : put(header, used, SOL_IPV6, IPV6_TCLASS, int{next.tos});
      }
      header.msg_controllen = used;
    }
    if (taken == 0) {
      errno = EAGAIN;
      return -1;
    }
    return static_cast<int>(taken);
  }
  template <typename T>
  static std::size_t put(const msghdr& header, std::size_t at, int level, int type, T value) {
    cmsghdr control{};
    control.cmsg_level = level;
    control.cmsg_type = type;
    control.cmsg_len = CMSG_LEN(sizeof value);
    auto* to = static_cast<std::byte*>(header.msg_control) + at;
    std::memcpy(to, &control, sizeof control);
    std::memcpy(to + CMSG_LEN(0), &value, sizeof value);
    return CMSG_SPACE(sizeof value);
  }

  std::map<int, Socket> sockets_;  // also those that were closed, until their number comes again
  std::map<int, unsigned> order_;
  std::map<Call, Failure> failing_;
  unsigned opened_ = 0;
  Port next_port_ = 40'000;
};

}  // namespace weir
