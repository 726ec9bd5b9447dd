// The host that a flow's client means, by name, and what it was learnt from. A value that never
// changes; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace weir {

enum class HostFrom : std::uint8_t {
  sni,   // the server name of a TLS hello (RFC 6066, section 3)
  http,  // the host of an HTTP/1 request
  quic,  // the server name of a QUIC connection's hello
  dns,   // what the client has looked up for the flow's address
};

// As records say it.
[[nodiscard]] constexpr std::string_view text_of(HostFrom from) {
  switch (from) {
    case HostFrom::sni:
      return "sni";
    case HostFrom::http:
      return "http";
    case HostFrom::quic:
      return "quic";
    case HostFrom::dns:
      return "dns";
  }
  return "";
}

struct Host {
  std::string name;  // as sets/name.h keeps names: lower case, A-labels, without a dot at its end
  HostFrom from = HostFrom::sni;
  bool is_outer = false;  // Encrypted Client Hello hides the one that is meant
  friend bool operator==(const Host&, const Host&) = default;
};

// Null: none is known. Most flows have none, and pay for a pointer.
using HostRef = std::shared_ptr<const Host>;

}  // namespace weir
