// ClientHellos as tests want them, sound or not: every length that is not given is the right one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "sniff/sniff_checks.h"

namespace weir {

inline std::string with_length16(std::string_view data) {
  std::string out;
  NetworkWriter writer(out);
  writer.u16(static_cast<std::uint16_t>(data.size()));
  writer.raw(data);
  return out;
}

struct HelloExtension {
  std::uint16_t type = 0;
  std::string data;
};

// One entry of a ServerNameList (RFC 6066, section 3).
struct ServerNameEntry {
  std::uint8_t type = 0;
  std::string text;
};

inline HelloExtension server_names(const std::vector<ServerNameEntry>& entries) {
  std::string list;
  for (const ServerNameEntry& entry : entries) {
    list += static_cast<char>(entry.type) + with_length16(entry.text);
  }
  return {0, with_length16(list)};
}

inline HelloExtension server_name(const std::string& host) { return server_names({{0, host}}); }

// encrypted_client_hello (RFC 9849, section 5): HKDF-SHA256, AES-128-GCM, an encapsulated key of 32
// bytes and a payload.
inline HelloExtension outer_ech(std::size_t payload = 144) {
  const std::string key(32, 'k');
  return {0xfe0d, std::string("\0\0\1\0\1\7", 6) + with_length16(key) +
                      with_length16(std::string(payload, 'p'))};
}

inline HelloExtension inner_ech() { return {0xfe0d, "\1"}; }

// GREASE (RFC 8701): 0x0a0a to 0xfafa.
inline HelloExtension grease(std::uint8_t nibble, std::string data = "") {
  return {static_cast<std::uint16_t>(0x0a0a + nibble * 0x1010), std::move(data)};
}

inline HelloExtension padding(std::size_t size) { return {21, std::string(size, '\0')}; }

inline HelloExtension supported_versions() { return {43, "\4\x03\x04\x03\x03"}; }

// X25519MLKEM768: a share of 1216 bytes.
inline HelloExtension post_quantum_key_share() {
  const std::string entry = "\x11\xec" + with_length16(std::string(1216, 's'));
  return {51, with_length16(entry)};
}

inline HelloExtension pre_shared_key() {
  return {41, with_length16(with_length16(std::string(32, 'i')) + std::string(4, '\0')) +
                  with_length16('\x20' + std::string(32, 'b'))};
}

struct HelloParts {
  std::uint8_t type = 1;
  std::uint16_t version = 0x0303;
  std::string session_id = std::string(32, 's');
  std::string cipher_suites = "\x1a\x1a\x13\x01\x13\x02\xc0\x2b";
  std::string compression_methods = std::string(1, '\0');
  std::optional<std::vector<HelloExtension>> extensions;
  std::string behind_extensions;  // within their list
  // Instead of the right ones.
  std::optional<std::size_t> size;
  std::optional<std::uint16_t> extensions_size;
};

inline std::string extension_list(const std::vector<HelloExtension>& extensions) {
  std::string out;
  NetworkWriter writer(out);
  for (const HelloExtension& extension : extensions) {
    writer.u16(extension.type);
    writer.raw(with_length16(extension.data));
  }
  return out;
}

// The handshake message.
inline Bytes hello_of(const HelloParts& parts) {
  std::string body;
  NetworkWriter writer(body);
  writer.u16(parts.version);
  writer.raw(std::string(32, 'r'));
  writer.u8(static_cast<std::uint8_t>(parts.session_id.size()));
  writer.raw(parts.session_id);
  writer.raw(with_length16(parts.cipher_suites));
  writer.u8(static_cast<std::uint8_t>(parts.compression_methods.size()));
  writer.raw(parts.compression_methods);
  if (parts.extensions) {
    const std::string list = extension_list(*parts.extensions) + parts.behind_extensions;
    writer.u16(parts.extensions_size.value_or(static_cast<std::uint16_t>(list.size())));
    writer.raw(list);
  }
  const std::size_t size = parts.size.value_or(body.size());
  std::string out;
  NetworkWriter header(out);
  header.u8(parts.type);
  header.u8(static_cast<std::uint8_t>(size >> 16U));
  header.u16(static_cast<std::uint16_t>(size));
  header.raw(body);
  return bytes_of(out);
}

inline Bytes hello_with(std::vector<HelloExtension> extensions) {
  HelloParts parts;
  parts.extensions = std::move(extensions);
  return hello_of(parts);
}

struct RecordHeader {
  std::uint8_t type = 22;
  std::uint16_t version = 0x0301;
};

// The whole of `fragment` as one record.
inline Bytes record_of(std::span<const std::uint8_t> fragment, RecordHeader header = {}) {
  std::string out;
  NetworkWriter writer(out);
  writer.u8(header.type);
  writer.u16(header.version);
  writer.u16(static_cast<std::uint16_t>(fragment.size()));
  Bytes record = bytes_of(out);
  record.insert(record.end(), fragment.begin(), fragment.end());
  return record;
}

inline void append(Bytes& to, const Bytes& more) { to.insert(to.end(), more.begin(), more.end()); }

// The message in records of at most `size` bytes, the first one of `first`.
inline Bytes records_of(std::span<const std::uint8_t> message, std::size_t size,
                        std::size_t first) {
  Bytes out;
  for (std::size_t next = first; !message.empty(); next = size) {
    next = std::min(next, message.size());
    append(out, record_of(message.first(next)));
    message = message.subspan(next);
  }
  return out;
}

inline Bytes records_of(std::span<const std::uint8_t> message, std::size_t size) {
  return records_of(message, size, size);
}

}  // namespace weir
