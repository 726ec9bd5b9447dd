// Addresses and endpoints (address and port) of both families as plain values.
//
// IPv4 is kept in its v4-mapped form (RFC 4291, section 2.5.5.2), so that one comparison, one hash
// and one prefix tree serve both families. On the wire and in text an IPv4 address is always IPv4.
//
// Plain values; any thread.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "weir/result.h"
#include "weir/units.h"

namespace weir {

enum class Family : std::uint8_t { v4, v6 };

class Address {
 public:
  Address() = default;  // ::, the unspecified IPv6 address
  static Address v4(const in_addr& address);
  static Address v4(std::uint32_t host_order);
  // `scope` is the interface number of a link-local address, else 0.
  static Address v6(const in6_addr& address, std::uint32_t scope = 0);
  static Address any(Family family);
  // "192.0.2.1", "fd00::1", "fe80::1%eth0"; a v4-mapped address becomes IPv4.
  static Result<Address> parse(std::string_view text);

  [[nodiscard]] Family family() const;
  [[nodiscard]] bool is_v4() const { return family() == Family::v4; }
  [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  [[nodiscard]] in_addr to_v4() const;  // REQUIRES: is_v4()
  [[nodiscard]] in6_addr to_v6() const;
  [[nodiscard]] std::uint32_t scope() const { return scope_; }
  [[nodiscard]] bool is_unspecified() const;
  [[nodiscard]] bool is_multicast() const;
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] std::string text() const;

  friend bool operator==(const Address&, const Address&) = default;
  friend auto operator<=>(const Address&, const Address&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  std::uint32_t scope_ = 0;
};

struct Endpoint {
  Address address;
  Port port = 0;

  // "192.0.2.1:80", "[fd00::1]:80"
  static Result<Endpoint> parse(std::string_view text);
  static Endpoint from(const sockaddr_storage& address);
  // Fills `out` and returns the length the kernel wants.
  socklen_t to(sockaddr_storage& out) const;
  [[nodiscard]] Family family() const { return address.family(); }
  [[nodiscard]] std::string text() const;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

// 64-bit hashes keyed with a seed of the process, so that a client cannot choose colliding tuples.
[[nodiscard]] std::uint64_t hash_of(const Address& address);
[[nodiscard]] std::uint64_t hash_of(const Endpoint& endpoint);

struct EndpointHash {
  std::size_t operator()(const Endpoint& endpoint) const { return hash_of(endpoint); }
};
struct AddressHash {
  std::size_t operator()(const Address& address) const { return hash_of(address); }
};

}  // namespace weir
