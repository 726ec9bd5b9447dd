#include "flow/udp/paths.h"

#include <utility>

#include "dial/outbound.h"

namespace weir {

const SourceAddresses::Path& Paths::to(const Flow& flow, const Route& route, Mark bypass) {
  const auto find = [&]() {
    Route asked;
    asked.remote = route.remote;
    asked.source = route.source;
    if (asked.source.kind == SourceKind::client_port) {
      asked.source.kind = SourceKind::client;  // the port is the flow's own
    }
    asked.options = route.options;
    asked.egress = route.egress;
    const Outbound asks = open_udp_connected(flow, asked, bypass, calls_);
    return asks.socket.valid()
               ? SourceAddresses::Path{asks.local.address,
                                       mtu_of(asks.socket.get(), route.remote.family(), calls_)}
               : SourceAddresses::Path{};
  };
  return known_.get(route.remote.address, route.options, route.egress, now_, find);
}

void Paths::network_changed(std::shared_ptr<const Surroundings> surroundings) {
  surroundings_ = std::move(surroundings);
  ++state_;
  known_.clear();
}

bool Paths::has_lost_source(const Endpoint& local, const Endpoint& client) const {
  return surroundings_ != nullptr && !local.address.is_unspecified() &&
         local.address != client.address && !surroundings_->is_own(local.address);
}

bool Paths::has_lost_interface(int fd, const SocketOptions& options) const {
  return !options.interface.empty() && bound_interface(fd, calls_) != options.interface;
}

void Paths::doubt(UdpSocket& socket) {
  if (doubts_.take(now_)) {
    socket.marks.looked_at = static_cast<std::uint8_t>(state_ - 1);
    known_.clear();
  }
}

}  // namespace weir
