#include "sniff/quic_initial.h"

#include <algorithm>

#include "sniff/client_hello.h"
#include "sniff/quic_frames.h"

namespace weir {

bool may_begin_quic(std::span<const std::uint8_t> datagram) {
  constexpr std::size_t smallest_first_datagram = 1200;
  return datagram.size() >= smallest_first_datagram &&
         read_quic_packet(datagram).kind == QuicPacket::Kind::initial;
}

Sniffed QuicSniffer::take(std::span<const std::uint8_t> datagram) {
  if (is_over_) {
    return Sniffed::nothing();
  }
  Sniffed out = look(datagram);
  if (out.state != Sniffed::State::more) {
    is_over_ = true;
    stream_ = {};
  }
  return out;
}

Sniffed QuicSniffer::look(std::span<const std::uint8_t> datagram) {
  if (datagrams_ == 0 && !may_begin_quic(datagram)) {
    return Sniffed::nothing();
  }
  ++datagrams_;
  bytes_ += datagram.size();
  if (!read_packets(datagram)) {
    return Sniffed::nothing();
  }
  Sniffed out = read_client_hello(stream_.beginning());
  if (out.state == Sniffed::State::more && (datagrams_ >= most_datagrams || bytes_ >= most_bytes)) {
    return Sniffed::nothing();
  }
  return out;
}

bool QuicSniffer::read_packets(std::span<const std::uint8_t> datagram) {
  std::vector<std::uint8_t> room;
  std::optional<QuicPacket> first;
  for (auto rest = datagram; !rest.empty();) {
    const QuicPacket packet = read_quic_packet(rest);
    if (packet.kind == QuicPacket::Kind::unknown_version) {
      return false;
    }
    if (packet.kind == QuicPacket::Kind::none) {
      break;
    }
    // Packets of one datagram have one connection id; a server ignores others (RFC 9000, section
    // 12.2), which could show another name here than there.
    first = first.value_or(packet);
    if (!std::ranges::equal(packet.destination, first->destination)) {
      break;
    }
    if (packet.kind == QuicPacket::Kind::initial && !read_initial(packet, room)) {
      return false;
    }
    rest = rest.subspan(packet.bytes.size());
  }
  return true;
}

bool QuicSniffer::read_initial(const QuicPacket& packet, std::vector<std::uint8_t>& room) {
  if (keys_ && version_ == packet.version) {
    if (const auto frames = open_initial(*keys_, packet, room)) {
      return read_initial_frames(*frames, stream_);
    }
  }
  const bool is_first = !keys_;
  if (!is_first && ++strangers_ > most_strangers) {
    return false;
  }
  const QuicKeys own = client_initial_keys(packet.version, packet.destination);
  const auto frames = open_initial(own, packet, room);
  if (!frames) {
    return !is_first;
  }
  keys_ = own;
  version_ = packet.version;
  return read_initial_frames(*frames, stream_);
}

}  // namespace weir
