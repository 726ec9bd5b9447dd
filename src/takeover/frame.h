// What travels between a gateway and its successor is a row of frames: a head of eight bytes (the
// body's size, the frame's type, how many descriptors come with it) and the body. The first frame
// of either side is of a type whose number and layout never change, so that any two versions can
// tell each other that they do not fit.
//
// No I/O; a FrameReader is its Channel's. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weir/result.h"

namespace weir::takeover {

enum class FrameType : std::uint16_t {
  // Never change:
  hello = 1,    // successor: its version
  refusal = 2,  // gateway: why not, one sentence
  // May change with the version:
  offer = 3,     // gateway: what it is, and its data
  take = 4,      // successor: all is ready, hand over now
  worker = 5,    // gateway: one worker's names, numbers and listeners
  sockets = 6,   // gateway: server-side sockets of the worker last named
  flows = 7,     // gateway: its flows
  end = 8,       // gateway: that was all
  prepared = 9,  // successor: it can serve
  go = 10,       // gateway: it shall
  serving = 11,  // successor: it does
  done = 12,     // gateway: it has let go, and told the service manager
  // Only of a worker with more listeners than fit beside its name:
  listeners = 13,  // gateway: more of them
  // Only where clients have looked some up since the offer:
  names = 14,  // gateway: those
};

struct Frame {
  FrameType type{};
  std::uint16_t descriptors = 0;
  std::string body;
};

inline constexpr std::size_t frame_head = 8;
// Data of thousands of servers fits easily; no peer makes us reserve more.
inline constexpr std::size_t largest_body = std::size_t{64} * 1024 * 1024;
// What the kernel passes with one message (SCM_MAX_FD).
inline constexpr std::size_t max_descriptors = 253;

// REQUIRES: within the bounds above.
void append_frame(FrameType type, std::size_t descriptors, std::string_view body, std::string& out);

// Puts frames together from pieces of any size.
class FrameReader {
 public:
  void feed(std::string_view bytes) { held_ += bytes; }
  // The next whole frame; none yet; or an error, after which there is no next one.
  [[nodiscard]] Result<std::optional<Frame>> next();
  // In the middle of one.
  [[nodiscard]] bool is_within() const { return !held_.empty(); }

 private:
  std::string held_;
};

}  // namespace weir::takeover
