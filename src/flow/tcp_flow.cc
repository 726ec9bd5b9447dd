#include "flow/tcp_flow.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/transparent.h"
#include "flow/dial_failure.h"
#include "flow/flow_counting.h"
#include "flow/tcp_flows.h"

namespace weir {
namespace {

// What a server says later to a silent client may be that it has waited for long enough (408, an
// alert), and no greeting.
constexpr std::chrono::microseconds greets_within = std::chrono::seconds(5);

// What has not moved for so long is no bulk.
constexpr Milliseconds quiet_after{5'000};
// How long a side may still read what the other sent before it reset the connection.
constexpr Milliseconds last_words_time{10'000};

// Closes without a word: a connection in repair mode sends neither FIN nor RST.
void close_in_silence(Descriptor& socket) {
  static_cast<void>(set_option(socket.get(), IPPROTO_TCP, TCP_REPAIR, 1));
  socket.reset();
}

}  // namespace

TcpFlow::TcpFlow(const Parts& parts, FlowCore core, Descriptor client)
    : parts_(parts),
      core_(std::move(core)),
      client_(std::move(client)),
      quiet_{.peers = PeerWatch(core_.opened)} {}

TcpFlow::~TcpFlow() {
  parts_.dial.poll.cancel(client_watch_);
  parts_.dial.poll.cancel(server_watch_);
}

TcpFlow::Dialling::Dialling(TcpFlow& flow, TcpDial::Owner& owner)
    : observer(flow.parts_.dial, flow.core_.generation),
      dial({observer, flow.parts_.dial.poll, flow.parts_.dial.timers, flow.core_.snapshot->bypass(),
            flow.core_.snapshot->configuration().timeouts.connect,
            flow.core_.snapshot->configuration().timeouts.handshake, flow.parts_.dial.calls},
           flow.core_.flow, *flow.core_.rule->upstream, owner,
           static_cast<TcpServerWatcher&>(flow)),
      memory(flow.parts_.dials) {}

void TcpFlow::start() {
  client_watch_ = parts_.dial.poll.add(client_.get(), static_cast<TcpClientWatcher&>(*this));
  if (!client_watch_) {
    finish(End::limit, Reason::out_of_memory, "cannot watch the connection");
    return;
  }
  TcpDial::Owner& owner = *this;
  dialling_.reset(
      std::pmr::polymorphic_allocator<>(&parts_.dials).new_object<Dialling>(*this, owner));
  const auto outcome = dialling_->dial.start();
  if (outcome != TcpDial::Outcome::connecting) {
    on_dialed(outcome);
  }
}

FlowRecord TcpFlow::record() const {
  FlowRecord out = parts_.records.describe(core_, path_ ? std::string_view(*path_) : "");
  out.connect_us = waited_.connect_us;
  out.handshake_us = waited_.handshake_us;
  if (relay_) {
    out.bytes_up = relay_->bytes_up();
    out.bytes_down = relay_->bytes_down();
  }
  return out;
}

void TcpFlow::on_client_events(std::uint32_t events) {
  if (ending_.failed) {
    pass_last_words(parts_.dial.poll.now());
    return;
  }
  if (relay_) {
    progress(relay_->on_client_events(events));
    return;
  }
  // Still dialling. What the client sends waits in its socket; only its going away matters now.
  dialling_->client_events |= events;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    finish(End::client_reset, std::nullopt, "the client reset the connection while connecting");
  }
}

void TcpFlow::on_server_events(std::uint32_t events) {
  if (ending_.failed) {
    pass_last_words(parts_.dial.poll.now());
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
  waited_.connect_us = soon_after_opened(core_, dial.connected_at());
  note_latency(core_, Latency::connect, waited_.connect_us);
  if (!dial.route().hops.empty()) {
    waited_.handshake_us = soon_after_opened(core_, parts_.dial.poll.now());
    note_latency(core_, Latency::handshake, waited_.handshake_us);
  }
  note_taken(core_);
  const auto server_events = dial.events_seen();
  const auto client_events = dialling_->client_events | EPOLLIN | EPOLLOUT;
  TcpDial::Taken server = dial.take_socket();
  server_watch_ = server.watch;
  relay_.emplace(parts_.relay, std::move(client_), std::move(server.socket));
  parts_.dns.begin(*relay_, core_.flow);
  dialling_.reset();
  quiet_.since = parts_.dial.poll.now();
  arm_next();
  auto state = relay_->on_client_events(client_events);
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
  follow_route(core_, dial.route());
  core_.source = dial.ends().local;
  if (dial.route().first_hop) {
    path_ =
        std::make_unique<const std::string>(path_of(dial.route(), core_.rule->upstream->name()));
  }
}

void TcpFlow::on_retry(const std::shared_ptr<Server>&) { parts_.dial.reasons.add(Reason::retried); }

void TcpFlow::progress(TcpRelay::Progress state) {
  const Instant now = parts_.dial.poll.now();
  // An acknowledgement wakes the flow, too, and is no sign that the two still have something to
  // say.
  if (count_bytes()) {
    quiet_.since = now;
  }
  switch (state) {
    case TcpRelay::Progress::waiting:
      if (relay_->half_closed() && !ending_.half_closed) {
        ending_.half_closed = true;
        quiet_.since = now;
        arm(std::min(quiet_.deadline, now + core_.snapshot->configuration().timeouts.half_closed));
      }
      break;
    case TcpRelay::Progress::more:
      // Both directions are looked at again, whichever is asked for.
      parts_.dial.poll.unschedule(client_watch_);
      parts_.dial.poll.reschedule(client_watch_, 0);
      break;
    case TcpRelay::Progress::closed:
      finish(End::closed, std::nullopt, {});
      break;
    case TcpRelay::Progress::client_reset:
    case TcpRelay::Progress::server_reset:
      ending_.failed = state;
      if (relay_->has_last_words(state)) {
        last_words_until_ = now + last_words_time;
        arm(now + TimerWheel::tick);
      } else {
        finish_failed();
      }
      break;
  }
}

// One side has reset the connection, and the other may still be reading what came before that.
void TcpFlow::pass_last_words(Instant now) {
  if (now < last_words_until_ && relay_->has_last_words(*ending_.failed)) {
    arm(now + TimerWheel::tick);
  } else {
    finish_failed();
  }
}

void TcpFlow::finish_failed() {
  count_bytes();
  finish(
      *ending_.failed == TcpRelay::Progress::client_reset ? End::client_reset : End::server_reset,
      std::nullopt, std::strerror(relay_->error()));
}

bool TcpFlow::count_bytes() {
  const auto up = relay_->bytes_up();
  const auto down = relay_->bytes_down();
  if (counted_.down == 0 && down != 0) {
    note_first_byte(core_, parts_.dial.poll.now());
    note_latency(core_, Latency::first_byte, core_.first_byte_us);
    if (ending_.learns_who_begins && up == 0 && core_.first_byte_us < greets_within.count()) {
      parts_.server_first.learn(core_.flow.destination, parts_.dial.poll.now());
      parts_.dial.reasons.add(Reason::server_first);
    }
  }
  if (up == counted_.up && down == counted_.down) {
    return false;
  }
  note_moved(core_, {{.bytes_up = up - counted_.up, .bytes_down = down - counted_.down}});
  counted_.up = up;
  counted_.down = down;
  return true;
}

void TcpFlow::arm(Instant when) {
  quiet_.deadline = when;
  parts_.dial.timers.set(*this, when, parts_.dial.poll.now());
}

Instant TcpFlow::idle_until() const {
  const Timeouts& timeouts = core_.snapshot->configuration().timeouts;
  return quiet_.since + (ending_.half_closed ? timeouts.half_closed : timeouts.tcp_idle);
}

void TcpFlow::arm_next() {
  arm(std::min(idle_until(),
               quiet_.peers.due(quiet_.since, core_.snapshot->configuration().timeouts.keepalive)));
}

// Activity only notes the time; here we look whether the flow has really been quiet.
void TcpFlow::on_deadline(Instant now) {
  if (ending_.failed) {
    pass_last_words(now);
    return;
  }
  if (now >= idle_until()) {
    finish(ending_.half_closed ? End::half_closed_timeout : End::idle, std::nullopt, {});
    return;
  }
  if (now >= quiet_.peers.due(quiet_.since, core_.snapshot->configuration().timeouts.keepalive)) {
    check_peers(now);
  } else {
    arm_next();
  }
}

void TcpFlow::check_peers(Instant now) {
  if (now - quiet_.since >= quiet_after) {
    relay_->leave_bulk();
  }
  const auto finding = quiet_.peers.check(
      {.client = {.socket = relay_->client_socket(), .moved = relay_->bytes_up()},
       .server = {.socket = relay_->server_socket(), .moved = relay_->bytes_down()},
       .last_activity = quiet_.since,
       .keepalive = core_.snapshot->configuration().timeouts.keepalive},
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
    parts_.dial.loop_guard.closed({Protocol::tcp, core_.source, core_.remote, core_.generation});
    if (why != End::closed) {
      relay_->reset();
    }
    parts_.dns.end(*relay_);
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
    parts_.dial.reasons.add(*reason);
  }
  if (was_connected) {
    note_left(core_);
  }
  parts_.records.write(core_, std::move(done), why, error);
  parts_.intake.closed(core_);
  parts_.all.take_out(*this);
}

}  // namespace weir
