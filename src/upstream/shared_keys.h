// Keys that several policies share: the PROXY header, the upstream through which the servers are
// reached, and what proxies ask and are told. Constant; any thread.
#pragma once

#include <array>
#include <cstddef>

#include "weir/settings.h"

namespace weir {

// Two lists of rows as one.
template <std::size_t A, std::size_t B>
constexpr std::array<Key, A + B> with_keys(const std::array<Key, A>& first,
                                           const std::array<Key, B>& second) {
  std::array<Key, A + B> out;
  for (std::size_t i = 0; i < A; ++i) {
    out[i] = first[i];
  }
  for (std::size_t i = 0; i < B; ++i) {
    out[A + i] = second[i];
  }
  return out;
}

inline constexpr Key proxy_protocol_key{
    .name = "proxy-protocol",
    .kind = ValueKind::word,
    .default_value = "none",
    .description =
        "sends a PROXY header with the client's address before any payload (v1: TCP only)",
    .choices = "none, v1, v2"};

inline constexpr Key proxy_protocol_udp_key{
    .name = "proxy-protocol-udp",
    .kind = ValueKind::word,
    .default_value = "every",
    .description =
        "which of a UDP flow's datagrams carry the v2 header: every (dnsdist, go-mmproxy) "
        "or the first (nginx)",
    .choices = "every, first"};

inline constexpr Key proxy_checksum_key{
    .name = "proxy-protocol-crc32c",
    .kind = ValueKind::yes_no,
    .default_value = "no",
    .description = "adds a checksum to the v2 header, which receivers that know it verify"};

inline constexpr Key via_key{
    .name = "via",
    .description = "another upstream, through which weir reaches this one's servers",
    .refers = Key::Refers::to_upstreams};

inline constexpr Key host_to_proxy_key{
    .name = "host-to-proxy",
    .kind = ValueKind::yes_no,
    .default_value = "no",
    .description =
        "TCP: tells the proxy the name of the host that the client means, where a rule "
        "has asked for it, instead of the destination's address"};

inline constexpr Key username_key{.name = "username", .description = "user name for the server"};

inline constexpr Key password_key{.name = "password",
                                  .description = "password for the server (better: password-file)"};

inline constexpr Key password_file_key{.name = "password-file",
                                       .description =
                                           "file whose first line is the password; only its owner "
                                           "and group may have the right to read it"};

}  // namespace weir
