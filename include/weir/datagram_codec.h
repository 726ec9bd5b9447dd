// A datagram codec is the handshake's counterpart for UDP: what stands before the payload of every
// datagram (or of the first) on its way to the upstream, and how to take it off what comes back.
// Every such format is a prefix, so payload is never copied.
//
// Immutable, and shared by all flows of an upstream; constant, or owned by the upstream, and so
// outlives them. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "weir/endpoint.h"
#include "weir/flow.h"
#include "weir/handshake.h"
#include "weir/target.h"

namespace weir {

class DatagramCodec {
 public:
  // Which of a flow's datagrams carry the header.
  enum class On : std::uint8_t { every, first };

  struct Decoded {
    enum class Verdict : std::uint8_t { payload, malformed, fragment } verdict = Verdict::payload;
    std::size_t header = 0;  // the payload begins after so many bytes
    Endpoint peer;           // the sender, when the header names it; else port 0
  };

  DatagramCodec() = default;
  virtual ~DatagramCodec() = default;
  DatagramCodec(const DatagramCodec&) = delete;
  DatagramCodec& operator=(const DatagramCodec&) = delete;

  [[nodiscard]] virtual On on() const { return On::every; }
  // The name by which another process finds the same one (handshake/codecs.h); empty: none.
  [[nodiscard]] virtual std::string_view name() const { return {}; }

  // Appends the header of this flow's datagrams to `target`: it is the same for all of them.
  virtual void append_header(const Flow& flow, const Target& target, const Opening& opening,
                             std::string& out) const = 0;

  [[nodiscard]] virtual Decoded decode(std::span<const std::uint8_t> wire) const = 0;
};

}  // namespace weir
