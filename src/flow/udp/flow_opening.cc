#include "flow/udp/flow_opening.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "flow/destination.h"
#include "flow/dial_failure.h"
#include "flow/udp/seats.h"

namespace weir {

using Verdict = Admission::Verdict;

UdpFlow* FlowOpening::open(const InterceptedDatagram& datagram, const HostRef& host) {
  if (!takes_new_) {
    parts_.reasons.add(Reason::draining);
    return nullptr;
  }
  Flow flow = datagram.flow();
  flow.host = host;
  if (is_invalid_destination(flow.destination) || flow.client.port == 0) {
    refuse(parts_.intake.open(flow), End::invalid_destination, Reason::invalid_destination, {});
    return nullptr;
  }
  parts_.peers.note_client_side(flow.interface);
  FlowCore core = parts_.intake.open(flow);
  const auto finding = parts_.loop_guard.check(flow, port_);
  core.generation = finding.generation;
  if (finding.is_loop) {
    refuse(core, End::loop, Reason::loop, finding.why());
    return nullptr;
  }
  Route route = core.rule->upstream->route(core.flow, {});
  core.rule = &taken_by(*core.snapshot, *core.rule, route.member);
  if (!is_dialled(core, route)) {
    return nullptr;
  }
  if (const auto verdict = admit(core); verdict != Verdict::admitted) {
    // admit() has counted the reason.
    if (refusals_.is_news(flow_hash(flow.client, flow.destination), parts_.now)) {
      parts_.records.write(core, parts_.records.describe(core), End::limit, text_of(verdict));
    }
    return nullptr;
  }
  UdpSocket* socket = socket_for(core, route);
  if (socket == nullptr) {
    parts_.intake.closed(core);
    return nullptr;
  }
  Mappings::wake(*socket);
  UdpFlow& opened = parts_.flows.insert(std::move(core), *socket);
  if (!route.layers.empty()) {
    parts_.encapsulation.wrap(opened, route.layers);
  }
  if (socket->relay() != nullptr) {
    parts_.relays.join(opened);
  }
  take_seat(parts_.clients, opened);
  return &opened;
}

bool FlowOpening::is_dialled(const FlowCore& core, const Route& route) {
  switch (route.verdict) {
    case Route::Verdict::reject:
      parts_.icmp.tell_unreachable(core.flow, RawSender::Unreachable::port);
      refuse(core, End::rejected, Reason::rejected, {});
      return false;
    case Route::Verdict::drop:
      refuse(core, End::dropped, Reason::dropped, {});
      return false;
    case Route::Verdict::no_server:
      parts_.icmp.tell_unreachable(core.flow, RawSender::Unreachable::port);
      refuse(core, End::no_server, Reason::no_server, {});
      return false;
    case Route::Verdict::dial:
      break;
  }
  return true;
}

UdpSocket* FlowOpening::socket_for(FlowCore& core, Route& route) {
  if (route.transport != Route::Transport::udp_associate) {
    const auto opened = core.rule->upstream->profile().mapping == Mapping::per_client
                            ? parts_.sockets.mapping(core, route)
                            : parts_.sockets.connected(core, route);
    if (opened.socket == nullptr) {
      refuse_socket(core, opened.error, opened.step);
    }
    return opened.socket;
  }
  const auto opened = parts_.relays.open(core, route);
  if (opened.error != 0) {
    refuse_socket(core, opened.error, opened.step);
  } else if (opened.socket == nullptr) {
    const DialFailure failure = failure_of(opened.outcome);
    parts_.icmp.tell_unreachable(core.flow, RawSender::Unreachable::port);
    refuse(core, failure.end, failure.reason, opened.words, opened.path);
  }
  return opened.socket;
}

Verdict FlowOpening::admit(FlowCore& core) {
  Verdict verdict = parts_.intake.try_to_admit(core);
  if (verdict == Verdict::max_flows_per_client || verdict == Verdict::max_flows) {
    parts_.sender.flush();  // what this batch holds leaves first; a flow may end by it
    if (UdpFlow* other = flow_to_evict(core, verdict)) {
      parts_.reasons.add(Reason::evicted);
      parts_.owner.end(*other, End::limit, "gave way to a new flow");
      verdict = parts_.intake.try_to_admit(core, verdict == Verdict::max_flows
                                                     ? Admission::Slot::of_another
                                                     : Admission::Slot::of_the_same_client);
    }
  }
  if (verdict != Verdict::admitted) {
    parts_.reasons.add(reason_of(verdict));
  }
  return verdict;
}

UdpFlow* FlowOpening::flow_to_evict(const FlowCore& core, Verdict verdict) {
  constexpr std::chrono::minutes min_idle{2};
  const auto since = [](const Clients::Seat& flow) {
    return static_cast<const UdpFlow&>(flow).last_activity;
  };
  Clients::Seat* found = nullptr;
  if (verdict == Verdict::max_flows) {
    found = parts_.clients.spare_of_most(parts_.now - min_idle, since);
  } else if (const auto client =
                 parts_.clients.find(parts_.intake.client_key_of(core.flow.client.address))) {
    found = parts_.clients.idlest_of(*client, since);
  }
  return static_cast<UdpFlow*>(found);
}

bool FlowOpening::admit_answered(UdpFlow& flow) {
  if (admit(flow.core) != Verdict::admitted) {
    return false;
  }
  parts_.peers.forget(flow);
  flow.marks.unasked = false;
  take_seat(parts_.clients, flow);
  return true;
}

void FlowOpening::refuse(const FlowCore& core, End end, Reason reason, std::string_view error,
                         std::string_view path) {
  parts_.reasons.add(reason);
  if (refusals_.is_news(flow_hash(core.flow.client, core.flow.destination), parts_.now)) {
    parts_.records.write(core, parts_.records.describe(core, path), end, error);
  }
}

void FlowOpening::refuse_socket(const FlowCore& core, int code, const char* step) {
  const std::string error = std::string(step) + ": " + std::strerror(code);
  switch (code) {
    case EMFILE:
    case ENFILE:
      refuse(core, End::limit, Reason::out_of_descriptors, error);
      break;
    case EADDRINUSE:
    case EADDRNOTAVAIL:
      refuse(core, End::connect_failed, Reason::source_unavailable, error);
      break;
    default:
      if (is_no_route(code)) {
        parts_.icmp.tell_no_route(core.flow, code);
        refuse(core, End::no_route, Reason::no_route, error);
        break;
      }
      refuse(core, End::connect_failed, Reason::connect_error, error);
  }
}

}  // namespace weir
