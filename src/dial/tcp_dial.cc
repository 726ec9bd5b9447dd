#include "dial/tcp_dial.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/prefix.h"

namespace weir {
namespace {

TcpDial::Outcome outcome_of(int code) {
  switch (code) {
    case ECONNREFUSED:
      return TcpDial::Outcome::refused;
    case EHOSTUNREACH:
    case ENETUNREACH:
      return TcpDial::Outcome::unreachable;
    case ETIMEDOUT:
      return TcpDial::Outcome::timed_out;
    case EMFILE:
    case ENFILE:
      return TcpDial::Outcome::out_of_descriptors;
    case EADDRINUSE:
    case EADDRNOTAVAIL:
      return TcpDial::Outcome::source_unavailable;
    default:
      return TcpDial::Outcome::failed;
  }
}

// RFC 8305, section 8: the Connection Attempt Delay.
constexpr Milliseconds next_address_after{250};

// The servers of a route in order of travel, each once: `visit(upstream's name, server)`.
template <typename Visit>
void each_server(const Route& route, const std::string& upstream, Visit visit) {
  const Server* last = nullptr;
  const auto pass = [&](const std::string& whose, const std::shared_ptr<Server>& server) {
    if (server && server.get() != last) {
      last = server.get();
      visit(whose, *server);
    }
  };
  pass(route.first_hop_upstream, route.first_hop);
  for (const Hop& hop : route.hops) {
    pass(hop.upstream, hop.server);
  }
  pass(upstream, route.server);
}

// What tells one client from the next, who may have a whole /64 of addresses.
std::uint64_t hash_of_client(const Address& client) {
  constexpr std::uint8_t site = 64;
  return hash_of(client.is_v4() ? client : network_of(client, site));
}

}  // namespace

std::string hop_name(const std::string& upstream, const Server* server) {
  return server == nullptr ? upstream : upstream + "/" + server->identity().name;
}

std::string path_of(const Route& route, const std::string& upstream) {
  if (!route.first_hop) {
    return {};
  }
  std::string out;
  each_server(route, upstream, [&](const std::string& whose, Server& server) {
    // The first one by its upstream, too, for that one is dialled.
    const bool by_name_alone = !out.empty() && whose == upstream;
    out += out.empty() ? "" : ">";
    out += by_name_alone ? server.identity().name : hop_name(whose, &server);
  });
  return out;
}

TcpDial::TcpDial(const Environment& environment, const Flow& flow, const Upstream& upstream,
                 Owner& owner, EdgePoll::Watcher& events)
    : environment_(environment),
      flow_(flow),
      upstream_(upstream),
      owner_(owner),
      events_(events),
      other_attempts_(environment.poll, *this, environment.calls) {}

TcpDial::~TcpDial() { environment_.poll.cancel(attempt_.watch); }

TcpDial::Outcome TcpDial::start() { return attempt(); }

TcpDial::Outcome TcpDial::start(Route first) { return attempt(std::move(first)); }

TcpDial::Outcome TcpDial::attempt() { return attempt(upstream_.route(flow_, tried_.servers)); }

// Attempts until one is under way, or none is left. `connecting` from a failed one means that the
// next is due.
TcpDial::Outcome TcpDial::attempt(Route next) {
  while (true) {
    switch (next.verdict) {
      case Route::Verdict::reject:
      case Route::Verdict::drop:
        attempt_.route = std::move(next);  // it names the member that refuses
        return attempt_.route.verdict == Route::Verdict::reject ? Outcome::rejected
                                                                : Outcome::dropped;
      case Route::Verdict::no_server:
        return tried_.last_failure;  // no server left to try: how the last attempt failed says more
      case Route::Verdict::dial:
        break;
    }
    if (tried_.doubted != nullptr && !is_beside_doubted(next)) {
      return tried_.last_failure;
    }
    tried_.doubted = nullptr;
    if (tried_.attempts > 0) {
      owner_.on_retry(tried_.servers.back());
    }
    attempt_.route = std::move(next);
    attempt_.local = {};
    ++tried_.attempts;
    attempt_.memory = environment_.observer.remember(attempt_.route);
    const Outcome outcome = open();
    if (outcome != Outcome::connecting || attempt_.socket.valid()) {
      return outcome;
    }
    next = upstream_.route(flow_, tried_.servers);
  }
}

TcpDial::Outcome TcpDial::open() {
  if (const int code = environment_.observer.choose_egress(flow_, attempt_.route); code != 0) {
    return connect_failed("find the route that policy rules want", code);
  }
  Outbound out = open_tcp(flow_, attempt_.route, environment_.bypass, environment_.calls);
  if (out.source_port_taken) {
    environment_.observer.on_source_port_taken();
  }
  if (!out.socket.valid()) {
    return connect_failed(out.step, out.error,
                          out.has_no_route() ? Outcome::no_route : outcome_of(out.error));
  }
  attempt_.watch = environment_.poll.add(out.socket.get(), events_);
  if (!attempt_.watch) {
    return connect_failed("watch the socket", errno);
  }
  attempt_.socket = std::move(out.socket);
  attempt_.local = out.local;
  environment_.observer.on_socket_opened(ends());
  attempt_.until = environment_.poll.now() + environment_.connect_timeout;
  arm_connect(environment_.poll.now());
  return Outcome::connecting;
}

void TcpDial::arm_connect(Instant now) {
  const Instant next = now + next_address_after;
  environment_.timers.set(
      *this, attempt_.route.alternates.empty() ? attempt_.until : std::min(attempt_.until, next),
      now);
}

// Dials the next address beside the one that has not answered yet.
void TcpDial::open_another() {
  const Endpoint first = attempt_.route.remote;
  next_address();
  if (environment_.observer.choose_egress(flow_, attempt_.route) != 0) {
    attempt_.route.remote = first;
    return;
  }
  Outbound out = open_tcp(flow_, attempt_.route, environment_.bypass, environment_.calls);
  const Ends ends{.local = out.local, .remote = std::exchange(attempt_.route.remote, first)};
  if (out.socket.valid() && other_attempts_.add({.socket = std::move(out.socket), .ends = ends})) {
    environment_.observer.on_socket_opened(ends);
  }
}

void TcpDial::next_address() {
  attempt_.route.remote.address = attempt_.route.alternates.front();
  attempt_.route.alternates.erase(attempt_.route.alternates.begin());
}

void TcpDial::on_attempt_connected(ConnectionAttempts::Started winner) {
  drop_socket();
  finish(promote(std::move(winner)) ? connected() : connect_failed("watch the socket", errno));
}

void TcpDial::on_attempt_closed(const Ends& ends) { environment_.observer.on_socket_closed(ends); }

// Another attempt takes the place of the first one, whose socket is closed already.
bool TcpDial::promote(ConnectionAttempts::Started started) {
  attempt_.socket = std::move(started.socket);
  attempt_.local = started.ends.local;
  attempt_.route.remote = started.ends.remote;
  attempt_.watch = environment_.poll.add(attempt_.socket.get(), events_);
  return static_cast<bool>(attempt_.watch);
}

void TcpDial::drop_socket() {
  if (attempt_.socket.valid()) {
    environment_.observer.on_socket_closed(ends());
    environment_.poll.cancel(attempt_.watch);
    attempt_.socket.reset();
    attempt_.events_seen = 0;
  }
}

TcpDial::Outcome TcpDial::connect_failed(const char* step, int code) {
  return connect_failed(step, code, outcome_of(code));
}

TcpDial::Outcome TcpDial::connect_failed(const char* step, int code, Outcome outcome) {
  // Another address of the server may do, and the flow has spent no attempt on it.
  if (code != ETIMEDOUT && outcome != Outcome::out_of_descriptors) {
    drop_socket();
    while (!other_attempts_.empty()) {
      if (promote(other_attempts_.take_first())) {
        return Outcome::connecting;
      }
      drop_socket();
    }
    if (!attempt_.route.alternates.empty()) {
      next_address();
      environment_.timers.cancel(*this);
      return open();
    }
  }
  close_socket();
  tried_.error = step;
  if (attempt_.route.first_hop) {
    tried_.error +=
        " to " + hop_name(attempt_.route.first_hop_upstream, attempt_.route.first_hop.get());
  }
  tried_.error += ": ";
  tried_.error += std::strerror(code);
  const auto& server = attempt_.route.first_hop ? attempt_.route.first_hop : attempt_.route.server;
  if (server && Server::is_our_own(code)) {
    // Another server may need another source, but this one did nothing wrong.
    tried_.servers.push_back(server);
    tried_.last_failure = outcome;
    return outcome != Outcome::out_of_descriptors && tried_.attempts < upstream_.profile().attempts
               ? Outcome::connecting
               : outcome;
  }
  return blame(server, outcome);
}

TcpDial::Outcome TcpDial::handshake_failed(Outcome outcome, std::size_t hop,
                                           const std::string& error, Handshake::Fault fault) {
  close_socket();
  const Hop& at = attempt_.route.hops[hop];
  tried_.error = attempt_.route.hops.size() > 1 || attempt_.route.first_hop
                     ? "handshake with " + hop_name(at.upstream, at.server.get()) + ": " + error
                     : error;
  if (fault == Handshake::Fault::server) {
    return blame(at.server, outcome);
  }
  if (fault == Handshake::Fault::request) {
    return doubt(at, outcome);
  }
  // This one answered as it should; it could not reach the next hop.
  if (at.server) {
    at.server->note_success(environment_.poll.now());
  }
  const auto& next = hop + 1 < attempt_.route.hops.size() ? attempt_.route.hops[hop + 1].server
                                                          : attempt_.route.server;
  return blame(next == at.server ? nullptr : next, Outcome::target_failed);
}

// `connecting` when another server may be tried instead of this one.
TcpDial::Outcome TcpDial::blame(const std::shared_ptr<Server>& server, Outcome outcome) {
  tried_.last_failure = outcome;
  if (!server) {
    return outcome;
  }
  server->note_failure(environment_.poll.now());
  tried_.servers.push_back(server);
  return tried_.attempts < upstream_.profile().attempts ? Outcome::connecting : outcome;
}

// The server let us in, and failed at what the flow asks for. Another one of the same upstream may
// do better. But no client shall get past a proxy, by way of a group's next member, by asking it
// for what it cannot do. Names it can make up as many as it likes: those of one client are one
// target.
TcpDial::Outcome TcpDial::doubt(const Hop& hop, Outcome outcome) {
  const std::shared_ptr<Server>& server = hop.server;
  tried_.last_failure = outcome;
  if (!server) {
    return outcome;
  }
  const auto taken_for = server->note_doubt(
      environment_.poll.now(),
      hop.asks_by_host ? hash_of_client(flow_.client.address) : hash_of(flow_.destination));
  tried_.servers.push_back(server);
  tried_.doubted = taken_for == ServerHealth::Doubt::targets ? server.get() : nullptr;
  return tried_.attempts < upstream_.profile().attempts ? Outcome::connecting : outcome;
}

bool TcpDial::is_beside_doubted(const Route& next) const {
  bool found = false;
  each_server(next, upstream_.name(), [&](const std::string&, const Server& server) {
    found = found || server.identity().upstream == tried_.doubted->identity().upstream;
  });
  return found;
}

void TcpDial::close_socket() {
  environment_.timers.cancel(*this);
  other_attempts_.close();
  handshake_driver_.reset();
  drop_socket();
}

// Goes on after something that may have failed, and reports what is decided.
void TcpDial::finish(Outcome outcome) {
  if (outcome == Outcome::connecting && !attempt_.socket.valid()) {
    outcome = attempt();
  }
  if (outcome != Outcome::connecting) {
    owner_.on_dialed(outcome);
  }
}

void TcpDial::on_events(std::uint32_t events) {
  attempt_.events_seen |= events;
  if (handshake_driver_) {
    finish(drive_handshakes());
    return;
  }
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    int code = 0;
    socklen_t length = sizeof code;
    environment_.calls.getsockopt(attempt_.socket.get(), SOL_SOCKET, SO_ERROR, &code, &length);
    if (code != 0) {
      finish(connect_failed("connect", code));
      return;
    }
  }
  if ((events & EPOLLOUT) != 0) {
    finish(connected());
  }
}

TcpDial::Outcome TcpDial::connected() {
  const Instant now = environment_.poll.now();
  connected_at_ = now;
  other_attempts_.close();
  if (attempt_.route.hops.empty()) {
    return done();
  }
  if (flow_id_.empty()) {
    flow_id_ = owner_.flow_id();
  }
  environment_.timers.set(*this, now + environment_.handshake_timeout, now);
  handshake_driver_.emplace(attempt_.route.hops, flow_id_);
  return drive_handshakes();
}

// Notes that every server of the chain has done its part, as blame() notes one that has not.
TcpDial::Outcome TcpDial::done() {
  environment_.timers.cancel(*this);
  const Instant now = environment_.poll.now();
  each_server(attempt_.route, upstream_.name(),
              [&](const std::string&, Server& server) { server.note_success(now); });
  return Outcome::connected;
}

TcpDial::Outcome TcpDial::drive_handshakes() {
  switch (handshake_driver_->advance(attempt_.socket.get())) {
    case HandshakeDriver::State::waiting:
      return Outcome::connecting;
    case HandshakeDriver::State::done:
      handshake_driver_.reset();
      return done();
    case HandshakeDriver::State::failed:
      break;
  }
  const std::string error = handshake_driver_->error();
  return handshake_failed(Outcome::handshake_failed, handshake_driver_->hop(), error,
                          handshake_driver_->fault());
}

void TcpDial::on_deadline(Instant now) {
  if (!handshake_driver_ && now < attempt_.until) {
    if (!attempt_.route.alternates.empty()) {
      open_another();
    }
    arm_connect(now);
    return;
  }
  if (handshake_driver_) {
    finish(handshake_failed(Outcome::handshake_timed_out, handshake_driver_->hop(),
                            "no answer within timeouts.handshake", handshake_driver_->silence()));
  } else {
    finish(connect_failed("connect", ETIMEDOUT));
  }
}

TcpDial::Taken TcpDial::take_socket() {
  return {.socket = std::move(attempt_.socket), .watch = std::exchange(attempt_.watch, {})};
}

}  // namespace weir
