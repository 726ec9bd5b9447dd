#include "sniff/quic_keys.h"

#include <nettle/aes.h>
#include <nettle/gcm.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace weir {
namespace {

using Secret = std::array<std::uint8_t, SHA256_DIGEST_SIZE>;
using Salt = std::array<std::uint8_t, 20>;

constexpr Salt salt_v1{0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
                       0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a};
constexpr Salt salt_v2{0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
                       0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9};

void hmac_of(std::span<const std::uint8_t> key, std::span<const std::uint8_t> text,
             std::span<std::uint8_t> out) {
  hmac_sha256_ctx context;
  hmac_sha256_set_key(&context, key.size(), key.data());
  hmac_sha256_update(&context, text.size(), text.data());
  hmac_sha256_digest(&context, out.size(), out.data());
}

// HKDF-Expand-Label (RFC 8446, section 7.1) without a context. All that is expanded here fits into
// the first block of HKDF-Expand (RFC 5869, section 2.3), which is one HMAC.
void expand_label(const Secret& secret, std::string_view label, std::span<std::uint8_t> out) {
  constexpr std::string_view prefix = "tls13 ";
  constexpr std::uint8_t first_block = 1;
  std::string info;
  info += '\0';
  info += static_cast<char>(out.size());
  info += static_cast<char>(prefix.size() + label.size());
  info += prefix;
  info += label;
  info += '\0';  // the context's length
  info += static_cast<char>(first_block);
  hmac_of(secret, {reinterpret_cast<const std::uint8_t*>(info.data()), info.size()}, out);
}

}  // namespace

QuicKeys client_initial_keys(QuicVersion version, std::span<const std::uint8_t> id) {
  const bool is_v2 = version == QuicVersion::v2;
  Secret initial;
  hmac_of(is_v2 ? salt_v2 : salt_v1, id, initial);  // HKDF-Extract
  Secret client;
  expand_label(initial, "client in", client);
  QuicKeys out;
  expand_label(client, is_v2 ? "quicv2 key" : "quic key", out.key);
  expand_label(client, is_v2 ? "quicv2 iv" : "quic iv", out.iv);
  expand_label(client, is_v2 ? "quicv2 hp" : "quic hp", out.header_key);
  return out;
}

std::array<std::uint8_t, QuicKeys::mask_size> QuicKeys::header_mask(
    std::span<const std::uint8_t, sample_size> sample) const {
  aes128_ctx context;
  aes128_set_encrypt_key(&context, header_key.data());
  std::array<std::uint8_t, sample_size> block;
  aes128_encrypt(&context, block.size(), block.data(), sample.data());
  std::array<std::uint8_t, mask_size> out;
  std::copy_n(block.begin(), out.size(), out.begin());
  return out;
}

std::optional<std::span<const std::uint8_t>> QuicKeys::open(std::uint64_t number,
                                                            std::span<const std::uint8_t> header,
                                                            std::span<std::uint8_t> payload) const {
  if (payload.size() < tag_size) {
    return std::nullopt;
  }
  constexpr unsigned bits = 8;
  std::array<std::uint8_t, iv_size> nonce = iv;
  for (std::size_t i = 0; i < sizeof number; ++i) {
    nonce[iv_size - 1 - i] ^= static_cast<std::uint8_t>(number >> (bits * i));
  }
  const auto text = payload.first(payload.size() - tag_size);
  const auto tag = payload.last(tag_size);
  gcm_aes128_ctx context;
  gcm_aes128_set_key(&context, key.data());
  gcm_aes128_set_iv(&context, nonce.size(), nonce.data());
  gcm_aes128_update(&context, header.size(), header.data());
  gcm_aes128_decrypt(&context, text.size(), text.data(), text.data());
  std::array<std::uint8_t, tag_size> computed;
  gcm_aes128_digest(&context, computed.size(), computed.data());
  if (memeql_sec(computed.data(), tag.data(), tag_size) == 0) {
    return std::nullopt;
  }
  return text;
}

}  // namespace weir
