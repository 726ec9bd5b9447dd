// The frames of a client's Initial packet: those that a packet of this type may hold (RFC 9000,
// section 12.4), of which CRYPTO says something here.
//
// Pure; the stream is the caller's. Any thread.
#pragma once

#include <cstdint>
#include <span>

#include "sniff/quic_crypto_stream.h"

namespace weir {

// Adds what CRYPTO frames carry to the stream. False: the client closes the connection, or its
// server will: a frame that is malformed, or none that may stand here, or a piece that the stream
// does not take.
[[nodiscard]] bool read_initial_frames(std::span<const std::uint8_t> payload,
                                       QuicCryptoStream& stream);

}  // namespace weir
