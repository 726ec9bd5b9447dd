#include "flow/tcp_flow.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/transparent.h"
#include "flow/dial_failure.h"
#include "flow/tcp_flows.h"

namespace weir {
namespace {

// What has not moved for so long is no bulk.
constexpr Milliseconds at_rest{5'000};
// How long a side may still read what the other sent before it reset the connection.
constexpr Milliseconds last_words_time{10'000};

// Closes without a word: a connection in repair mode sends neither FIN nor RST.
void close_in_silence(Descriptor& socket) {
  static_cast<void>(set_option(socket.get(), IPPROTO_TCP, TCP_REPAIR, 1));
  socket.reset();
}

}  // namespace

TcpFlow::TcpFlow(TcpFlows& all, FlowCore core, Descriptor client)
    : all_(all),
      parts_(all.parts_),
      core_(std::move(core)),
      client_(std::move(client)),
      client_events_(*this),
      server_events_(*this),
      peers_(core_.opened) {}

TcpFlow::~TcpFlow() {
  parts_.poll.cancel(client_watch_);
  parts_.poll.cancel(server_watch_);
}

TcpFlow::Dialling::Dialling(TcpFlow& flow, TcpDial::Owner& owner)
    : own_sockets(flow.parts_, flow.core_.generation),
      dial({own_sockets, flow.parts_.poll, flow.parts_.deadlines, flow.core_.snapshot->bypass(),
            flow.core_.snapshot->timeouts().connect, flow.core_.snapshot->timeouts().handshake},
           flow.core_.flow, *flow.core_.rule->upstream, owner, flow.server_events_) {}

void TcpFlow::start() {
  client_watch_ = parts_.poll.add(client_.get(), client_events_);
  if (!client_watch_) {
    finish(End::limit, Reason::out_of_memory, "cannot watch the connection");
    return;
  }
  TcpDial::Owner& owner = *this;
  dialling_ = std::make_unique<Dialling>(*this, owner);
  const auto outcome = dialling_->dial.start();
  if (outcome != TcpDial::Outcome::connecting) {
    on_dialed(outcome);
  }
}

FlowRecord TcpFlow::record() const {
  FlowRecord out = parts_.services.describe(core_);
  out.connect_us = connect_us_;
  out.handshake_us = handshake_us_;
  if (relay_) {
    out.bytes_up = relay_->bytes_up();
    out.bytes_down = relay_->bytes_down();
  }
  return out;
}

void TcpFlow::on_client_events(std::uint32_t events) {
  if (failed_) {
    pass_last_words(parts_.poll.now());
    return;
  }
  if (relay_) {
    progress(relay_->on_client_events(events));
    return;
  }
  // Still dialling. What the client sends waits in its socket; only its going away matters now.
  pending_client_events_ |= events;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    finish(End::client_reset, std::nullopt, "the client reset the connection while connecting");
  }
}

void TcpFlow::on_server_events(std::uint32_t events) {
  if (failed_) {
    pass_last_words(parts_.poll.now());
  } else if (relay_) {
    progress(relay_->on_server_events(events));
  } else if (dialling_) {
    dialling_->dial.on_events(events);
  }
}

void TcpFlow::on_dialed(TcpDial::Outcome outcome) {
  learn_from_dial();
  if (outcome != TcpDial::Outcome::connected) {
    const DialFailure failure = failure_of(outcome);
    const std::string error = dialling_->dial.error();
    finish(failure.end, failure.reason, error);
    return;
  }
  TcpDial& dial = dialling_->dial;
  connect_us_ = since_opened(core_, dial.connected_at());
  parts_.services.took(core_, Latency::connect, connect_us_);
  if (!dial.route().hops.empty()) {
    handshake_us_ = since_opened(core_, parts_.poll.now());
    parts_.services.took(core_, Latency::handshake, handshake_us_);
  }
  if (core_.server) {
    counts_of(core_).opened();
  }
  const auto server_events = dial.events_seen();
  TcpDial::Taken server = dial.take_socket();
  server_watch_ = server.watch;
  relay_.emplace(all_.shared_, std::move(client_), std::move(server.socket));
  dialling_.reset();
  last_activity_ = parts_.poll.now();
  arm_next();
  const auto both = pending_client_events_ | EPOLLIN | EPOLLOUT;
  auto state = relay_->on_client_events(both);
  // The event that told of the connection may have told of data, too.
  if ((state == TcpRelay::Progress::waiting || state == TcpRelay::Progress::more) &&
      (server_events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) {
    state = relay_->on_server_events(server_events);
  }
  progress(state);
}

void TcpFlow::learn_from_dial() {
  const TcpDial& dial = dialling_->dial;
  core_.attempts = static_cast<std::uint16_t>(dial.attempts());
  core_.server = dial.route().server;
  core_.remote = dial.route().remote;
  core_.source = dial.ends().local;
  if (dial.route().dialled) {
    core_.path =
        std::make_unique<const std::string>(path_of(dial.route(), core_.rule->upstream->name()));
  }
}

void TcpFlow::on_retry(const std::shared_ptr<Server>&) { parts_.reasons.add(Reason::retried); }

void TcpFlow::progress(TcpRelay::Progress state) {
  count_bytes();
  last_activity_ = parts_.poll.now();
  switch (state) {
    case TcpRelay::Progress::waiting:
      if (relay_->half_closed() && !half_closed_) {
        half_closed_ = true;
        arm(std::min(deadline_, last_activity_ + core_.snapshot->timeouts().half_closed));
      }
      break;
    case TcpRelay::Progress::more:
      // Both directions are looked at again, whichever is asked for.
      parts_.poll.not_again(client_watch_);
      parts_.poll.again(client_watch_, 0);
      break;
    case TcpRelay::Progress::closed:
      finish(End::closed, std::nullopt, {});
      break;
    case TcpRelay::Progress::client_reset:
    case TcpRelay::Progress::server_reset:
      failed_ = state;
      if (relay_->has_last_words(state)) {
        last_words_until_ = last_activity_ + last_words_time;
        arm(last_activity_ + Deadlines::tick);
      } else {
        finish_failed();
      }
      break;
  }
}

// One side has reset the connection, and the other may still be reading what came before that.
void TcpFlow::pass_last_words(Instant now) {
  if (now < last_words_until_ && relay_->has_last_words(*failed_)) {
    arm(now + Deadlines::tick);
  } else {
    finish_failed();
  }
}

void TcpFlow::finish_failed() {
  count_bytes();
  finish(*failed_ == TcpRelay::Progress::client_reset ? End::client_reset : End::server_reset,
         std::nullopt, std::strerror(relay_->error()));
}

void TcpFlow::count_bytes() {
  const auto up = relay_->bytes_up();
  const auto down = relay_->bytes_down();
  if (counted_down_ == 0 && down != 0) {
    note_first_byte(core_, parts_.poll.now());
    parts_.services.took(core_, Latency::first_byte, core_.first_byte_us);
  }
  if (up != counted_up_ || down != counted_down_) {
    parts_.services.moved(core_,
                          {{.bytes_up = up - counted_up_, .bytes_down = down - counted_down_}});
    counted_up_ = up;
    counted_down_ = down;
  }
}

void TcpFlow::arm(Instant when) {
  deadline_ = when;
  parts_.deadlines.set(*this, when, parts_.poll.now());
}

void TcpFlow::arm_next() {
  const Timeouts& timeouts = core_.snapshot->timeouts();
  arm(std::min(last_activity_ + (half_closed_ ? timeouts.half_closed : timeouts.tcp_idle),
               peers_.due(last_activity_, timeouts.keepalive)));
}

// Activity only notes the time; here we look whether the flow has really been quiet.
void TcpFlow::on_deadline(Instant now) {
  if (failed_) {
    pass_last_words(now);
    return;
  }
  const Timeouts& timeouts = core_.snapshot->timeouts();
  if (now >= last_activity_ + (half_closed_ ? timeouts.half_closed : timeouts.tcp_idle)) {
    finish(half_closed_ ? End::half_closed_timeout : End::idle, std::nullopt, {});
    return;
  }
  if (now >= peers_.due(last_activity_, timeouts.keepalive)) {
    look_after_peers(now);
  } else {
    arm_next();
  }
}

void TcpFlow::look_after_peers(Instant now) {
  if (now - last_activity_ >= at_rest) {
    relay_->come_to_rest();
  }
  const auto finding =
      peers_.look({.client = {.socket = relay_->client_socket(), .moved = relay_->bytes_up()},
                   .server = {.socket = relay_->server_socket(), .moved = relay_->bytes_down()},
                   .last_activity = last_activity_,
                   .keepalive = core_.snapshot->timeouts().keepalive},
                  now);
  switch (finding) {
    case PeerWatch::Finding::nothing:
      arm_next();
      break;
    case PeerWatch::Finding::client_is_gone:
      progress(relay_->give_up_client());
      break;
    case PeerWatch::Finding::server_is_gone:
      progress(relay_->give_up_server());
      break;
  }
}

void TcpFlow::finish(End why, std::optional<Reason> reason, std::string_view error) {
  const bool was_connected = relay_.has_value();
  if (dialling_) {
    learn_from_dial();
  }
  FlowRecord done = record();
  if (was_connected) {
    parts_.loop_guard.closed({Protocol::tcp, core_.source, core_.remote, core_.generation});
    if (why != End::closed) {
      relay_->reset();
    }
    relay_.reset();
  } else {
    if (dialling_) {
      dialling_->dial.abandon();
    }
    if (why == End::dropped) {
      close_in_silence(client_);
    } else {
      close_with_reset(client_);
    }
  }
  if (reason) {
    parts_.reasons.add(*reason);
  }
  if (core_.server && was_connected) {
    counts_of(core_).live.subtract();
    counts_of(core_).moved(done);
  }
  parts_.services.write(core_, std::move(done), why, error);
  parts_.services.closed(core_);
  all_.take_out(*this);
}

}  // namespace weir
