// The PROXY protocol's header, versions 1 and 2: tells the server who the client was and where it
// was going. Source: HAProxy's "The PROXY protocol", sections 2.1 (version 1), 2.2 (version 2) and
// 2.2.x (TLVs).
//
// The destination is the client's original one, not the server that was chosen. When the two
// endpoints are of different families, the IPv4 one is written as a v4-mapped IPv6 address.
//
// Version 2 also tells the flow's id (TLV UNIQUE_ID) and, where it is known, the host that the
// client names (TLV AUTHORITY). Of TLS that is a copy of the server name (section 2.2.2), and so
// ECH's outer one where no other is known.
//
// Owners and threads: weir/handshake.h, weir/datagram_codec.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/datagram_codec.h"
#include "weir/flow.h"
#include "weir/handshake.h"

namespace weir {

enum class ProxyVersion : std::uint8_t { v1, v2 };
enum class ProxyChecksum : std::uint8_t { none, crc32c };

struct ProxyHeaderFormat {
  ProxyVersion version = ProxyVersion::v2;
  ProxyChecksum checksum = ProxyChecksum::none;  // version 2 only
};

// CRC32C (Castagnoli; RFC 3720, section B.4).
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes);

// Appends the header: of version 2 at most 446 bytes. REQUIRES: version 1 is for TCP only.
void append_proxy_header(const ProxyHeaderFormat& format, const Flow& flow,
                         std::string_view flow_id, std::string& out);

// The header as a handshake: sent at once, nothing is expected back.
class ProxyHeaderHandshake final : public Handshake {
 public:
  ProxyHeaderHandshake(const ProxyHeaderFormat& format, const Flow& flow)
      : format_(format), flow_(flow) {}
  [[nodiscard]] State start(const Opening& opening, std::string& out) override;
  [[nodiscard]] Progress receive(std::string_view in, std::string& out) override;

 private:
  ProxyHeaderFormat format_;
  Flow flow_;
};

// Version 2 before datagrams. Answers come back bare.
class ProxyDatagramCodec final : public DatagramCodec {
 public:
  ProxyDatagramCodec(const ProxyHeaderFormat& format, On on) : format_(format), on_(on) {}
  [[nodiscard]] On on() const override { return on_; }
  [[nodiscard]] std::string_view name() const override;
  void append_header(const Flow& flow, const Target& target, const Opening& opening,
                     std::string& out) const override;
  [[nodiscard]] Decoded decode(std::span<const std::uint8_t> wire) const override;

 private:
  ProxyHeaderFormat format_;
  On on_;
};

}  // namespace weir
