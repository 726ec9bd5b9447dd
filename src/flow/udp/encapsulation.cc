#include "flow/udp/encapsulation.h"

#include <memory>
#include <string>
#include <utility>

#include "dial/outbound.h"

namespace weir {
namespace {

// IP and UDP headers, in bytes.
constexpr std::size_t overhead_v4 = 20 + 8;
constexpr std::size_t overhead_v6 = 40 + 8;

std::size_t room_in(std::uint32_t mtu, Family family) {
  const std::size_t overhead = family == Family::v4 ? overhead_v4 : overhead_v6;
  return mtu > overhead ? mtu - overhead : SIZE_MAX;
}

}  // namespace

void Encapsulation::wrap(UdpFlow& flow, std::span<const EncapsulationLayer> layers) const {
  auto made = std::make_unique<UdpEncapsulation>();
  const std::string id = ids_.text(flow.core.sequence);
  const Opening opening{.flow_id = id};
  for (const EncapsulationLayer& layer : layers) {
    std::string header;
    layer.codec->append_header(flow.core.flow, layer.target, opening, header);
    made->first += header;
    if (layer.codec->on() == DatagramCodec::On::every) {
      made->later += header;
    }
  }
  if (flow.socket->relay() != nullptr && layers.front().target.host.empty()) {
    made->peer = layers.front().target.endpoint;
  }
  made->room = room_of(*flow.socket, flow.core);
  if (flow.encapsulation) {
    made->begun = flow.encapsulation->begun;
  }
  flow.encapsulation = std::move(made);
}

std::size_t Encapsulation::room_of(const UdpSocket& socket, const FlowCore& core) const {
  const Family family = core.remote.family();
  if (socket.relay() != nullptr) {
    return room_in(socket.relay()->connection().mtu, family);
  }
  if (const std::uint32_t mtu = mtu_of(socket.descriptor.get(), family, calls_); mtu != 0) {
    return room_in(mtu, family);
  }
  // A mapping is connected to no peer, and so has no path: another socket asks for this one's.
  const UpstreamProfile& profile = core.rule->upstream->profile();
  Route route;
  route.remote = core.remote;
  route.source = profile.source;
  route.options = &profile.options;
  const Outbound asks = open_udp_connected(core.flow, route, core.snapshot->bypass(), calls_);
  return room_in(asks.socket.valid() ? mtu_of(asks.socket.get(), family, calls_) : 0, family);
}

}  // namespace weir
