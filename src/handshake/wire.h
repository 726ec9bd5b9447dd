// Numbers and addresses as protocols write them: big-endian bytes in a string.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/endpoint.h"

namespace weir {

void append_byte(std::string& out, std::uint8_t byte);
void append_16(std::string& out, std::uint16_t number);
void append_32(std::string& out, std::uint32_t number);
// 4 or 16 bytes, by the address's family.
void append_address(std::string& out, const Address& address);

[[nodiscard]] std::uint8_t byte_at(std::string_view in, std::size_t offset);
[[nodiscard]] std::uint16_t number_16_at(std::string_view in, std::size_t offset);
// REQUIRES: 4 or 16 bytes there.
[[nodiscard]] Address address_at(std::string_view in, std::size_t offset, Family family);

inline constexpr std::size_t v4_size = 4;
inline constexpr std::size_t v6_size = 16;

}  // namespace weir
