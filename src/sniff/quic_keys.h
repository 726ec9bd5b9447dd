// What protects a QUIC client's Initial packets: keys that follow from the version and a
// destination connection id, both in the clear, so that whatever sees the packet can read it.
//
// Pure functions on bytes of the caller, by nettle. Any thread. Secrets and keys: RFC 9001, section
// 5.2, and RFC 9369, section 3.3.1; the AEAD: RFC 9001, section 5.3; header protection:
// section 5.4.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace weir {

enum class QuicVersion : std::uint32_t { v1 = 1, v2 = 0x6b3343cf };

struct QuicKeys {
  static constexpr std::size_t key_size = 16;  // AES-128, for payload and header
  static constexpr std::size_t iv_size = 12;
  static constexpr std::size_t tag_size = 16;
  static constexpr std::size_t sample_size = 16;
  static constexpr std::size_t mask_size = 5;

  std::array<std::uint8_t, key_size> key;
  std::array<std::uint8_t, iv_size> iv;
  std::array<std::uint8_t, key_size> header_key;

  // What a first byte's low bits and the packet number are masked with.
  [[nodiscard]] std::array<std::uint8_t, mask_size> header_mask(
      std::span<const std::uint8_t, sample_size> sample) const;
  // Decrypts where it stands. `header` goes to the end of the packet number, unmasked; `payload`
  // from there to the end of the tag. Nothing: the tag is another one, and the payload is no use.
  [[nodiscard]] std::optional<std::span<const std::uint8_t>> open(
      std::uint64_t number, std::span<const std::uint8_t> header,
      std::span<std::uint8_t> payload) const;

  friend bool operator==(const QuicKeys&, const QuicKeys&) = default;
};

// `id`: the destination of the client's first Initial, or that of the first one after a Retry.
[[nodiscard]] QuicKeys client_initial_keys(QuicVersion version, std::span<const std::uint8_t> id);

}  // namespace weir
