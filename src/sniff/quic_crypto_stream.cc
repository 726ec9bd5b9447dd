#include "sniff/quic_crypto_stream.h"

#include <algorithm>
#include <bit>

namespace weir {

bool QuicCryptoStream::add(std::uint64_t offset, std::span<const std::uint8_t> piece) {
  if (offset > longest || piece.size() > longest - offset) {
    return false;
  }
  const std::size_t begin = offset;
  const std::size_t end = begin + piece.size();
  if (end > bytes_.size()) {
    const std::size_t size = std::bit_ceil(end);
    bytes_.reserve(size);
    has_come_.reserve(size);
    bytes_.resize(end);
    has_come_.resize(end);
  }
  for (std::size_t i = 0; i < piece.size(); ++i) {
    const std::size_t at = begin + i;
    if (has_come_[at] && bytes_[at] != piece[i]) {
      return false;
    }
    has_come_[at] = true;
    bytes_[at] = piece[i];
  }
  while (beginning_ < bytes_.size() && has_come_[beginning_]) {
    ++beginning_;
  }
  return true;
}

}  // namespace weir
