// The questions of a DNS flow that wait for their answers, by their IDs (RFC 1035, section 4.1.1).
// What answers none of them was asked by somebody else, or has been answered before.
//
// Not everything on port 53 is DNS, and nobody has to ask one thing at a time: who sends something
// else, or asks more than a few things at once, is lost track of, for good.
//
// One worker's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace weir {

class OpenQuestions {
 public:
  static constexpr std::size_t most = 16;

  void asked(std::span<const std::uint8_t> datagram);
  // Whether it answers one, which waits no longer then.
  [[nodiscard]] bool answered(std::span<const std::uint8_t> datagram);

  [[nodiscard]] bool is_track_lost() const { return is_track_lost_; }
  // None waits, as far as we know.
  [[nodiscard]] bool none() const { return open_.empty(); }

 private:
  std::vector<std::uint16_t> open_;
  bool is_track_lost_ = false;
};

}  // namespace weir
