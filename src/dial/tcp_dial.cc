#include "dial/tcp_dial.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
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

}  // namespace

TcpDial::TcpDial(const Environment& environment, const Flow& flow, const Upstream& upstream,
                 Owner& owner, EdgePoll::Watcher& events)
    : environment_(environment), flow_(flow), upstream_(upstream), owner_(owner), events_(events) {}

TcpDial::Outcome TcpDial::start() { return attempt(); }

TcpDial::Outcome TcpDial::attempt() {
  while (true) {
    Route next = upstream_.route(flow_, tried_);
    switch (next.verdict) {
      case Route::Verdict::reject:
        return Outcome::rejected;
      case Route::Verdict::drop:
        return Outcome::dropped;
      case Route::Verdict::no_server:
        // Nobody left to try: how the last attempt failed says more.
        return attempts_ == 0 ? Outcome::no_server : outcome_of(error_);
      case Route::Verdict::dial:
        break;
    }
    if (attempts_ > 0) {
      owner_.on_retry(route_.server);
    }
    route_ = std::move(next);
    ++attempts_;
    Outbound out = open_tcp(flow_, route_, environment_.bypass);
    if (out.source_port_taken) {
      owner_.on_source_port_taken();
    }
    if (out.socket.valid()) {
      if (environment_.poll.add(out.socket.get(), events_)) {
        socket_ = std::move(out.socket);
        local_ = out.local;
        owner_.on_socket_opened();
        const Instant now = environment_.poll.now();
        environment_.deadlines.set(*this, now + environment_.timeout, now);
        return Outcome::connecting;
      }
      out.error = errno;
      out.step = "watch the socket";
    }
    step_ = out.step;
    const Outcome outcome = failed(out.error);
    if (outcome != Outcome::connecting) {
      return outcome;
    }
  }
}

// Notes a failed attempt; `connecting` means that another one is due.
TcpDial::Outcome TcpDial::failed(int code) {
  error_ = code;
  const Outcome outcome = outcome_of(code);
  const bool may_retry = route_.server != nullptr && outcome != Outcome::out_of_descriptors &&
                         attempts_ < static_cast<std::uint32_t>(upstream_.profile().attempts);
  if (route_.server) {
    route_.server->note_failure(environment_.poll.now(), code);
    tried_.push_back(route_.server);
  }
  return may_retry ? Outcome::connecting : outcome;
}

void TcpDial::close_socket() {
  environment_.deadlines.cancel(*this);
  if (socket_.valid()) {
    owner_.on_socket_closed();
    socket_.reset();
  }
}

void TcpDial::on_events(std::uint32_t events) {
  if (!socket_.valid()) {
    return;
  }
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    int code = 0;
    socklen_t length = sizeof code;
    getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &code, &length);
    if (code != 0) {
      step_ = "connect";
      close_socket();
      Outcome outcome = failed(code);
      if (outcome == Outcome::connecting) {
        outcome = attempt();
      }
      if (outcome != Outcome::connecting) {
        owner_.on_dialed(outcome);
      }
      return;
    }
  }
  if ((events & EPOLLOUT) != 0) {
    environment_.deadlines.cancel(*this);
    owner_.on_dialed(Outcome::connected);
  }
}

void TcpDial::on_deadline(Instant) {
  step_ = "connect";
  close_socket();
  Outcome outcome = failed(ETIMEDOUT);
  if (outcome == Outcome::connecting) {
    outcome = attempt();
  }
  if (outcome != Outcome::connecting) {
    owner_.on_dialed(outcome);
  }
}

Descriptor TcpDial::take_socket() { return std::move(socket_); }

}  // namespace weir
