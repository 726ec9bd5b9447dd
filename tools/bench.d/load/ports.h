// Which service of the server listens where: the port alone chooses it, so the first byte on the
// wire is payload already and a gateway sees nothing but what it would see of a real program.
#pragma once

#include <cstdint>

namespace load {

namespace tcp {
inline constexpr std::uint16_t kSink = 7001;     // verifies the pattern
inline constexpr std::uint16_t kSource = 7002;   // sends the pattern until the ledger says stop
inline constexpr std::uint16_t kEcho = 7003;     // request, response, request, response, …
inline constexpr std::uint16_t kOneShot = 7004;  // one request, one response, closes first
inline constexpr std::uint16_t kSocks = 1080;    // SOCKS 5, to all of these and to those of UDP
}  // namespace tcp

namespace udp {
inline constexpr std::uint16_t kSink = 5300;   // counts datagrams into the ledger
inline constexpr std::uint16_t kEcho = 5301;   // request, response
inline constexpr std::uint16_t kDns = 53;      // a DNS question, a DNS answer
inline constexpr std::uint16_t kRelay = 1081;  // of SOCKS 5: any of these behind its header
}  // namespace udp

// Requests and responses of the one-shot service.
inline constexpr std::uint32_t kOneShotSize = 64;

}  // namespace load
