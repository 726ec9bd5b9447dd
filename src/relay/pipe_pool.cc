#include "relay/pipe_pool.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace weir {

std::optional<Pipe> PipePool::take() {
  if (!idle_.empty()) {
    Pipe pipe = std::move(idle_.back());
    idle_.pop_back();
    ++lent_;
    return pipe;
  }
  std::array<int, 2> ends{};
  if (lent_ >= max || pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) {
    return std::nullopt;
  }
  // Refused beyond the user's share of pipe pages: then the default size has to do.
  fcntl(ends[1], F_SETPIPE_SZ, capacity);
  ++lent_;
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

void PipePool::give_back(Pipe pipe) {
  --lent_;
  idle_.push_back(std::move(pipe));
}

void PipePool::discard(Pipe) { --lent_; }

}  // namespace weir
