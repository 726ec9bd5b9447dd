#include "dial/challengers.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace weir {

bool Challengers::add(Entrant entrant) {
  auto runner = std::make_unique<Runner>(*this, std::move(entrant));
  runner->watch = poll_.add(runner->entrant.socket.get(), *runner);
  if (!runner->watch) {
    return false;
  }
  running_.push_back(std::move(runner));
  return true;
}

void Challengers::on_events(const Runner& runner, std::uint32_t events) {
  const auto found = std::find_if(running_.begin(), running_.end(),
                                  [&](const auto& one) { return one.get() == &runner; });
  const auto index = static_cast<std::size_t>(found - running_.begin());
  int code = 0;
  socklen_t length = sizeof code;
  calls_.getsockopt(runner.entrant.socket.get(), SOL_SOCKET, SO_ERROR, &code, &length);
  if (code != 0) {
    const Ends ends = runner.entrant.ends;
    drop(index);
    owner_.on_challenger_closed(ends);
  } else if ((events & EPOLLOUT) != 0) {
    owner_.on_challenger_connected(take(index));
  }
}

Challengers::Entrant Challengers::take(std::size_t index) {
  Entrant out = std::move(running_[index]->entrant);
  poll_.remove(running_[index]->watch, out.socket.get());
  drop(index);
  return out;
}

void Challengers::drop(std::size_t index) {
  running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(index));
}

void Challengers::close() {
  while (!running_.empty()) {
    const Ends ends = running_.front()->entrant.ends;
    drop(0);
    owner_.on_challenger_closed(ends);
  }
}

}  // namespace weir
