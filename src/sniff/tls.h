// The host that a TLS client names in the first bytes of its connection.
//
// A pure function on bytes that the caller owns. Any thread. Records: RFC 8446, section 5.1; the
// message in them: sniff/client_hello.h.
#pragma once

#include <cstdint>
#include <span>

#include "sniff/sniffed.h"

namespace weir {

// `first_bytes` is the beginning of what the client sends, cut anywhere. The ClientHello may be
// spread over any number of records. What comes before the answer and is no record of a handshake,
// an empty record, or an SSL 2.0 hello (RFC 5246, appendix E.2) names no host.
//
// More bytes never change an answer: for a beginning of the same bytes it is the same or `more`.
[[nodiscard]] Sniffed sniff_tls(std::span<const std::uint8_t> first_bytes);

}  // namespace weir
