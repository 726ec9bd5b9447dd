// Any bytes as a datagram from a SOCKS5 relay: the header never ends behind the datagram, and one
// that names an address is what we would write for it.
#include <cstdint>
#include <span>
#include <string>

#include "handshake/socks5.h"
#include "played.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Verdict = weir::DatagramCodec::Decoded::Verdict;
  const weir::Socks5DatagramCodec codec;
  const auto found = codec.decode(std::span(data, size));
  if (found.verdict != Verdict::payload) {
    return 0;
  }
  weir::expect(found.header <= size, "a header ends within its datagram");
  if (found.peer.port != 0) {
    std::string again;
    codec.append_header({}, {.endpoint = found.peer, .host = {}}, {}, again);
    const auto second =
        codec.decode({reinterpret_cast<const std::uint8_t*>(again.data()), again.size()});
    weir::expect(second.verdict == Verdict::payload && second.peer == found.peer,
                 "an address written again is that address");
  }
  return 0;
}
