// The host that a client names in the first bytes of a TCP connection, whichever of the protocols
// known here it speaks: TLS (sniff/tls.h) or HTTP/1 (sniff/http_request.h).
//
// A pure function on bytes that the caller owns. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "sniff/sniffed.h"

namespace weir {

// What a caller peeks at most. Where so many bytes are there and the answer is still `more`, the
// caller takes it for `no_name`: a hello or a request head that is longer is not waited for.
inline constexpr std::size_t longest_first_bytes = std::size_t{16} * 1024;

// `first_bytes` is the beginning of what the client sends, cut anywhere. The first byte says which
// protocol it is; where it is neither, the answer is `no_name` at once and holds no flow.
//
// More bytes never change an answer: for a beginning of the same bytes it is the same or `more`.
[[nodiscard]] Sniffed sniff_stream(std::span<const std::uint8_t> first_bytes);

}  // namespace weir
