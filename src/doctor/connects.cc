#include "doctor/connects.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/descriptor.h"
#include "base/transparent.h"

namespace weir::doctor {

namespace {

using Outcome = Attempt::Outcome;

void record_result(Attempt& attempt, int code) {
  switch (code) {
    case 0:
      attempt.outcome = Outcome::connected;
      break;
    case ECONNREFUSED:
    case ECONNRESET:
      attempt.outcome = Outcome::refused;
      break;
    case ETIMEDOUT:
      attempt.outcome = Outcome::silent;
      break;
    default:
      attempt.outcome = Outcome::failed;
      attempt.error = strerror(code);
  }
}

Descriptor begin(Attempt& attempt, Mark bypass) {
  Descriptor socket(
      ::socket(domain_of(attempt.remote.family()), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_storage raw{};
  bool ready = socket.valid() &&
               set_option(socket.get(), SOL_SOCKET, SO_MARK, static_cast<int>(bypass.value));
  if (ready && !attempt.source.is_unspecified()) {
    const socklen_t length = Endpoint{attempt.source, 0}.to(raw);
    ready = bind(socket.get(), reinterpret_cast<const sockaddr*>(&raw), length) == 0;
  }
  if (ready) {
    const socklen_t length = attempt.remote.to(raw);
    ready = connect(socket.get(), reinterpret_cast<const sockaddr*>(&raw), length) == 0;
  }
  if (ready || errno != EINPROGRESS) {
    record_result(attempt, ready ? 0 : errno);
  }
  return socket;
}

int error_of(int fd) {
  int code = 0;
  socklen_t length = sizeof(code);
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length) == 0 ? code : errno;
}

}  // namespace

void try_connects(std::span<Attempt> attempts, Mark bypass, Milliseconds timeout) {
  std::vector<Descriptor> sockets;
  sockets.reserve(attempts.size());
  for (Attempt& attempt : attempts) {
    sockets.push_back(begin(attempt, bypass));
  }
  const auto until = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    std::vector<pollfd> waits;
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      const bool open = attempts[i].outcome == Outcome::none;
      waits.push_back({.fd = open ? sockets[i].get() : -1, .events = POLLOUT, .revents = 0});
    }
    const auto left =
        std::chrono::duration_cast<Milliseconds>(until - std::chrono::steady_clock::now());
    bool any_open = false;
    for (const pollfd& wait : waits) {
      any_open = any_open || wait.fd >= 0;
    }
    if (!any_open || left.count() <= 0) {
      break;
    }
    if (poll(waits.data(), waits.size(), static_cast<int>(left.count())) < 0 && errno != EINTR) {
      break;
    }
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      if (waits[i].revents != 0) {
        record_result(attempts[i], error_of(sockets[i].get()));
      }
    }
  }
  for (Attempt& attempt : attempts) {
    if (attempt.outcome == Outcome::none) {
      attempt.outcome = Outcome::silent;
    }
  }
}

}  // namespace weir::doctor
