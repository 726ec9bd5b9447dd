// A MAC address (EUI-48): what a frame on Ethernet or WLAN names its sender by. A device may claim
// any. A plain value; any thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "weir/result.h"

namespace weir {

class Mac {
 public:
  using Bytes = std::array<std::uint8_t, 6>;

  constexpr Mac() = default;  // all zeros: no device's
  constexpr explicit Mac(const Bytes& bytes) : bytes_(bytes) {}
  // "02:00:5e:10:00:01"; '-' between the bytes, upper case and single digits are taken, too.
  static Result<Mac> parse(std::string_view text);
  // The same, of one device: neither zeros nor a group's.
  static Result<Mac> parse_device(std::string_view text);

  // The six bytes as they lie in memory, in the first ones of a number.
  static Mac from_memory(std::uint64_t number);

  [[nodiscard]] const Bytes& bytes() const { return bytes_; }
  [[nodiscard]] bool is_zero() const { return bytes_ == Bytes{}; }
  // Multicast or broadcast.
  [[nodiscard]] bool is_group() const { return (bytes_[0] & 1U) != 0; }
  // Locally administered (IEEE 802): made up by a system, as phones do for each network or day, and
  // as virtual machines do; else a manufacturer's.
  [[nodiscard]] bool is_local() const { return (bytes_[0] & 2U) != 0; }
  [[nodiscard]] std::string text() const;

  friend bool operator==(const Mac&, const Mac&) = default;
  friend auto operator<=>(const Mac&, const Mac&) = default;

 private:
  Bytes bytes_{};
};

}  // namespace weir
