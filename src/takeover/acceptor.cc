#include "takeover/acceptor.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "base/descriptor_limit.h"

namespace weir::takeover {

Acceptor::Acceptor(Loop& loop, Descriptor listening, std::function<void(Channel)> on_call,
                   Accept accept, Milliseconds recovery)
    : listening_(std::move(listening)),
      on_call_(std::move(on_call)),
      accept_(accept ? std::move(accept)
                     : [](int fd) { return accept4(fd, nullptr, nullptr, SOCK_CLOEXEC); }),
      recovery_time_(recovery),
      incoming_(
          std::make_unique<Poll>(loop, listening_.get(), [this](Poll::Ready) { this->accept(); })),
      recovery_(loop, [this]() { listen(); }) {
  listen();
}

void Acceptor::listen() { incoming_->watch({.readable = true, .writable = false}); }

void Acceptor::accept() {
  Descriptor accepted;
  int code = 0;
  {
    const SpareDescriptors may_be_used;
    accepted = Descriptor(accept_(listening_.get()));
    code = errno;
  }
  if (accepted.valid()) {
    on_call_(Channel(std::move(accepted)));
  } else if (code != EINTR && code != EAGAIN && code != ECONNABORTED) {
    // Callers stay in the backlog, and the poll would report them all the time.
    incoming_->watch({.readable = false, .writable = false});
    recovery_.once(recovery_time_);
  }
}

}  // namespace weir::takeover
