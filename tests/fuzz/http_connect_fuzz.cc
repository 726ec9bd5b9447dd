// Any bytes as what an HTTP proxy says, in one piece and cut where the input says: the handshake
// ends alike, takes what it is given while it waits, and its error can go into a log.
#include <cstdint>
#include <string_view>

#include "handshake/http_connect.h"
#include "played.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) {
    return 0;
  }
  const std::size_t cut = data[0];
  const std::string_view received(reinterpret_cast<const char*>(data + 1), size - 1);
  weir::play_both_ways(received, cut,
                       []() { return weir::HttpConnectHandshake(weir::Target{}, nullptr); });
  return 0;
}
