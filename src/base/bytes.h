// Numbers, texts and addresses as the bytes of a protocol, in its byte order.
//
// A reader never reads past its end. What is missing makes it fail, and from then on all it reads
// is zero or empty: a parser asks once, at the end, whether everything was there.
//
// No I/O. Any thread.
#pragma once

#include <netinet/in.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "weir/endpoint.h"

namespace weir {

// Appends to a string that outlives it.
template <std::endian order>
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  void u8(std::uint8_t value) { out_ += static_cast<char>(value); }
  void u16(std::uint16_t value) { number(value, sizeof value); }
  void u32(std::uint32_t value) { number(value, sizeof value); }
  void u64(std::uint64_t value) { number(value, sizeof value); }
  void raw(std::string_view bytes) { out_ += bytes; }
  // 4 or 16 bytes by its family, in network order whatever `order` is.
  void address(const Address& value) {
    const auto& bytes = value.bytes();
    const std::size_t size = value.is_v4() ? sizeof(in_addr) : sizeof(in6_addr);
    out_.append(reinterpret_cast<const char*>(bytes.data()) + bytes.size() - size, size);
  }

 private:
  void number(std::uint64_t value, std::size_t width) {
    constexpr unsigned bits = 8;
    for (std::size_t i = 0; i < width; ++i) {
      const std::size_t index = order == std::endian::little ? i : width - 1 - i;
      u8(static_cast<std::uint8_t>(value >> (bits * index)));
    }
  }

  std::string& out_;
};

// Reads bytes that outlive it.
template <std::endian order>
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}
  explicit ByteReader(std::span<const std::uint8_t> bytes)
      : bytes_(reinterpret_cast<const char*>(bytes.data()), bytes.size()) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(sizeof(std::uint8_t))); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(sizeof(std::uint16_t))); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(sizeof(std::uint32_t))); }
  std::uint64_t u64() { return number(sizeof(std::uint64_t)); }
  std::string_view raw(std::size_t size) {
    if (left() < size) {
      fail();
      return {};
    }
    const std::string_view out = bytes_.substr(at_, size);
    at_ += size;
    return out;
  }
  Address address(Family family) {
    if (family == Family::v4) {
      in_addr four{};
      copy(raw(sizeof four), four);
      return failed_ ? Address{} : Address::v4(four);
    }
    in6_addr six{};
    copy(raw(sizeof six), six);
    return failed_ ? Address{} : Address::v6(six);
  }

  // Bytes from the beginning.
  [[nodiscard]] std::size_t position() const { return at_; }
  void seek(std::size_t position) {
    if (position > bytes_.size()) {
      fail();
    } else if (!failed_) {
      at_ = position;
    }
  }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }

  void fail() {
    failed_ = true;
    at_ = bytes_.size();
  }
  [[nodiscard]] bool failed() const { return failed_; }
  // All was there, and nothing else.
  [[nodiscard]] bool is_complete() const { return !failed_ && left() == 0; }

 private:
  template <typename T>
  static void copy(std::string_view from, T& to) {
    if (from.size() == sizeof to) {
      std::memcpy(&to, from.data(), sizeof to);
    }
  }
  std::uint64_t number(std::size_t width) {
    constexpr unsigned bits = 8;
    const std::string_view bytes = raw(width);
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const std::size_t index = order == std::endian::little ? width - 1 - i : i;
      out = out << bits | static_cast<std::uint8_t>(bytes[index]);
    }
    return out;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

// As protocols on the network write numbers.
using NetworkWriter = ByteWriter<std::endian::big>;
using NetworkReader = ByteReader<std::endian::big>;

}  // namespace weir
