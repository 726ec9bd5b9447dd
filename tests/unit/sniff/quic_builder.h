// A QUIC client's Initial packets and what is in them, made for tests and fuzz targets: encrypted
// by nettle with the keys of sniff/quic_keys.h, which the RFCs' examples hold to be right.
#pragma once

#include <nettle/gcm.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "sniff/quic_keys.h"

namespace weir {

inline std::span<const std::uint8_t> as_bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// On the heap and of exactly this size, so that a sanitizer sees every step beyond.
inline std::vector<std::uint8_t> exact_bytes(std::string_view text) {
  return {text.begin(), text.end()};
}

// RFC 9000, section 16, in as few bytes as it fits, or in `size` (1, 2, 4 or 8).
inline std::string quic_number(std::uint64_t value, std::size_t size = 0) {
  constexpr std::array<std::size_t, 4> sizes{1, 2, 4, 8};
  std::size_t code = 0;
  while (sizes.at(code) < size || (sizes.at(code) < 8 && value >> (8 * sizes.at(code) - 2) != 0)) {
    ++code;
  }
  std::string eight;
  NetworkWriter(eight).u64(value);
  std::string out = eight.substr(8 - sizes.at(code));
  out[0] = static_cast<char>(static_cast<unsigned char>(out[0]) | code << 6U);
  return out;
}

// Frames: RFC 9000, section 19.
inline std::string crypto_frame(std::uint64_t offset, std::string_view data) {
  return '\x06' + quic_number(offset) + quic_number(data.size()) + std::string(data);
}
inline std::string padding_frames(std::size_t count) { return std::string(count, '\0'); }
inline std::string ping_frame() { return "\x01"; }
inline std::string ack_frame(std::uint64_t ranges) {
  std::string out = '\x02' + quic_number(100'000) + quic_number(25) + quic_number(ranges) + '\x03';
  for (std::uint64_t i = 0; i < ranges; ++i) {
    out += quic_number(i) + quic_number(70'000);
  }
  return out;
}
inline std::string ack_ecn_frame(std::uint64_t ranges) {
  std::string out = ack_frame(ranges);
  out[0] = '\x03';
  return out + quic_number(1) + quic_number(20'000) + quic_number(3);
}
inline std::string close_frame() {
  return '\x1c' + quic_number(0x128) + quic_number(6) + quic_number(3) + "bye";
}

struct BuiltInitial {
  QuicVersion version = QuicVersion::v1;
  std::string destination = "\x83\x94\xc8\xf0\x3e\x51\x57\x08";
  std::string source = "client";
  std::string token = {};
  // Whose id the keys follow from, where that is not `destination`: the server has chosen it.
  std::optional<std::string> keys_of = {};
  std::uint64_t number = 0;
  std::size_t number_size = 1;
  std::string frames = {};
  bool fixed_bit = true;
};

inline std::string long_header(QuicVersion version, unsigned type, unsigned low_bits,
                               std::string_view destination, std::string_view source) {
  std::string out;
  NetworkWriter header(out);
  header.u8(static_cast<std::uint8_t>(0xc0U | type << 4U | low_bits));
  header.u32(static_cast<std::uint32_t>(version));
  header.u8(static_cast<std::uint8_t>(destination.size()));
  header.raw(destination);
  header.u8(static_cast<std::uint8_t>(source.size()));
  header.raw(source);
  return out;
}

// Frames that are too few for a packet number and a sample are followed by padding.
inline std::string sealed(const BuiltInitial& what) {
  const QuicKeys keys =
      client_initial_keys(what.version, as_bytes_of(what.keys_of.value_or(what.destination)));
  std::string frames = what.frames;
  frames.resize(std::max<std::size_t>(frames.size(), 4));
  std::string number;
  NetworkWriter(number).u64(what.number);
  number = number.substr(8 - what.number_size);
  std::string out =
      long_header(what.version, what.version == QuicVersion::v2 ? 1 : 0,
                  static_cast<unsigned>(what.number_size - 1), what.destination, what.source);
  out += quic_number(what.token.size()) + what.token;
  out += quic_number(number.size() + frames.size() + QuicKeys::tag_size, 2);
  if (!what.fixed_bit) {
    out[0] = static_cast<char>(out[0] & ~0x40);
  }
  const std::size_t number_at = out.size();
  out += number;

  auto nonce = keys.iv;
  for (std::size_t i = 0; i < 8; ++i) {
    nonce.at(nonce.size() - 1 - i) ^= static_cast<std::uint8_t>(what.number >> (8 * i));
  }
  gcm_aes128_ctx context;
  gcm_aes128_set_key(&context, keys.key.data());
  gcm_aes128_set_iv(&context, nonce.size(), nonce.data());
  gcm_aes128_update(&context, out.size(), as_bytes_of(out).data());
  std::vector<std::uint8_t> payload(frames.size() + QuicKeys::tag_size);
  gcm_aes128_encrypt(&context, frames.size(), payload.data(), as_bytes_of(frames).data());
  gcm_aes128_digest(&context, QuicKeys::tag_size, payload.data() + frames.size());
  out.append(payload.begin(), payload.end());

  const auto sample = as_bytes_of(out).subspan(number_at + 4).first<QuicKeys::sample_size>();
  const auto mask = keys.header_mask(sample);
  out[0] = static_cast<char>(out[0] ^ (mask[0] & 0x0f));
  for (std::size_t i = 0; i < number.size(); ++i) {
    out[number_at + i] = static_cast<char>(out[number_at + i] ^ mask.at(1 + i));
  }
  return out;
}

// With PADDING, so that the packet has `size` bytes; as it is where it is longer.
inline std::string sealed_to(std::size_t size, BuiltInitial what) {
  const std::size_t is = sealed(what).size();
  if (is < size) {
    what.frames.resize(std::max<std::size_t>(what.frames.size(), 4) + size - is);
  }
  return sealed(what);
}

// A packet that only the server and the client can read: 0-RTT or Handshake, by the version's bits.
inline std::string other_packet(const BuiltInitial& like, unsigned type, std::size_t size) {
  return long_header(like.version, type, 0, like.destination, like.source) + quic_number(size, 2) +
         std::string(size, '\x5a');
}

// A ClientHello (RFC 8446, section 4.1.2) for that host, with an extension of `filler` bytes before
// the name, and behind it one of the usual ones and `last`.
inline std::string quic_hello(std::string_view host, std::size_t filler = 0,
                              std::string_view last = {}) {
  const auto vector16 = [](std::string_view content) {
    std::string out;
    NetworkWriter(out).u16(static_cast<std::uint16_t>(content.size()));
    return out + std::string(content);
  };
  std::string extensions;
  NetworkWriter writer(extensions);
  writer.u16(21);  // padding, RFC 7685
  extensions += vector16(std::string(filler, '\0'));
  writer.u16(0);  // server_name
  extensions += vector16(vector16('\0' + vector16(host)));
  writer.u16(43);  // supported_versions
  extensions += vector16("\x02\x03\x04");
  extensions += last;
  std::string body = "\x03\x03" + std::string(32, 'r') + '\0';
  body += vector16("\x13\x01") + '\x01' + '\0' + vector16(extensions);
  std::string out = "\x01";
  NetworkWriter header(out);
  header.u8(static_cast<std::uint8_t>(body.size() >> 16U));
  header.u16(static_cast<std::uint16_t>(body.size()));
  return out + body;
}

}  // namespace weir
