#include "handshake/wire.h"

#include <netinet/in.h>

#include <cstring>

namespace weir {
namespace {

constexpr unsigned byte_bits = 8;
constexpr std::uint32_t byte_mask = 0xff;

}  // namespace

void append_byte(std::string& out, std::uint8_t byte) { out.push_back(static_cast<char>(byte)); }

void append_16(std::string& out, std::uint16_t number) {
  append_byte(out, static_cast<std::uint8_t>(number >> byte_bits));
  append_byte(out, static_cast<std::uint8_t>(number & byte_mask));
}

void append_32(std::string& out, std::uint32_t number) {
  append_16(out, static_cast<std::uint16_t>(number >> (2 * byte_bits)));
  append_16(out, static_cast<std::uint16_t>(number & 0xffffU));
}

void append_address(std::string& out, const Address& address) {
  if (address.is_v4()) {
    const in_addr four = address.to_v4();
    out.append(reinterpret_cast<const char*>(&four), sizeof four);
  } else {
    const in6_addr six = address.to_v6();
    out.append(reinterpret_cast<const char*>(&six), sizeof six);
  }
}

std::uint8_t byte_at(std::string_view in, std::size_t offset) {
  return static_cast<std::uint8_t>(in[offset]);
}

std::uint16_t number_16_at(std::string_view in, std::size_t offset) {
  return static_cast<std::uint16_t>((byte_at(in, offset) << byte_bits) | byte_at(in, offset + 1));
}

Address address_at(std::string_view in, std::size_t offset, Family family) {
  if (family == Family::v4) {
    in_addr four{};
    std::memcpy(&four, in.data() + offset, sizeof four);
    return Address::v4(four);
  }
  in6_addr six{};
  std::memcpy(&six, in.data() + offset, sizeof six);
  return Address::v6(six);
}

}  // namespace weir
