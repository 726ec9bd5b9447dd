#include "dial/connection_attempts.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace weir {

bool ConnectionAttempts::add(Started started) {
  auto pending = std::make_unique<Pending>(*this, std::move(started));
  pending->watch = poll_.add(pending->started.socket.get(), *pending);
  if (!pending->watch) {
    return false;
  }
  pending_.push_back(std::move(pending));
  return true;
}

void ConnectionAttempts::on_events(const Pending& pending, std::uint32_t events) {
  const auto found = std::find_if(pending_.begin(), pending_.end(),
                                  [&](const auto& one) { return one.get() == &pending; });
  const auto index = static_cast<std::size_t>(found - pending_.begin());
  int code = 0;
  socklen_t length = sizeof code;
  calls_.getsockopt(pending.started.socket.get(), SOL_SOCKET, SO_ERROR, &code, &length);
  if (code != 0) {
    const Ends ends = pending.started.ends;
    drop(index);
    owner_.on_attempt_closed(ends);
  } else if ((events & EPOLLOUT) != 0) {
    owner_.on_attempt_connected(take(index));
  }
}

ConnectionAttempts::Started ConnectionAttempts::take(std::size_t index) {
  Started out = std::move(pending_[index]->started);
  poll_.remove(pending_[index]->watch, out.socket.get());
  drop(index);
  return out;
}

void ConnectionAttempts::drop(std::size_t index) {
  pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(index));
}

void ConnectionAttempts::close() {
  while (!pending_.empty()) {
    const Ends ends = pending_.front()->started.ends;
    drop(0);
    owner_.on_attempt_closed(ends);
  }
}

}  // namespace weir
