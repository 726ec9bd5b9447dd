// Any datagrams of a QUIC client, and any frames in Initials that open: read to an end, with a host
// or none, the same each time, and with nothing behind the answer.
//
// The first byte says which (bit 0: frames) and which version the Initials have (bit 1: 2); then
// each datagram, or each packet's frames, behind its length in two bytes.
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "expect.h"
#include "sniff/host_text.h"
#include "sniff/quic_builder.h"
#include "sniff/quic_initial.h"

namespace {

std::vector<std::string> datagrams_of(std::span<const std::uint8_t> input) {
  constexpr unsigned are_frames = 1;
  constexpr unsigned is_v2 = 2;
  constexpr std::size_t first_size = 1200;
  constexpr std::size_t most = weir::QuicSniffer::most_datagrams + 2;
  weir::NetworkReader in(input);
  const unsigned kind = in.u8();
  weir::BuiltInitial initial{.version = (kind & is_v2) != 0 ? weir::QuicVersion::v2
                                                            : weir::QuicVersion::v1};
  std::vector<std::string> out;
  while (in.left() != 0 && out.size() < most) {
    const std::string piece(in.raw(std::min<std::size_t>(in.u16(), in.left())));
    if ((kind & are_frames) == 0) {
      out.push_back(piece);
      continue;
    }
    initial.frames = piece;
    out.push_back(weir::sealed_to(first_size, initial));
    ++initial.number;
  }
  return out;
}

weir::Sniffed sniffed_of(const std::vector<std::string>& datagrams) {
  weir::QuicSniffer sniffer;
  std::size_t count = 0;
  std::size_t size = 0;
  for (const std::string& datagram : datagrams) {
    const bool is_first = count == 0;
    const auto bytes = weir::exact_bytes(datagram);
    const weir::Sniffed sniffed = sniffer.take(bytes);
    ++count;
    size += datagram.size();
    weir::expect(
        !is_first || weir::may_begin_quic(bytes) || sniffed.state == weir::Sniffed::State::no_name,
        "a flow that does not begin as QUIC has no name at once");
    if (sniffed.state != weir::Sniffed::State::more) {
      weir::expect(sniffer.take(bytes).state == weir::Sniffed::State::no_name,
                   "there is one answer");
      return sniffed;
    }
    weir::expect(count < weir::QuicSniffer::most_datagrams && size < weir::QuicSniffer::most_bytes,
                 "no more is held than that");
  }
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto datagrams = datagrams_of({data, size});
  const weir::Sniffed sniffed = sniffed_of(datagrams);
  const weir::Sniffed again = sniffed_of(datagrams);
  weir::expect(again.state == sniffed.state && again.name == sniffed.name,
               "the same datagrams have the same name");
  weir::expect(sniffed.name.empty() == (sniffed.state != weir::Sniffed::State::name),
               "a name goes with its state");
  weir::expect(sniffed.name.empty() || weir::host_of(sniffed.name) == sniffed.name,
               "a name is a host, as names are spelt");
  return 0;
}
