// The policy `socks5`: flows go through a SOCKS5 server, TCP by CONNECT, UDP by UDP ASSOCIATE
// (RFC 1928). UDP costs one connection to the server for each flow, or for each client with
// mapping = per-client; DNS less (src/flow/udp/spare_relays.h).
#include "handshake/socks5.h"

#include <array>

#include "upstream/proxied.h"

namespace weir {
namespace {

using Command = Socks5Handshake::Command;
using Pace = Socks5Handshake::Pace;

template <Pace pace>
ProxyProtocol::Speech speech(Command command, const Target& target, const ProxyProtocol::Who& who) {
  return std::make_unique<Socks5Handshake>(command, target, who, pace);
}

const Socks5DatagramCodec codec;

template <Pace pace>
constexpr ProxyProtocol protocol{
    .port = 1080,
    .longest_credential = 255,  // RFC 1929, section 2: a length is one byte
    .connect =
        [](const Target& target, const ProxyProtocol::Who& who) {
          return speech<pace>(Command::connect, target, who);
        },
    .probe = [](const ProxyProtocol::Who& who) { return speech<pace>(Command::none, {}, who); },
    .associate =
        [](Family family, const ProxyProtocol::Who& who) {
          return speech<pace>(Command::associate,
                              {.endpoint = {Address::any(family), 0}, .host = {}}, who);
        },
    .codec = &codec,
};

constexpr Key pipeline_key{
    .name = "pipeline",
    .kind = ValueKind::yes_no,
    .standard = "no",
    .sentence =
        "sends greeting, password and request without waiting for the answers in between; the "
        "server has to support it"};

constexpr Key relay_key{
    .name = "relay",
    .kind = ValueKind::word,
    .standard = "server",
    .sentence =
        "UDP: which address the relay of the server may have: the server's own (server), or the "
        "one that the server names (any)",
    .choices = "server, any"};

constexpr auto keys = with_keys(proxied_keys, std::array{pipeline_key, relay_key});

Result<std::shared_ptr<Upstream>> make(const Settings& settings, UpstreamProfile profile,
                                       ServerPool& servers, const UpstreamLookup&) {
  const ProxyProtocol& spoken =
      settings.yes("pipeline") ? protocol<Pace::at_once> : protocol<Pace::step_by_step>;
  return make_proxied(spoken, settings, std::move(profile), servers);
}

}  // namespace

extern const PolicyType socks5_policy;
constinit const PolicyType socks5_policy{"socks5", "goes through a SOCKS5 server", keys, make};

}  // namespace weir
