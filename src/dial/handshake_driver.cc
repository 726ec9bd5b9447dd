#include "dial/handshake_driver.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace weir {

HandshakeDriver::State HandshakeDriver::fail(std::string error, Handshake::Fault fault) {
  // The last hops' words may fail to leave when no hop waits for an answer any more.
  hop_ = std::min(hop_, hops_.size() - 1);
  error_ = std::move(error);
  fault_ = fault;
  return State::failed;
}

// Starts the hops whose turn it is; several in one go when they wait for no answer.
HandshakeDriver::State HandshakeDriver::begin_hops() {
  while (hop_ < hops_.size() && !begun_) {
    if (hops_[hop_].handshake->start(opening_, out_) == Handshake::State::done) {
      ++hop_;
    } else {
      begun_ = true;
    }
  }
  return hop_ == hops_.size() ? State::done : State::waiting;
}

Handshake::Fault HandshakeDriver::silence() const {
  const bool is_about_the_request =
      begun_ && hop_ < hops_.size() && hops_[hop_].handshake->is_requesting();
  return is_about_the_request ? Handshake::Fault::request : Handshake::Fault::server;
}

HandshakeDriver::Sent HandshakeDriver::send(int fd) {
  while (!out_.empty()) {
    const ssize_t sent = ::send(fd, out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      if (errno == EAGAIN) {
        return Sent::some;
      }
      return Sent::failed;
    }
    out_.erase(0, static_cast<std::size_t>(sent));
  }
  return Sent::all;
}

HandshakeDriver::State HandshakeDriver::receive(int fd) {
  std::array<char, 4096> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): only read below
  const ssize_t size = recv(fd, buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT);
  if (size < 0) {
    return errno == EAGAIN ? State::waiting : fail(std::strerror(errno), silence());
  }
  if (size == 0) {
    return fail("the server closed the connection", silence());
  }
  const std::string_view in(buffer.data(), static_cast<std::size_t>(size));
  const auto progress = hops_[hop_].handshake->receive(in, out_);
  if (progress.state == Handshake::State::failed) {
    return fail(hops_[hop_].handshake->error(), hops_[hop_].handshake->fault());
  }
  // The handshake would get what it leaves again at once, and for ever.
  const bool is_stuck = progress.state == Handshake::State::waiting && progress.consumed == 0;
  if (is_stuck || progress.consumed > in.size()) {
    return fail(is_stuck ? "a fault in weir: the handshake waits for more and takes nothing"
                         : "a fault in weir: the handshake takes more than there is",
                Handshake::Fault::target);
  }
  // Takes them out of the socket, unread: the kernel discards what MSG_TRUNC asks for.
  if (progress.consumed != 0 &&
      recv(fd, nullptr, progress.consumed, MSG_TRUNC | MSG_DONTWAIT) < 0) {
    return fail(std::strerror(errno));
  }
  if (progress.state == Handshake::State::done) {
    ++hop_;
    begun_ = false;
  }
  return State::done;  // something was done: look again
}

HandshakeDriver::State HandshakeDriver::advance(int fd) {
  while (true) {
    const State hops = begin_hops();
    switch (send(fd)) {
      case Sent::failed:
        return fail(std::strerror(errno));
      case Sent::some:
        return State::waiting;
      case Sent::all:
        break;
    }
    if (hops == State::done) {
      return State::done;
    }
    if (const State received = receive(fd); received != State::done) {
      return received;
    }
  }
}

}  // namespace weir
