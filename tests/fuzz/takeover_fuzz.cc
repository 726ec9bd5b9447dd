// Any bytes as what another gateway says: the stream gives frames or an error, and a body that is
// believed is one that we would write.
#include <cstdint>
#include <string>
#include <string_view>

#include "played.h"
#include "takeover/frame.h"
#include "takeover/gateway_state.h"
#include "takeover/messages.h"

namespace {

template <typename Decoded>
void expect_same(const Decoded& decoded, std::string_view body) {
  if (decoded) {
    const std::string again = weir::takeover::encode(decoded.value());
    weir::expect(again == body, "what was read is written with the same bytes");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace takeover = weir::takeover;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  takeover::FrameReader whole;
  whole.feed(all);
  for (auto next = whole.next(); next && next.value(); next = whole.next()) {
    const std::string& body = next.value()->body;
    switch (next.value()->type) {
      case takeover::FrameType::hello:
        expect_same(takeover::decode_hello(body), body);
        break;
      case takeover::FrameType::offer:
        expect_same(takeover::decode_gateway_state(body), body);
        break;
      case takeover::FrameType::worker:
        expect_same(takeover::decode_worker(body), body);
        break;
      case takeover::FrameType::sockets:
        expect_same(takeover::decode_sockets(body), body);
        break;
      case takeover::FrameType::flows:
        expect_same(takeover::decode_flows(body), body);
        break;
      case takeover::FrameType::names:
        expect_same(takeover::decode_looked_up(body), body);
        break;
      case takeover::FrameType::end:
        expect_same(takeover::decode_ending(body), body);
        break;
      default:
        break;
    }
  }
  return 0;
}
