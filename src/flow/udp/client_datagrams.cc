#include "flow/udp/client_datagrams.h"

#include <cstddef>

#include "account/record.h"

namespace weir {
namespace {

// Payload bytes that every path takes in one packet (RFC 791's 576 bytes, less both headers).
constexpr std::size_t always_fits = 548;

}  // namespace

ClientDatagrams::ClientDatagrams(const Parts& parts)
    : parts_(parts),
      sniffing_({.intake = parts.intake,
                 .timers = parts.timers,
                 .reasons = parts.reasons,
                 .now = parts.now,
                 .then = [this](std::span<const InterceptedDatagram> datagrams,
                                const HostRef& host) { return go_on(datagrams, host); }}) {}

void ClientDatagrams::take(std::span<const InterceptedDatagram> datagrams) {
  UdpFlow* flow = nullptr;
  for (const auto& datagram : datagrams) {
    const bool same = flow != nullptr && flow->core.flow.client == datagram.client &&
                      flow->core.flow.destination == datagram.destination;
    flow = same ? flow : flow_of(datagram);
    if (flow != nullptr) {
      send(*flow, datagram);
    }
  }
  parts_.sender.flush();
}

void ClientDatagrams::send(UdpFlow& flow, const InterceptedDatagram& datagram) {
  if (datagram.width() > always_fits && parts_.widths.exceeds(flow, datagram)) {
    return;
  }
  parts_.failover.keep(flow, datagram);
  if (flow.is_to_dns_port()) {
    parts_.lingering.asked(flow, datagram.payload, datagram.segment);
  }
  parts_.sender.send(flow, datagram.payload, datagram.segment, datagram.tos);
}

// Finds it, or opens one. Null: it waits, or has gone on; or it has none, which is counted.
UdpFlow* ClientDatagrams::flow_of(const InterceptedDatagram& datagram) {
  UdpFlow* flow = live_flow_of(datagram);
  if (flow == nullptr) {
    return sniffing_.take(datagram) ? nullptr : parts_.opening.open(datagram, nullptr);
  }
  if (!flow->marks.unasked) {
    return flow;
  }
  // What the client sent before the peer has opened this flow goes first.
  return sniffing_.holds(datagram) && sniffing_.take(datagram) ? nullptr : admitted(*flow);
}

UdpFlow* ClientDatagrams::live_flow_of(const InterceptedDatagram& datagram) {
  UdpFlow* flow = parts_.flows.find(datagram.client, datagram.destination);
  if (flow != nullptr && parts_.failover.is_left_behind(*flow)) {
    flow = leave_behind(*flow);
  }
  if (flow != nullptr && parts_.renewal.is_due(*flow) && !parts_.renewal.check(*flow)) {
    flow = nullptr;
  }
  return flow;
}

// Ends a flow whose server gets no flows any more. Null: it is over.
UdpFlow* ClientDatagrams::leave_behind(UdpFlow& flow) {
  const FlowTable::Known known(flow);
  parts_.sender.flush();  // what this batch holds for it leaves first, and may end it
  UdpFlow* left = parts_.flows.find(known);
  if (left == nullptr || !parts_.failover.is_left_behind(*left)) {
    return left;  // it was not its time to end after all
  }
  parts_.owner.end(*left, left->answered != 0 ? End::closed : End::idle, {});
  return nullptr;
}

// The client answers, where a peer has opened it. Null: its limits do not allow for that.
UdpFlow* ClientDatagrams::admitted(UdpFlow& flow) {
  return !flow.marks.unasked || parts_.opening.admit_answered(flow) ? &flow : nullptr;
}

// Of one flow, which need not wait any more: as if they had just come. True: the last has a flow.
bool ClientDatagrams::go_on(std::span<const InterceptedDatagram> datagrams, const HostRef& host) {
  UdpFlow* flow = nullptr;
  for (const auto& datagram : datagrams) {
    if (flow == nullptr) {
      UdpFlow* live = live_flow_of(datagram);
      flow = live != nullptr ? admitted(*live) : parts_.opening.open(datagram, host);
    }
    if (flow != nullptr) {
      send(*flow, datagram);
    }
  }
  parts_.sender.flush();  // they do not outlive this call
  return flow != nullptr;
}

}  // namespace weir
