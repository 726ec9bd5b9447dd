// What bulk streams and datagrams carry: an endless stream whose byte at offset o is
// block[o mod kPeriod]. The period is prime, so a lost, repeated or shifted piece of any round size
// lands on other bytes and is seen; the receiver finds out with memcmp against memory that stays in
// cache, which costs a few per cent of receiving it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace load {

class Pattern {
 public:
  static constexpr std::size_t kPeriod = 16381;
  static constexpr std::size_t kLongest = 256 * 1024;

  Pattern();

  // The bytes from `offset` on; `size` is at most kLongest.
  [[nodiscard]] std::span<const std::byte> at(std::uint64_t offset, std::size_t size) const;
  // Whether `data` is what belongs at `offset`. Any size.
  [[nodiscard]] bool matches(std::uint64_t offset, std::span<const std::byte> data) const;

 private:
  std::byte bytes_[kPeriod + kLongest];
};

// One block for the whole process: building it is the only state.
const Pattern& pattern();

}  // namespace load
