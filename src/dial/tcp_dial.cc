#include "dial/tcp_dial.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

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

// The servers of a way in order of travel, each once: `visit(upstream's name, server)`.
template <typename Visit>
void each_on_way(const Route& route, const std::string& upstream, Visit visit) {
  const Server* last = nullptr;
  const auto pass = [&](const std::string& whose, const std::shared_ptr<Server>& server) {
    if (server && server.get() != last) {
      last = server.get();
      visit(whose, *server);
    }
  };
  pass(route.dialled_upstream, route.dialled);
  for (const Hop& hop : route.hops) {
    pass(hop.upstream, hop.server);
  }
  pass(upstream, route.server);
}

}  // namespace

std::string hop_name(const std::string& upstream, const Server* server) {
  return server == nullptr ? upstream : upstream + "/" + server->identity().name;
}

std::string path_of(const Route& route, const std::string& upstream) {
  if (!route.dialled) {
    return {};
  }
  std::string out;
  each_on_way(route, upstream, [&](const std::string& whose, Server& server) {
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
      challengers_(environment.poll, *this) {}

TcpDial::~TcpDial() { environment_.poll.cancel(watch_); }

TcpDial::Outcome TcpDial::start() { return attempt(); }

TcpDial::Outcome TcpDial::start(Route first) { return attempt(std::move(first)); }

TcpDial::Outcome TcpDial::attempt() { return attempt(upstream_.route(flow_, tried_)); }

// Attempts until one is under way, or none is left. `connecting` from a failed one means that the
// next is due.
TcpDial::Outcome TcpDial::attempt(Route next) {
  while (true) {
    switch (next.verdict) {
      case Route::Verdict::reject:
        return Outcome::rejected;
      case Route::Verdict::drop:
        return Outcome::dropped;
      case Route::Verdict::no_server:
        return last_failure_;  // no server left to try: how the last attempt failed says more
      case Route::Verdict::dial:
        break;
    }
    if (doubted_ != nullptr && !is_beside_doubted(next)) {
      return last_failure_;
    }
    doubted_ = nullptr;
    if (attempts_ > 0) {
      owner_.on_retry(tried_.back());
    }
    route_ = std::move(next);
    ++attempts_;
    memory_ = environment_.witness.remember(route_);
    const Outcome outcome = open();
    if (outcome != Outcome::connecting || socket_.valid()) {
      return outcome;
    }
    next = upstream_.route(flow_, tried_);
  }
}

TcpDial::Outcome TcpDial::open() {
  if (const int code = environment_.witness.choose_way(flow_, route_); code != 0) {
    return connect_failed("find the way that policy rules say", code);
  }
  Outbound out = open_tcp(flow_, route_, environment_.bypass);
  if (out.source_port_taken) {
    environment_.witness.on_source_port_taken();
  }
  if (!out.socket.valid()) {
    return connect_failed(out.step, out.error,
                          out.has_no_way() ? Outcome::no_route : outcome_of(out.error));
  }
  watch_ = environment_.poll.add(out.socket.get(), events_);
  if (!watch_) {
    return connect_failed("watch the socket", errno);
  }
  socket_ = std::move(out.socket);
  local_ = out.local;
  environment_.witness.on_socket_opened(ends());
  connect_until_ = environment_.poll.now() + environment_.connect_timeout;
  arm_connect(environment_.poll.now());
  return Outcome::connecting;
}

void TcpDial::arm_connect(Instant now) {
  const Instant next = now + next_address_after;
  environment_.deadlines.set(
      *this, route_.more.empty() ? connect_until_ : std::min(connect_until_, next), now);
}

// Dials the next address beside the one that has not answered yet.
void TcpDial::open_challenger() {
  const Endpoint first = route_.remote;
  next_address();
  if (environment_.witness.choose_way(flow_, route_) != 0) {
    route_.remote = first;
    return;
  }
  Outbound out = open_tcp(flow_, route_, environment_.bypass);
  const Ends ends{.local = out.local, .remote = std::exchange(route_.remote, first)};
  if (out.socket.valid() && challengers_.add({.socket = std::move(out.socket), .ends = ends})) {
    environment_.witness.on_socket_opened(ends);
  }
}

void TcpDial::next_address() {
  route_.remote.address = route_.more.front();
  route_.more.erase(route_.more.begin());
}

void TcpDial::on_challenger_connected(Challengers::Entrant winner) {
  drop_socket();
  settle(promote(std::move(winner)) ? connected() : connect_failed("watch the socket", errno));
}

void TcpDial::on_challenger_closed(const Ends& ends) {
  environment_.witness.on_socket_closed(ends);
}

// A challenger takes the place of the first address, whose socket is closed already.
bool TcpDial::promote(Challengers::Entrant entrant) {
  socket_ = std::move(entrant.socket);
  local_ = entrant.ends.local;
  route_.remote = entrant.ends.remote;
  watch_ = environment_.poll.add(socket_.get(), events_);
  return static_cast<bool>(watch_);
}

void TcpDial::drop_socket() {
  if (socket_.valid()) {
    environment_.witness.on_socket_closed(ends());
    environment_.poll.cancel(watch_);
    socket_.reset();
    events_seen_ = 0;
  }
}

TcpDial::Outcome TcpDial::connect_failed(const char* step, int code) {
  return connect_failed(step, code, outcome_of(code));
}

TcpDial::Outcome TcpDial::connect_failed(const char* step, int code, Outcome outcome) {
  // Another address of the server may do, and the flow has spent no attempt on it.
  if (code != ETIMEDOUT && outcome != Outcome::out_of_descriptors) {
    drop_socket();
    while (!challengers_.empty()) {
      if (promote(challengers_.take_first())) {
        return Outcome::connecting;
      }
      drop_socket();
    }
    if (!route_.more.empty()) {
      next_address();
      environment_.deadlines.cancel(*this);
      return open();
    }
  }
  close_socket();
  error_ = step;
  if (route_.dialled) {
    error_ += " to " + hop_name(route_.dialled_upstream, route_.dialled.get());
  }
  error_ += ": ";
  error_ += std::strerror(code);
  const auto& server = route_.dialled ? route_.dialled : route_.server;
  if (server && Server::is_our_own(code)) {
    // Another server may need another source, but this one did nothing wrong.
    tried_.push_back(server);
    last_failure_ = outcome;
    return outcome != Outcome::out_of_descriptors && attempts_ < upstream_.profile().attempts
               ? Outcome::connecting
               : outcome;
  }
  return blame(server, outcome);
}

TcpDial::Outcome TcpDial::handshake_failed(Outcome outcome, std::size_t hop,
                                           const std::string& error, Handshake::Fault fault) {
  close_socket();
  const Hop& at = route_.hops[hop];
  error_ = route_.hops.size() > 1 || route_.dialled
               ? "handshake with " + hop_name(at.upstream, at.server.get()) + ": " + error
               : error;
  if (fault == Handshake::Fault::server) {
    return blame(at.server, outcome);
  }
  if (fault == Handshake::Fault::request) {
    return doubt(at.server, outcome);
  }
  // This one answered as it should; it could not reach the next hop.
  if (at.server) {
    at.server->note_success(environment_.poll.now());
  }
  const auto& next = hop + 1 < route_.hops.size() ? route_.hops[hop + 1].server : route_.server;
  return blame(next == at.server ? nullptr : next, Outcome::target_failed);
}

// `connecting` when another server may be tried instead of this one.
TcpDial::Outcome TcpDial::blame(const std::shared_ptr<Server>& server, Outcome outcome) {
  last_failure_ = outcome;
  if (!server) {
    return outcome;
  }
  server->note_failure(environment_.poll.now());
  tried_.push_back(server);
  return attempts_ < upstream_.profile().attempts ? Outcome::connecting : outcome;
}

// The server let us in, and failed at what the flow asks for. Another one of the same upstream may
// do better. But no client shall get past a proxy, by way of a group's next member, by asking it
// for what it cannot do.
TcpDial::Outcome TcpDial::doubt(const std::shared_ptr<Server>& server, Outcome outcome) {
  last_failure_ = outcome;
  if (!server) {
    return outcome;
  }
  const auto taken_for = server->note_doubt(environment_.poll.now(), hash_of(flow_.destination));
  tried_.push_back(server);
  doubted_ = taken_for == ServerHealth::Doubt::targets ? server.get() : nullptr;
  return attempts_ < upstream_.profile().attempts ? Outcome::connecting : outcome;
}

bool TcpDial::is_beside_doubted(const Route& next) const {
  bool found = false;
  each_on_way(next, upstream_.name(), [&](const std::string&, const Server& server) {
    found = found || server.identity().upstream == doubted_->identity().upstream;
  });
  return found;
}

void TcpDial::close_socket() {
  environment_.deadlines.cancel(*this);
  challengers_.close();
  conversation_.reset();
  drop_socket();
}

// Goes on after something that may have failed, and reports what is decided.
void TcpDial::settle(Outcome outcome) {
  if (outcome == Outcome::connecting && !socket_.valid()) {
    outcome = attempt();
  }
  if (outcome != Outcome::connecting) {
    owner_.on_dialed(outcome);
  }
}

void TcpDial::on_events(std::uint32_t events) {
  events_seen_ |= events;
  if (conversation_) {
    settle(converse());
    return;
  }
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    int code = 0;
    socklen_t length = sizeof code;
    getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &code, &length);
    if (code != 0) {
      settle(connect_failed("connect", code));
      return;
    }
  }
  if ((events & EPOLLOUT) != 0) {
    settle(connected());
  }
}

TcpDial::Outcome TcpDial::connected() {
  const Instant now = environment_.poll.now();
  connected_at_ = now;
  challengers_.close();
  if (route_.hops.empty()) {
    return done();
  }
  if (flow_id_.empty()) {
    flow_id_ = owner_.flow_id();
  }
  environment_.deadlines.set(*this, now + environment_.handshake_timeout, now);
  conversation_.emplace(route_.hops, flow_id_);
  return converse();
}

// Notes that every server on the way has done its part, as blame() notes one that has not.
TcpDial::Outcome TcpDial::done() {
  environment_.deadlines.cancel(*this);
  const Instant now = environment_.poll.now();
  each_on_way(route_, upstream_.name(),
              [&](const std::string&, Server& server) { server.note_success(now); });
  return Outcome::connected;
}

TcpDial::Outcome TcpDial::converse() {
  switch (conversation_->advance(socket_.get())) {
    case Conversation::State::waiting:
      return Outcome::connecting;
    case Conversation::State::done:
      conversation_.reset();
      return done();
    case Conversation::State::failed:
      break;
  }
  const std::string error = conversation_->error();
  return handshake_failed(Outcome::handshake_failed, conversation_->hop(), error,
                          conversation_->fault());
}

void TcpDial::on_deadline(Instant now) {
  if (!conversation_ && now < connect_until_) {
    if (!route_.more.empty()) {
      open_challenger();
    }
    arm_connect(now);
    return;
  }
  if (conversation_) {
    settle(handshake_failed(Outcome::handshake_timed_out, conversation_->hop(),
                            "no answer within timeouts.handshake", conversation_->silence()));
  } else {
    settle(connect_failed("connect", ETIMEDOUT));
  }
}

TcpDial::Taken TcpDial::take_socket() {
  return {.socket = std::move(socket_), .watch = std::exchange(watch_, {})};
}

}  // namespace weir
