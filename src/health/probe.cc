#include "health/probe.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "dial/outbound.h"

namespace weir {
namespace {

// As much of an answer as is searched for the expected text.
constexpr std::size_t max_received = std::size_t{64} * 1024;

std::string words_for(const char* step, int code) {
  return std::string(step) + ": " + std::strerror(code);  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace

Probe::Probe(Loop& loop, const Route& route, const CheckTerms& terms, Mark bypass, Callback done)
    : route_(route), terms_(terms), done_(std::move(done)), timer_(loop, [this] {
        finish(failure_.empty()
                   ? (connected_ ? "no answer" : "no connection") + std::string(" within ") +
                         std::to_string(terms_.timeout.count()) + "ms"
                   : failure_);
      }) {
  open(route, bypass);
  if (socket_.valid()) {
    poll_ =
        std::make_unique<Poll>(loop, socket_.get(), [this](Poll::Ready ready) { on_ready(ready); });
    poll_->watch({.readable = false, .writable = true});
    timer_.once(terms_.timeout);
  } else {
    timer_.once(Milliseconds(0));  // the owner is told after the constructor is over
  }
}

Probe::~Probe() {
  poll_.reset();
  if (socket_.valid() && terms_.protocol == Protocol::tcp) {
    // Leaves no TIME_WAIT behind: thousands of probes would fill the table.
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
}

void Probe::open(const Route& route, Mark bypass) {
  const Flow flow{.protocol = terms_.protocol,
                  .client = {Address::any(route.remote.family()), 0},
                  .destination = route.remote,
                  .interface = 0};
  Outbound out = terms_.protocol == Protocol::tcp ? open_tcp(flow, route, bypass)
                                                  : open_udp_connected(flow, route, bypass);
  if (!out.socket.valid()) {
    failure_ = words_for(out.step, out.error);
  }
  socket_ = std::move(out.socket);
}

void Probe::on_ready(Poll::Ready ready) {
  if (!connected_) {
    int code = 0;
    socklen_t length = sizeof code;
    getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &code, &length);
    if (code != 0) {
      finish(words_for("connect", code));
      return;
    }
    connected_ = true;
    if (terms_.kind == CheckTerms::Kind::connect ||
        (terms_.kind == CheckTerms::Kind::handshake && route_.hops.empty())) {
      finish("");
      return;
    }
    if (terms_.kind == CheckTerms::Kind::handshake) {
      handshake_driver_.emplace(route_.hops, std::string_view());
      poll_->watch({.readable = true, .writable = false});
    }
  }
  if (handshake_driver_) {
    converse();
  } else if (ready.readable) {
    receive();
  } else if (ready.writable) {
    send();
  }
}

// The words fit the buffer of a socket that has just connected: only answers are waited for.
void Probe::converse() {
  switch (handshake_driver_->advance(socket_.get())) {
    case HandshakeDriver::State::waiting:
      return;
    case HandshakeDriver::State::done:
      finish("");
      return;
    case HandshakeDriver::State::failed:
      finish(handshake_driver_->error());
      return;
  }
}

void Probe::send() {
  while (sent_ < terms_.send.size()) {
    const auto count = ::send(socket_.get(), terms_.send.data() + sent_, terms_.send.size() - sent_,
                              MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0) {
      if (errno != EAGAIN) {
        finish(words_for("send", errno));
      }
      return;
    }
    sent_ += static_cast<std::size_t>(count);
  }
  poll_->watch({.readable = true, .writable = false});
}

void Probe::receive() {
  std::array<char, 4096> buffer{};
  const auto count = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count < 0) {
    if (errno != EAGAIN) {
      finish(words_for("receive", errno));
    }
    return;
  }
  received_.append(buffer.data(), static_cast<std::size_t>(count));
  const bool answered = !received_.empty() || terms_.protocol == Protocol::udp;
  if (answered && received_.find(terms_.expect) != std::string::npos) {
    finish("");
  } else if (count == 0 && terms_.protocol == Protocol::tcp) {
    finish(received_.empty() ? "closed without an answer" : "the answer is another one");
  } else if (received_.size() > max_received) {
    finish("the answer is another one");
  } else if (terms_.protocol == Protocol::udp) {
    received_.clear();  // what is expected stands in one datagram
  }
}

void Probe::finish(std::string why_not) {
  poll_.reset();
  timer_.stop();
  const auto done = std::exchange(done_, nullptr);
  if (done) {
    done(std::move(why_not));
  }
}

}  // namespace weir
