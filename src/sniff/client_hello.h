// The host that a TLS ClientHello names: the first host_name of its server_name extension.
//
// A pure function on the beginning of a handshake stream, whichever way that travels: in TLS
// records (sniff/tls.h) or in QUIC's CRYPTO frames. Any thread; the answer is the caller's.
//
// ClientHello: RFC 8446, section 4.1.2 (TLS 1.0 to 1.2: RFC 5246, section 7.4.1.2); server_name:
// RFC 6066, section 3; Encrypted ClientHello: RFC 9849.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "sniff/sniffed.h"

namespace weir {

// A message, its header included, that is longer names no host: browsers' are 2 KiB long.
inline constexpr std::size_t longest_hello = std::size_t{64} * 1024;

// `message` begins with the type and the length of the handshake message and may be cut anywhere;
// what stands behind the message is not looked at.
//
// The answer comes as early as the bytes allow, and more bytes never change it: for a beginning of
// the same message it is the same or `more`. What is not well-formed as far as it had to be read
// has no name, and neither has a server_name that holds none: empty, an address literal, or what
// host_of (sniff/host_text.h) does not take.
//
// With an encrypted_client_hello extension the name is the outer one. Browsers also send that
// extension filled with random bytes (GREASE ECH, RFC 9849, section 6.2), which cannot be told from
// a real one: `is_outer` is true for both. It is false for the inner hello that a client-facing
// server passes on to the server behind it. Since the extension may stand behind server_name, a
// name is known only once both were seen, or the last extension begins.
[[nodiscard]] Sniffed read_client_hello(std::span<const std::uint8_t> message);

}  // namespace weir
