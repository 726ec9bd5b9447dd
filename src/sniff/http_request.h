// The host that a client names in the head of its first HTTP/1 request.
//
// A pure function on bytes that the caller owns. Any thread. Request line and target: RFC 9112,
// sections 2 and 3; field lines: section 5; Host: RFC 9110, section 7.2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "sniff/sniffed.h"

namespace weir {

// A head that does not end within this many bytes names no host.
inline constexpr std::size_t longest_request_head = std::size_t{16} * 1024;

// Whether a flow that begins with this byte may be one of HTTP/1: the beginning of a method, or an
// empty line before the request (RFC 9112, section 2.2).
[[nodiscard]] bool may_begin_http(std::uint8_t first);

// `first_bytes` is the beginning of what the client sends, cut anywhere.
//
// The host of an absolute target (`GET http://host/`) and of CONNECT counts alone (RFC 9112,
// section 3.2), and is known at the end of the request line; that of the Host field, at the end of
// the head: a second Host field with another host leaves none.
//
// Lines that end with a bare LF, folded field lines and bytes above 0x7f are tolerated, as servers
// do; a folded Host is not. All else that is malformed names no host, and so do address literals,
// other protocols and other versions than HTTP/1.x, HTTP/2's preface among them.
//
// More bytes never change an answer: for a beginning of the same bytes it is the same or `more`.
[[nodiscard]] Sniffed sniff_http(std::span<const std::uint8_t> first_bytes);

}  // namespace weir
