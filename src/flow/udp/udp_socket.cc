#include <utility>

#include "flow/udp/parked_mapping.h"
#include "flow/udp/udp_flow.h"

namespace weir {

UdpSocketExtra::UdpSocketExtra() = default;
UdpSocketExtra::~UdpSocketExtra() = default;

void UdpSocket::set_decoders(const Route& route) {
  if (route.layers.empty()) {
    return;
  }
  std::vector<const DatagramCodec*> codecs;
  codecs.reserve(route.layers.size());
  for (const EncapsulationLayer& layer : route.layers) {
    codecs.push_back(layer.codec);
  }
  extras().decoders = std::make_unique<Codecs>(std::move(codecs));
}

void UdpSocket::note_route(const Route& route) {
  marks.source = route.source.kind;
  if (route.options != &holder.rule->upstream->profile().options) {
    extras().options = route.options;
  }
}

Route UdpSocket::route_to(const Endpoint& remote) const {
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
