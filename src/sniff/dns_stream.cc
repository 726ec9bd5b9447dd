#include "sniff/dns_stream.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/bytes.h"

namespace weir {
namespace {

constexpr std::size_t length_size = 2;

// Of the message behind it. REQUIRES: both bytes.
std::size_t dns_length(std::span<const std::uint8_t> bytes) { return NetworkReader(bytes).u16(); }

}  // namespace

void DnsStream::take(std::span<const std::uint8_t> piece, const Handler& each) {
  while (!piece.empty()) {
    std::size_t taken = 0;
    if (to_skip_ != 0) {
      taken = std::min(to_skip_, piece.size());
      to_skip_ -= taken;
    } else if (kept_.empty() && piece.size() >= length_size) {
      taken = take_in_place(piece, each);
    } else {
      taken = take_kept(piece, each);
    }
    piece = piece.subspan(taken);
  }
}

std::size_t DnsStream::take_in_place(std::span<const std::uint8_t> piece, const Handler& each) {
  const std::size_t length = dns_length(piece);
  if (length > longest) {
    to_skip_ = length;
    return length_size;
  }
  const std::size_t whole = length_size + length;
  if (piece.size() < whole) {
    keep(piece, whole);
    return piece.size();
  }
  if (length != 0) {
    each(piece.subspan(length_size, length));
  }
  return whole;
}

std::size_t DnsStream::take_kept(std::span<const std::uint8_t> piece, const Handler& each) {
  if (kept_.size() < length_size) {
    keep(piece.first(1), length_size);
    const std::size_t length = kept_.size() == length_size ? dns_length(kept_) : 1;
    if (length == 0 || length > longest) {
      to_skip_ = length;
      kept_ = {};
    }
    return 1;
  }
  const std::size_t whole = length_size + dns_length(kept_);
  const std::size_t taken = std::min(whole - kept_.size(), piece.size());
  keep(piece.first(taken), whole);
  if (kept_.size() == whole) {
    const auto message = std::exchange(kept_, {});
    each(std::span(message).subspan(length_size));
  }
  return taken;
}

void DnsStream::keep(std::span<const std::uint8_t> piece, std::size_t whole) {
  const std::size_t size = kept_.size() + piece.size();
  kept_.reserve(std::min(whole, std::bit_ceil(size)));
  kept_.insert(kept_.end(), piece.begin(), piece.end());
}

}  // namespace weir
