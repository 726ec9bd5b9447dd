// Addresses and sockets as the generator needs them: an owning descriptor, an address of either
// family that can be counted upwards, and the few ways in which client and server open sockets.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace load {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  ~Descriptor() { close(); }

  [[nodiscard]] int get() const { return number_; }
  void close();

 private:
  int number_ = -1;
};

class Address {
 public:
  Address() = default;
  static Address parse(std::string_view text);
  static Address any(sa_family_t family);

  // The address `count` above this one, in its last 16 bits (IPv6) or 8 bits (IPv4).
  [[nodiscard]] Address plus(std::uint32_t count) const;
  [[nodiscard]] Address with_port(std::uint16_t port) const;
  [[nodiscard]] sa_family_t family() const { return storage_.ss_family; }
  [[nodiscard]] std::string text() const;  // without the port
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage_); }
  [[nodiscard]] socklen_t size() const;
  bool operator==(const Address& other) const;

 private:
  sockaddr_storage storage_{};
};

void set_option(int socket, int level, int name, int value, std::string_view what);

// All non-blocking. `source` with port 0 leaves the port to the kernel (at connect, for TCP).
Descriptor listen_tcp(const Address& address);
Descriptor connect_tcp(const Address& source, const Address& destination);
Descriptor bind_udp(const Address& address, int receive_buffer);
// Has each datagram come with the address it was sent to (IP_PKTINFO, IPV6_PKTINFO).
void tell_destination(const Descriptor& socket, sa_family_t family);

// Interest in `events` for `socket`, with `number` as what epoll hands back.
void watch(int epoll, int socket, std::uint32_t events, std::uint64_t number);
Descriptor make_epoll();

}  // namespace load
