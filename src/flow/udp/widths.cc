#include "flow/udp/widths.h"

namespace weir {
namespace {

// IP and UDP headers, in bytes.
std::uint32_t overhead(Family family) { return family == Family::v4 ? 20 + 8 : 40 + 8; }

// No path MTU is smaller: RFC 791, and RFC 8200, section 5.
std::uint32_t min_mtu(Family family) { return family == Family::v4 ? 576 : 1280; }

bool may_be_fragmented(const InterceptedDatagram& datagram, Mark bypass) {
  return datagram.destination.address.is_v4() ? (datagram.mark & bypass.mask) != bypass.value
                                              : datagram.was_in_fragments;
}

}  // namespace

bool Widths::exceeds(UdpFlow& flow, const InterceptedDatagram& datagram) {
  // What has a header before it is sent in fragments, and counted there.
  const Mark bypass = flow.core.snapshot->bypass();
  if (flow.encapsulation || flow.socket->relay() != nullptr ||
      may_be_fragmented(datagram, bypass)) {
    return false;
  }
  const std::uint32_t mtu = of(flow);
  if (mtu == 0 || datagram.width() + overhead(flow.core.remote.family()) <= mtu) {
    return false;
  }
  reasons_.add(Reason::exceeds_mtu,
               (datagram.payload.size() + datagram.width() - 1) / datagram.width());
  tell(flow, mtu);
  return true;
}

bool Widths::exceeds_back(const UdpFlow& flow, const Endpoint& server, std::size_t size,
                          std::uint16_t segment) {
  const Flow& ends = flow.core.flow;
  if (ends.client.address.is_v4() || server.address.is_v4()) {
    return false;
  }
  static const SocketOptions none;
  Route back;
  back.remote = ends.client;
  back.options = &none;
  const std::uint32_t mtu = paths_.to(ends, back, flow.core.snapshot->bypass()).mtu;
  const std::size_t width = segment != 0 ? segment : size;
  const std::size_t packet = width + overhead(Family::v6);
  if (mtu < min_mtu(Family::v6) || packet <= mtu || packet > of(flow)) {
    return false;  // it fits, or has come in fragments
  }
  reasons_.add(Reason::exceeds_mtu, (size + width - 1) / width);
  icmp_.tell_too_big(server, flow.core.source, mtu);
  return true;
}

// The flow's path MTU, in bytes of an IP packet; 0: unknown.
std::uint32_t Widths::of(const UdpFlow& flow) {
  Route route = flow.socket->route_to(flow.core.remote);
  route.egress = mappings_.egress_of(*flow.socket);
  const std::uint32_t mtu = paths_.to(flow.core.flow, route, flow.core.snapshot->bypass()).mtu;
  return mtu < min_mtu(route.remote.family()) ? 0 : mtu;
}

// As wide for the client, whose packets have headers of its family.
void Widths::tell(const UdpFlow& flow, std::uint32_t mtu) {
  const Flow& ends = flow.core.flow;
  icmp_.tell_too_big(ends.client, ends.destination,
                     mtu - overhead(flow.core.remote.family()) + overhead(ends.client.family()));
}

void Widths::narrowed(UdpFlow* flow) {
  paths_.forget();
  if (flow == nullptr || flow->encapsulation || flow->socket->relay() != nullptr ||
      flow->core.flow.client.address.is_v4()) {
    return;
  }
  if (const std::uint32_t mtu = of(*flow); mtu != 0) {
    reasons_.add(Reason::exceeds_mtu);
    tell(*flow, mtu);
  }
}

}  // namespace weir
