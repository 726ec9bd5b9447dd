#include "gateway/tcp_flow.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/transparent.h"
#include "gateway/dial_failure.h"
#include "gateway/tcp_flows.h"

namespace weir {
namespace {

// A flow this long without a byte gets keepalive probes on both legs.
constexpr Milliseconds quiet{60'000};
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
      services_(all.services_),
      core_(std::move(core)),
      client_(std::move(client)),
      client_events_(*this),
      server_events_(*this) {}

void TcpFlow::start() {
  if (!services_.poll().add(client_.get(), client_events_)) {
    finish(End::limit, Reason::out_of_memory, "cannot watch the connection");
    return;
  }
  const TcpDial::Environment environment{
      services_.poll(), services_.deadlines(), core_.snapshot->bypass(),
      core_.snapshot->timeouts().connect, core_.snapshot->timeouts().handshake};
  TcpDial::Owner& owner = *this;
  dial_ = std::make_unique<TcpDial>(environment, core_.flow, *core_.rule->upstream, owner,
                                    server_events_);
  const auto outcome = dial_->start();
  if (outcome != TcpDial::Outcome::connecting) {
    on_dialed(outcome);
  }
}

FlowRecord TcpFlow::record() const {
  FlowRecord out = services_.describe(core_);
  out.connect_us = connect_us_;
  out.handshake_us = handshake_us_;
  if (relay_) {
    out.bytes_up = relay_->bytes_up();
    out.bytes_down = relay_->bytes_down();
  }
  return out;
}

void TcpFlow::on_client_events(std::uint32_t events) {
  if (over_) {
    return;
  }
  if (failed_) {
    pass_last_words(services_.poll().now());
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
  if (over_) {
    return;
  }
  if (failed_) {
    pass_last_words(services_.poll().now());
  } else if (relay_) {
    progress(relay_->on_server_events(events));
  } else if (dial_) {
    pending_server_events_ |= events;
    dial_->on_events(events);
  }
}

void TcpFlow::on_dialed(TcpDial::Outcome outcome) {
  learn_from_dial();
  if (outcome != TcpDial::Outcome::connected) {
    const DialFailure failure = failure_of(outcome);
    const std::string error = dial_->error();
    finish(failure.end, failure.reason, error);
    return;
  }
  connect_us_ = core_.since_opened(dial_->connected_at());
  services_.took(core_, Latency::connect, connect_us_);
  if (!dial_->route().hops.empty()) {
    handshake_us_ = core_.since_opened(services_.poll().now());
    services_.took(core_, Latency::handshake, handshake_us_);
  }
  if (core_.server) {
    core_.server->flows_total.fetch_add(1, std::memory_order_relaxed);
    core_.server->flows_active.fetch_add(1, std::memory_order_relaxed);
    core_.server->note_success(services_.poll().now());
  }
  relay_.emplace(all_.shared_, std::move(client_), dial_->take_socket());
  if (dial_->has_beaten()) {
    all_.raced_.push_back(std::move(dial_));
  }
  dial_.reset();
  arm(services_.poll().now() + std::min(quiet, core_.snapshot->timeouts().tcp_idle));
  const auto both = pending_client_events_ | EPOLLIN | EPOLLOUT;
  auto state = relay_->on_client_events(both);
  // The event that told of the connection may have told of data, too.
  if ((state == TcpRelay::Progress::waiting || state == TcpRelay::Progress::more) &&
      (pending_server_events_ & ~EPOLLOUT) != 0) {
    state = relay_->on_server_events(pending_server_events_);
  }
  progress(state);
}

void TcpFlow::learn_from_dial() {
  core_.attempts = static_cast<std::uint16_t>(dial_->attempts());
  core_.server = dial_->route().server;
  core_.remote = dial_->route().remote;
  core_.source = dial_->local();
  if (dial_->route().dialled) {
    core_.path =
        std::make_unique<const std::string>(path_of(dial_->route(), core_.rule->upstream->name()));
  }
}

void TcpFlow::on_retry(const std::shared_ptr<Server>&) {
  pending_server_events_ = 0;
  services_.reasons().add(Reason::retried);
}

LoopGuard::OwnSocket TcpFlow::dialled_socket() const {
  return {Protocol::tcp, dial_->local(), dial_->route().remote, core_.generation};
}

void TcpFlow::progress(TcpRelay::Progress state) {
  count_bytes();
  last_activity_ = services_.poll().now();
  switch (state) {
    case TcpRelay::Progress::waiting:
      if (relay_->half_closed() && !half_closed_) {
        half_closed_ = true;
        arm(std::min(deadline_, last_activity_ + core_.snapshot->timeouts().half_closed));
      }
      break;
    case TcpRelay::Progress::more:
      // Both directions are looked at again, whichever is asked for.
      services_.poll().forget(client_events_);
      services_.poll().again(client_events_, 0);
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
    core_.first_byte_us = core_.since_opened(services_.poll().now());
    services_.took(core_, Latency::first_byte, core_.first_byte_us);
  }
  if (up != counted_up_ || down != counted_down_) {
    services_.moved(core_, up - counted_up_, down - counted_down_, 0, 0);
    counted_up_ = up;
    counted_down_ = down;
  }
}

void TcpFlow::arm(Instant when) {
  deadline_ = when;
  services_.deadlines().set(*this, when, services_.poll().now());
}

// Activity only notes the time; here we look whether the flow has really been quiet.
void TcpFlow::on_deadline(Instant now) {
  if (failed_) {
    pass_last_words(now);
    return;
  }
  const Timeouts& timeouts = core_.snapshot->timeouts();
  const Instant due = last_activity_ + (half_closed_ ? timeouts.half_closed : timeouts.tcp_idle);
  if (now >= due) {
    finish(half_closed_ ? End::half_closed_timeout : End::idle, std::nullopt, {});
    return;
  }
  if (now - last_activity_ >= quiet && !kept_alive_) {
    kept_alive_ = true;
    relay_->keep_alive();
  }
  arm(kept_alive_ ? due : std::min(due, last_activity_ + quiet));
}

void TcpFlow::finish(End why, std::optional<Reason> reason, std::string_view error) {
  over_ = true;
  services_.deadlines().cancel(*this);
  services_.poll().forget(client_events_);
  const bool was_connected = relay_.has_value();
  if (dial_) {
    learn_from_dial();
  }
  FlowRecord done = record();
  if (was_connected) {
    services_.loop_guard().closed({Protocol::tcp, core_.source, core_.remote, core_.generation});
    if (why != End::closed) {
      relay_->reset();
    }
    relay_.reset();
  } else {
    if (dial_) {
      dial_->abandon();
    }
    if (why == End::dropped) {
      close_in_silence(client_);
    } else {
      close_with_reset(client_);
    }
  }
  if (reason) {
    services_.reasons().add(*reason);
  }
  if (core_.server && was_connected) {
    core_.server->flows_active.fetch_sub(1, std::memory_order_relaxed);
    core_.server->bytes_up.fetch_add(done.bytes_up, std::memory_order_relaxed);
    core_.server->bytes_down.fetch_add(done.bytes_down, std::memory_order_relaxed);
  }
  services_.write(core_, std::move(done), why, error);
  services_.closed(core_);
  all_.ended(*this);
}

}  // namespace weir
