#include "takeover/wire.h"

#include <netinet/in.h>

namespace weir::takeover {
namespace {

constexpr unsigned bits_of_byte = 8;
constexpr std::size_t bytes_of_v4 = 4;
enum class Kind : std::uint8_t { none, v4, v6 };

}  // namespace

void Writer::number(std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) {
    out_ += static_cast<char>(value & 0xffU);
    value >>= bits_of_byte;
  }
}

void Writer::text(std::string_view value) {
  u32(static_cast<std::uint32_t>(value.size()));
  out_ += value;
}

void Writer::endpoint(const Endpoint& value) {
  if (value == Endpoint{}) {
    u8(static_cast<std::uint8_t>(Kind::none));
    return;
  }
  const bool is_v4 = value.address.is_v4();
  u8(static_cast<std::uint8_t>(is_v4 ? Kind::v4 : Kind::v6));
  const auto& bytes = value.address.bytes();
  for (auto at = is_v4 ? bytes.end() - bytes_of_v4 : bytes.begin(); at != bytes.end(); ++at) {
    u8(*at);
  }
  if (!is_v4) {
    u32(value.address.scope());
  }
  u16(value.port);
}

void Reader::fail() {
  failed_ = true;
  left_ = {};
}

std::uint64_t Reader::number(std::size_t width) {
  if (left_.size() < width) {
    fail();
    return 0;
  }
  std::uint64_t out = 0;
  for (std::size_t i = width; i > 0; --i) {
    out = out << bits_of_byte | static_cast<std::uint8_t>(left_[i - 1]);
  }
  left_.remove_prefix(width);
  return out;
}

std::string Reader::text() {
  const std::size_t size = u32();
  if (left_.size() < size) {
    fail();
    return {};
  }
  std::string out(left_.substr(0, size));
  left_.remove_prefix(size);
  return out;
}

Endpoint Reader::endpoint() {
  switch (static_cast<Kind>(u8())) {
    case Kind::none:
      return {};
    case Kind::v4: {
      std::uint32_t host = 0;
      for (std::size_t i = 0; i < bytes_of_v4; ++i) {
        host = host << bits_of_byte | u8();
      }
      const Port port = u16();
      return failed_ ? Endpoint{} : Endpoint{Address::v4(host), port};
    }
    case Kind::v6: {
      in6_addr address{};
      for (auto& byte : address.s6_addr) {
        byte = u8();
      }
      const std::uint32_t scope = u32();
      const Port port = u16();
      return failed_ ? Endpoint{} : Endpoint{Address::v6(address, scope), port};
    }
  }
  fail();
  return {};
}

Instant Reader::instant() { return Instant(Instant::duration(i64())); }

std::size_t Reader::count(std::size_t smallest) {
  const std::size_t out = u32();
  if (out > left_.size() / smallest) {
    fail();
    return 0;
  }
  return out;
}

}  // namespace weir::takeover
