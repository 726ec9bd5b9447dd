#include "handshake/codecs.h"

#include <array>

#include "handshake/proxy_header.h"
#include "handshake/socks5.h"

namespace weir {

const DatagramCodec* codec_named(std::string_view name) {
  using On = DatagramCodec::On;
  static const Socks5DatagramCodec socks5;
  static constexpr ProxyHeaderFormat plain{.version = ProxyVersion::v2,
                                           .checksum = ProxyChecksum::none};
  static constexpr ProxyHeaderFormat summed{.version = ProxyVersion::v2,
                                            .checksum = ProxyChecksum::crc32c};
  static const ProxyDatagramCodec every(plain, On::every);
  static const ProxyDatagramCodec first(plain, On::first);
  static const ProxyDatagramCodec every_summed(summed, On::every);
  static const ProxyDatagramCodec first_summed(summed, On::first);
  static const std::array<const DatagramCodec*, 5> all{&socks5, &every, &first, &every_summed,
                                                       &first_summed};
  for (const DatagramCodec* codec : all) {
    if (codec->name() == name) {
      return codec;
    }
  }
  return nullptr;
}

}  // namespace weir
