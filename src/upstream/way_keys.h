// Keys that several policies share: what is said on the way, and through whom it leads.
#pragma once

#include "weir/settings.h"

namespace weir {

inline constexpr Key proxy_protocol_key{
    .name = "proxy-protocol",
    .kind = ValueKind::word,
    .standard = "none",
    .sentence = "tells the server who the client is, before any payload (v1: TCP only)",
    .choices = "none, v1, v2"};

inline constexpr Key proxy_protocol_udp_key{
    .name = "proxy-protocol-udp",
    .kind = ValueKind::word,
    .standard = "every",
    .sentence =
        "which of a UDP flow's datagrams carry the v2 header: every (dnsdist, go-mmproxy) "
        "or the first (nginx)",
    .choices = "every, first"};

inline constexpr Key proxy_checksum_key{
    .name = "proxy-protocol-crc32c",
    .kind = ValueKind::yes_no,
    .standard = "no",
    .sentence = "adds a checksum to the v2 header, which receivers that know it verify"};

inline constexpr Key via_key{
    .name = "via",
    .sentence = "another upstream, through which this one's servers are reached",
    .refers = Key::Refers::to_upstreams};

inline constexpr Key username_key{.name = "username", .sentence = "user name for the server"};

inline constexpr Key password_key{.name = "password",
                                  .sentence = "password for the server (better: password-file)"};

inline constexpr Key password_file_key{
    .name = "password-file",
    .sentence =
        "file whose first line is the password; nobody but its owner and group may read it"};

}  // namespace weir
