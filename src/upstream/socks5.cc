// The policy `socks5`: flows go through a SOCKS5 server, TCP by CONNECT, UDP by UDP ASSOCIATE
// (RFC 1928). UDP costs one connection to the server for each flow, or for each client with
// mapping = per-client; DNS less (src/gateway/spare_relays.h).
#include "handshake/socks5.h"

#include "upstream/proxied.h"

namespace weir {
namespace {

using Command = Socks5Handshake::Command;

ProxyProtocol::Speech speech(Command command, const Target& target, const ProxyProtocol::Who& who) {
  return std::make_unique<Socks5Handshake>(command, target, who);
}

const Socks5DatagramCodec codec;

constexpr ProxyProtocol protocol{
    .port = 1080,
    .longest_credential = 255,  // RFC 1929, section 2: a length is one byte
    .connect = [](const Target& target,
                  const ProxyProtocol::Who& who) { return speech(Command::connect, target, who); },
    .probe = [](const ProxyProtocol::Who& who) { return speech(Command::none, {}, who); },
    .associate =
        [](Family family, const ProxyProtocol::Who& who) {
          return speech(Command::associate, {.endpoint = {Address::any(family), 0}, .host = {}},
                        who);
        },
    .codec = &codec,
};

Result<std::shared_ptr<Upstream>> make(const Settings& settings, UpstreamProfile profile,
                                       ServerPool& servers, const UpstreamLookup&) {
  return make_proxied(protocol, settings, std::move(profile), servers);
}

}  // namespace

extern const PolicyType socks5_policy;
constinit const PolicyType socks5_policy{"socks5", "goes through a SOCKS5 server", proxied_keys,
                                         make};

}  // namespace weir
