#include "flow/udp/renewal.h"

namespace weir {

bool Renewal::is_stale(const UdpSocket& socket, const Flow& flow, const Route& route) {
  if (parts_.paths.has_lost_interface(socket.descriptor.get(), *route.options)) {
    return true;
  }
  if (!socket.is_connected() || socket.marks.source != SourceKind::gateway) {
    return false;
  }
  const Address& chosen = parts_.paths.to(flow, route, socket.holder.snapshot->bypass()).source;
  return !chosen.is_unspecified() && chosen != socket.local.address;
}

bool Renewal::check_relay(UdpSocket& socket) {
  if (parts_.relays.is_stale(socket)) {
    parts_.reasons.add(Reason::socket_renewed);
    parts_.relays.end(socket, "the network changed under the relay's connection");
    return false;
  }
  socket.marks.looked_at = parts_.paths.state();
  return true;
}

bool Renewal::check(UdpFlow& flow) {
  UdpSocket& socket = *flow.socket;
  if (socket.relay() != nullptr) {
    return check_relay(socket);
  }
  socket.marks.looked_at = parts_.paths.state();
  if (socket.marks.is_route_unknown) {
    if (!parts_.paths.has_lost_source(socket.local, socket.holder.client)) {
      return true;
    }
    parts_.reasons.add(Reason::socket_renewed);
    parts_.owner.end(flow, End::server_reset, "the address that its socket was bound to is gone");
    return false;
  }
  Route route = socket.route_to(flow.core.remote);
  route.egress = parts_.mappings.egress_of(socket);
  // A flow that a peer opened knows no inbound interface: it stays on its mapping's egress.
  const bool is_asked = flow.core.flow.interface != 0;
  if (is_asked && parts_.egress.choose(flow.core.flow, route) != 0) {
    parts_.owner.end(flow, End::server_reset, "policy rules no longer allow it any route");
    return false;
  }
  if (route.egress == parts_.mappings.egress_of(socket) &&
      !is_stale(socket, flow.core.flow, route)) {
    note_source(flow, route);
    return true;
  }
  const FlowTable::Known before(flow);
  parts_.replier.receive(socket);  // what was answered to the old one; an error may end the flow
  UdpFlow* lives = parts_.flows.find(before);
  // Where no socket can be opened this one stays: what it cannot send is counted, and with the next
  // change it is looked at again.
  if (lives != nullptr && lives->socket == &socket &&
      parts_.sockets.replace(socket, lives->core.flow, route)) {
    note_source(*lives, route);
  }
  return lives != nullptr;
}

// For the record: what the server sees.
void Renewal::note_source(UdpFlow& flow, const Route& route) {
  const UdpSocket& socket = *flow.socket;
  flow.core.source = socket.local;
  if (socket.local.address.is_unspecified()) {
    flow.core.source.address =
        parts_.paths.to(flow.core.flow, route, socket.holder.snapshot->bypass()).source;
  }
}

}  // namespace weir
