#include <utility>

#include "flow/udp/resting_mapping.h"
#include "flow/udp/udp_flow.h"

namespace weir {

UdpSocketExtra::UdpSocketExtra() = default;
UdpSocketExtra::~UdpSocketExtra() = default;

void UdpSocket::unwrap_like(const Route& route) {
  if (route.wrappings.empty()) {
    return;
  }
  std::vector<const DatagramCodec*> codecs;
  codecs.reserve(route.wrappings.size());
  for (const Wrapping& wrapping : route.wrappings) {
    codecs.push_back(wrapping.codec);
  }
  extras().unwrapped = std::make_unique<Codecs>(std::move(codecs));
}

void UdpSocket::note_way(const Route& route) {
  marks.source = route.source.kind;
  if (route.options != &holder.rule->upstream->profile().options) {
    extras().options = route.options;
  }
}

Route UdpSocket::way(const Endpoint& remote) const {
  Route out;
  out.remote = remote;
  out.source.kind = marks.source;
  if (marks.source == SourceKind::address) {
    out.source.address = local.address;
  }
  out.options = &options();
  return out;
}

LoopGuard::OwnSocket UdpSocket::own() const {
  const Endpoint anyone;
  const Endpoint& peer = relay() != nullptr       ? relay()->connection().endpoint
                         : only_flow() != nullptr ? only_flow()->core.remote
                                                  : anyone;
  return {Protocol::udp, local, peer, generation};
}

}  // namespace weir
