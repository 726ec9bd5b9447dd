#include "takeover/frame.h"

#include <bit>
#include <cassert>

#include "base/bytes.h"

namespace weir::takeover {

void append_frame(FrameType type, std::size_t descriptors, std::string_view body,
                  std::string& out) {
  assert(body.size() <= largest_body && descriptors <= max_descriptors && "a frame is too large");
  ByteWriter<std::endian::little> head(out);
  head.u32(static_cast<std::uint32_t>(body.size()));
  head.u16(static_cast<std::uint16_t>(type));
  head.u16(static_cast<std::uint16_t>(descriptors));
  head.raw(body);
}

Result<std::optional<Frame>> FrameReader::next() {
  if (held_.size() < frame_head) {
    return std::optional<Frame>();
  }
  ByteReader<std::endian::little> head(std::string_view(held_).substr(0, frame_head));
  const std::size_t size = head.u32();
  Frame out;
  out.type = static_cast<FrameType>(head.u16());
  out.descriptors = head.u16();
  if (size > largest_body || out.descriptors > max_descriptors) {
    return Error("the other gateway sent no valid message");
  }
  if (held_.size() < frame_head + size) {
    return std::optional<Frame>();
  }
  out.body = held_.substr(frame_head, size);
  held_.erase(0, frame_head + size);
  return std::optional<Frame>(std::move(out));
}

}  // namespace weir::takeover
