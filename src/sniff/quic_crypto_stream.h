// The beginning of the handshake that a QUIC client sends, put together from pieces that come in
// any order and more than once (RFC 9000, section 7.5).
//
// Part of what reads one flow; bytes in, bytes out. One thread. Takes no memory before the first
// piece, then 9/8 of where the furthest piece ends, rounded up to a power of two: at most 18 KiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace weir {

class QuicCryptoStream {
 public:
  static constexpr std::size_t longest = std::size_t{16} * 1024;

  // False: it ends beyond `longest`, or says something else than a piece before it. The stream is
  // no use then.
  [[nodiscard]] bool add(std::uint64_t offset, std::span<const std::uint8_t> piece);
  // The bytes from the first one to the first that is missing; until the next piece.
  [[nodiscard]] std::span<const std::uint8_t> beginning() const {
    return std::span(bytes_).first(beginning_);
  }

 private:
  std::vector<std::uint8_t> bytes_;
  // One for each of them: pieces may be single bytes, so that a list of them could be long.
  std::vector<bool> has_come_;
  std::size_t beginning_ = 0;
};

}  // namespace weir
