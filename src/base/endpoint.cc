#include "weir/endpoint.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/random.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>

namespace weir {
namespace {

constexpr std::array<std::uint8_t, 12> v4_mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  if (getrandom(&seed, sizeof seed, 0) != static_cast<ssize_t>(sizeof seed)) {
    seed = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  }
  return seed;
}

// Multiply-and-fold over 64 bits (the mixing step of wyhash): enough to spread tuples evenly and to
// depend on the seed in every bit. A factor of zero wipes out the other one, so whatever others
// choose has to meet a seed first: else one constant in half an address makes all addresses with it
// collide.
std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a ^ 0x9e3779b97f4a7c15U) * (b ^ 0xd1b54a32d192ed03U);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

struct Seed {
  std::uint64_t high = random_seed();
  std::uint64_t low = random_seed();
};

const Seed& seed() {
  static const Seed value;
  return value;
}

}  // namespace

Address Address::v4(const in_addr& address) {
  Address out;
  std::copy(v4_mapped_prefix.begin(), v4_mapped_prefix.end(), out.bytes_.begin());
  std::memcpy(out.bytes_.data() + 12, &address, 4);
  return out;
}

Address Address::v4(std::uint32_t host_order) {
  in_addr raw{};
  raw.s_addr = htonl(host_order);
  return v4(raw);
}

Address Address::v6(const in6_addr& address, std::uint32_t scope) {
  Address out;
  std::memcpy(out.bytes_.data(), &address, 16);
  out.scope_ = IN6_IS_ADDR_LINKLOCAL(&address) ? scope : 0;
  return out;
}

Address Address::any(Family family) { return family == Family::v4 ? v4(0U) : Address{}; }

Result<Address> Address::parse(std::string_view text) {
  const auto no_address = [&]() {
    return Error("'" + std::string(text) + "' is not an IPv4 or IPv6 address");
  };
  if (text.find('\0') != std::string_view::npos) {
    return no_address();  // C would take it for the end
  }
  std::string copy(text);
  std::uint32_t scope = 0;
  if (const auto percent = copy.find('%'); percent != std::string::npos) {
    const std::string interface = copy.substr(percent + 1);
    // The kernel ignores what follows a colon: an alias, long ago.
    if (interface.find(':') == std::string::npos) {
      scope = if_nametoindex(interface.c_str());
    }
    if (scope == 0) {
      return Error("no interface named '" + interface + "'");
    }
    copy.resize(percent);
  }
  in_addr four{};
  if (scope == 0 && inet_pton(AF_INET, copy.c_str(), &four) == 1) {
    return v4(four);
  }
  in6_addr six{};
  if (inet_pton(AF_INET6, copy.c_str(), &six) == 1) {
    if (scope != 0 && !IN6_IS_ADDR_LINKLOCAL(&six)) {
      return Error("'" + copy + "' is not link-local: no interface belongs after it");
    }
    return v6(six, scope);
  }
  return no_address();
}

Family Address::family() const {
  return std::equal(v4_mapped_prefix.begin(), v4_mapped_prefix.end(), bytes_.begin()) ? Family::v4
                                                                                      : Family::v6;
}

in_addr Address::to_v4() const {
  in_addr out{};
  std::memcpy(&out, bytes_.data() + 12, 4);
  return out;
}

in6_addr Address::to_v6() const {
  in6_addr out{};
  std::memcpy(&out, bytes_.data(), 16);
  return out;
}

bool Address::is_unspecified() const {
  const auto first = is_v4() ? bytes_.begin() + 12 : bytes_.begin();
  return std::all_of(first, bytes_.end(), [](std::uint8_t byte) { return byte == 0; });
}

bool Address::is_multicast() const {
  return is_v4() ? (bytes_[12] & 0xf0U) == 0xe0U : bytes_[0] == 0xff;
}

bool Address::is_loopback() const {
  if (is_v4()) {
    return bytes_[12] == 127;
  }
  const in6_addr six = to_v6();
  return IN6_IS_ADDR_LOOPBACK(&six) != 0;
}

std::string Address::text() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (is_v4()) {
    const in_addr four = to_v4();
    inet_ntop(AF_INET, &four, buffer.data(), buffer.size());
    return buffer.data();
  }
  const in6_addr six = to_v6();
  inet_ntop(AF_INET6, &six, buffer.data(), buffer.size());
  std::string out = buffer.data();
  if (scope_ != 0) {
    std::array<char, IF_NAMESIZE> name{};
    out += '%';
    out += if_indextoname(scope_, name.data()) != nullptr ? std::string(name.data())
                                                          : std::to_string(scope_);
  }
  return out;
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  const bool bracketed = text.starts_with('[');
  if (colon == std::string_view::npos ||
      (bracketed ? colon == 0 || text[colon - 1] != ']' : text.find(':') != colon)) {
    return Error("'" + std::string(text) + "' is not ADDRESS:PORT (IPv6: [ADDRESS]:PORT)");
  }
  const auto host = bracketed ? text.substr(1, colon - 2) : text.substr(0, colon);
  const auto digits = text.substr(colon + 1);
  Port port = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (code != std::errc{} || end != digits.data() + digits.size() || port == 0) {
    return Error("'" + std::string(digits) + "' is not a port (1 to 65535)");
  }
  auto address = Address::parse(host);
  if (!address) {
    return address.error();
  }
  if (bracketed && host.find(':') == std::string_view::npos) {
    return Error("'" + std::string(host) + "' is not an IPv6 address: no brackets around it");
  }
  return Endpoint{address.value(), port};
}

Endpoint Endpoint::from(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, &address, sizeof four);
    return {Address::v4(four.sin_addr), ntohs(four.sin_port)};
  }
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 six{};
    std::memcpy(&six, &address, sizeof six);
    // In a packet such an address is no IPv4 address, and taken for one it would lead where no
    // IPv6 packet may go.
    const Address read = Address::v6(six.sin6_addr, six.sin6_scope_id);
    return {read.is_v4() ? Address::any(Family::v6) : read, ntohs(six.sin6_port)};
  }
  return {};
}

socklen_t Endpoint::to(sockaddr_storage& out) const {
  if (address.is_v4()) {
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_addr = address.to_v4();
    four.sin_port = htons(port);
    std::memcpy(&out, &four, sizeof four);
    return sizeof four;
  }
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_addr = address.to_v6();
  six.sin6_port = htons(port);
  six.sin6_scope_id = address.scope();
  std::memcpy(&out, &six, sizeof six);
  return sizeof six;
}

std::string Endpoint::text() const {
  const std::string host = address.text();
  return (address.is_v4() ? host : "[" + host + "]") + ":" + std::to_string(port);
}

std::uint64_t hash_of(const Address& address) {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::memcpy(&high, address.bytes().data(), 8);
  std::memcpy(&low, address.bytes().data() + 8, 8);
  const Seed& keyed = seed();
  return mix(mix(high ^ keyed.high, low ^ keyed.low), address.scope() ^ keyed.high);
}

// A port by itself would be too small a factor: neighbouring ones came to nearly the same with one
// address in sixty.
std::uint64_t hash_of(const Endpoint& endpoint) {
  constexpr std::uint64_t golden_ratio = 0x9e3779b97f4a7c15U;
  return mix(hash_of(endpoint.address) ^ endpoint.port, golden_ratio);
}

}  // namespace weir
