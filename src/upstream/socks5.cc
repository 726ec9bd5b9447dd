// The policy `socks5`: flows go through a SOCKS5 server, TCP by CONNECT, UDP by UDP ASSOCIATE (RFC
// 1928). UDP costs one connection to the server for each flow, or for each client with mapping =
// per-client; DNS less (src/flow/udp/relay_pool.h).
#include "handshake/socks5.h"

#include <array>

#include "upstream/proxied.h"

namespace weir {
namespace {

using Command = Socks5Handshake::Command;
using Mode = Socks5Handshake::Mode;

template <Mode mode>
ProxyDialect::HandshakePtr handshake(Command command, const Target& target,
                                     const ProxyDialect::SharedCredentials& credentials) {
  return std::make_unique<Socks5Handshake>(command, target, credentials, mode);
}

const Socks5DatagramCodec codec;

template <Mode mode>
constexpr ProxyDialect protocol{
    .port = 1080,
    .longest_credential = 255,  // RFC 1929, section 2: a length is one byte
    .connect =
        [](const Target& target, const ProxyDialect::SharedCredentials& credentials) {
          return handshake<mode>(Command::connect, target, credentials);
        },
    .probe =
        [](const ProxyDialect::SharedCredentials& credentials) {
          return handshake<mode>(Command::none, {}, credentials);
        },
    .associate =
        [](Family family, const ProxyDialect::SharedCredentials& credentials) {
          return handshake<mode>(Command::associate,
                                 {.endpoint = {Address::any(family), 0}, .host = {}}, credentials);
        },
    .codec = &codec,
};

constexpr Key pipeline_key{
    .name = "pipeline",
    .kind = ValueKind::yes_no,
    .default_value = "no",
    .description =
        "sends greeting, password and request without waiting for the answers in between; the "
        "server has to support it"};

constexpr Key relay_key{
    .name = "relay",
    .kind = ValueKind::word,
    .default_value = "server",
    .description =
        "UDP: which address the relay of the server may have: the server's own (server), or the "
        "one that the server names (any)",
    .choices = "server, any"};

constexpr auto keys = with_keys(proxied_keys, std::array{pipeline_key, relay_key});

Result<std::shared_ptr<Upstream>> make_socks5(const Settings& settings, UpstreamProfile profile,
                                              ServerPool& servers, const UpstreamLookup&) {
  const ProxyDialect& spoken =
      settings.yes("pipeline") ? protocol<Mode::pipelined> : protocol<Mode::sequential>;
  return make_proxied(spoken, settings, std::move(profile), servers);
}

}  // namespace

extern const PolicyType socks5_policy;
constinit const PolicyType socks5_policy{"socks5", "goes through a SOCKS5 server", keys,
                                         make_socks5};

}  // namespace weir
