// Any bytes as what a SOCKS5 server says, in one piece and cut where the input says: the handshake
// ends alike, and takes what it is given while it waits.
#include <cstdint>
#include <memory>
#include <string_view>

#include "handshake/socks5.h"
#include "played.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using weir::Socks5Handshake;
  if (size < 2) {
    return 0;
  }
  const std::uint8_t how = data[0];
  const std::size_t cut = data[1];
  const std::string_view received(reinterpret_cast<const char*>(data + 2), size - 2);
  const auto credentials =
      (how & 1U) != 0 ? std::make_shared<const weir::Credentials>(weir::Credentials{"u", "p"})
                      : nullptr;
  const auto command =
      (how & 2U) != 0 ? Socks5Handshake::Command::associate : Socks5Handshake::Command::connect;
  const auto mode =
      (how & 4U) != 0 ? Socks5Handshake::Mode::pipelined : Socks5Handshake::Mode::sequential;
  weir::play_both_ways(
      received, cut, [&]() { return Socks5Handshake(command, weir::Target{}, credentials, mode); });
  return 0;
}
