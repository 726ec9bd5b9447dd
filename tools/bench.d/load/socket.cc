// See socket.h.
#include "socket.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "report.h"

namespace load {
namespace {

sockaddr_in& v4(sockaddr_storage& s) { return reinterpret_cast<sockaddr_in&>(s); }
sockaddr_in6& v6(sockaddr_storage& s) { return reinterpret_cast<sockaddr_in6&>(s); }
const sockaddr_in& v4(const sockaddr_storage& s) { return reinterpret_cast<const sockaddr_in&>(s); }
const sockaddr_in6& v6(const sockaddr_storage& s) {
  return reinterpret_cast<const sockaddr_in6&>(s);
}

}  // namespace

void Descriptor::close() {
  if (number_ >= 0) ::close(number_);
  number_ = -1;
}

Address Address::parse(std::string_view text) {
  const std::string copy(text);
  Address address;
  if (inet_pton(AF_INET, copy.c_str(), &v4(address.storage_).sin_addr) == 1) {
    address.storage_.ss_family = AF_INET;
  } else if (inet_pton(AF_INET6, copy.c_str(), &v6(address.storage_).sin6_addr) == 1) {
    address.storage_.ss_family = AF_INET6;
  } else {
    die("'" + copy + "' is no address");
  }
  return address;
}

Address Address::any(sa_family_t family) {
  Address address;
  address.storage_.ss_family = family;
  return address;
}

Address Address::plus(std::uint32_t count) const {
  Address sum = *this;
  if (family() == AF_INET) {
    v4(sum.storage_).sin_addr.s_addr = htonl(ntohl(v4(storage_).sin_addr.s_addr) + count);
  } else {
    auto& bytes = v6(sum.storage_).sin6_addr.s6_addr;
    const std::uint32_t low = (static_cast<std::uint32_t>(bytes[14]) << 8 | bytes[15]) + count;
    bytes[14] = static_cast<std::uint8_t>(low >> 8);
    bytes[15] = static_cast<std::uint8_t>(low);
  }
  return sum;
}

Address Address::with_port(std::uint16_t port) const {
  Address same = *this;
  // Both families keep the port at the same place.
  v4(same.storage_).sin_port = htons(port);
  return same;
}

std::string Address::text() const {
  char buffer[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) inet_ntop(AF_INET, &v4(storage_).sin_addr, buffer, sizeof buffer);
  if (family() == AF_INET6) inet_ntop(AF_INET6, &v6(storage_).sin6_addr, buffer, sizeof buffer);
  return buffer;
}

socklen_t Address::size() const {
  return family() == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
}

bool Address::operator==(const Address& other) const {
  if (family() != other.family() || v4(storage_).sin_port != v4(other.storage_).sin_port) {
    return false;
  }
  if (family() == AF_INET) {
    return v4(storage_).sin_addr.s_addr == v4(other.storage_).sin_addr.s_addr;
  }
  return std::memcmp(&v6(storage_).sin6_addr, &v6(other.storage_).sin6_addr, 16) == 0;
}

void set_option(int socket, int level, int name, int value, std::string_view what) {
  if (setsockopt(socket, level, name, &value, sizeof value) != 0) die_of_errno(what);
}

Descriptor listen_tcp(const Address& address) {
  Descriptor socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) die_of_errno("socket");
  set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
  set_option(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY");  // accepted ones inherit it
  if (address.family() == AF_INET6) {
    set_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY");
  }
  if (bind(socket.get(), address.get(), address.size()) != 0) die_of_errno("bind TCP");
  if (listen(socket.get(), 4096) != 0) die_of_errno("listen");
  return socket;
}

Descriptor connect_tcp(const Address& source, const Address& destination) {
  Descriptor socket(::socket(source.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) die_of_errno("socket");
  set_option(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY");
  set_option(socket.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1, "IP_BIND_ADDRESS_NO_PORT");
  if (bind(socket.get(), source.get(), source.size()) != 0) die_of_errno("bind source");
  if (connect(socket.get(), destination.get(), destination.size()) != 0 && errno != EINPROGRESS) {
    die_of_errno("connect");
  }
  return socket;
}

Descriptor bind_udp(const Address& address, int receive_buffer) {
  Descriptor socket(::socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) die_of_errno("socket");
  if (address.family() == AF_INET6) {
    set_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY");
  }
  if (receive_buffer != 0) {
    set_option(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, receive_buffer, "SO_RCVBUFFORCE");
  }
  if (bind(socket.get(), address.get(), address.size()) != 0) die_of_errno("bind UDP");
  return socket;
}

void tell_destination(const Descriptor& socket, sa_family_t family) {
  if (family == AF_INET) {
    set_option(socket.get(), IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
  } else {
    set_option(socket.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
  }
}

Descriptor make_epoll() {
  Descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  if (epoll.get() < 0) die_of_errno("epoll_create1");
  return epoll;
}

void watch(int epoll, int socket, std::uint32_t events, std::uint64_t number) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = number;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) != 0) die_of_errno("epoll_ctl");
}

}  // namespace load
