// The problem: bytes come in at one socket's speed and leave at another's; nothing may be lost, one
// flow must not starve the others, and an idle flow should cost no memory.
//
// The choice: read into one big buffer that all flows of the worker share and write at once. Only
// what the receiver does not take is kept in the flow (the stash, at most limits.buffer), and while
// there is a stash nothing more is read: backpressure reaches the sender through its own window. A
// direction that keeps the buffer full is bulk, and moves by splice() through a pipe that is lent
// to it while bytes are in flight.
//
// Where the time goes: into the kernel. A request and its answer of some hundred bytes, with both
// FINs, cost 18 system calls (lab/system_calls counts them): 3 to take the connection and find out
// where it was going, 4 to open the one to the server, 2 to watch both, 4 reads, 2 writes, a
// shutdown and 2 closes. Packets are dearer than calls: where a FIN is here already, the bytes
// before it wait for it (MSG_MORE) and leave in the same one. A read that takes less than was
// asked for needs no second one to hear EAGAIN; that is why each direction costs two, its data and
// its FIN, and not three. In bulk the copying is dear, not the calls: splice moves a megabyte for
// less CPU, but a pipe costs two calls for each piece, and only pays above 16 KiB a piece.
// README.md beside this file has the figures.
//
// Edge-triggered traps, each of which lost data or hung a transfer in a prototype:
// - A short read means that the socket is drained, and saves the read that would say EAGAIN. Once a
//   FIN was announced, its event has been used up, so the flag is kept (`hung_up`): then a short
//   read has taken all there will ever be, unless the announcement was a reset's. Nor does it mean
//   anything before urgent data, where every read stops, and splice for ever.
// - After a budgeted turn no event tells again that there is more: the caller must (`more`).
// - Errors are found by reading, after the bytes that came before them. But reading never says that
//   a side which sent FIN was reset after it, and nothing is read while the receiver is blocked:
//   for both, the announcement is kept (`failed`). And a write that fails may come before that
//   reading: then what the peer said last is passed on first.
#include "relay/tcp_relay.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/transparent.h"
#include "relay/bulk_buffers.h"

namespace weir {
namespace {

// One turn's share of one direction.
constexpr std::size_t turn_budget = 1 << 20;
// Bytes without a pause after which a direction counts as bulk.
constexpr std::uint64_t bulk_after = std::uint64_t{256} * 1024;
// And after which its buffers are bounded: before the kernel has made them much larger.
constexpr std::uint64_t bounded_after = std::uint64_t{64} * 1024;
// A splice that moves less than this was not worth its two system calls.
constexpr ssize_t min_splice = ssize_t{16} * 1024;

// Why a side that was announced as failed did.
int pending_error(int fd) {
  int code = 0;
  socklen_t length = sizeof code;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length) == 0 && code != 0 ? code : ECONNRESET;
}

}  // namespace

void close_with_reset(Descriptor& socket) {
  if (socket.valid()) {
    const linger reset_at_close{1, 0};
    setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &reset_at_close, sizeof reset_at_close);
    socket.reset();
  }
}

TcpRelay::TcpRelay(Shared& shared, Descriptor client, Descriptor server) : shared_(shared) {
  client_.socket = std::move(client);
  client_.no_delay = true;  // inherited from the listener
  client_.readable = true;  // its event came while the upstream was being dialled
  server_.socket = std::move(server);
}

TcpRelay::~TcpRelay() {
  for (Direction* direction : {&up_, &down_}) {
    if (direction->pipe) {
      shared_.pipes.discard(std::move(*direction->pipe));
    }
    if (direction->bounded) {
      shared_.bulk.leave();
    }
  }
}

void TcpRelay::note(Side& side, std::uint32_t events) {
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
    side.readable = true;
  }
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
    side.hung_up = true;
  }
  if ((events & EPOLLERR) != 0) {
    side.failed = true;
  }
  if ((events & EPOLLPRI) != 0 && !side.urgent) {
    take_urgent_data_inline(side);
  }
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
    side.writable = true;
  }
}

// Else the urgent byte would be left out of the stream.
void TcpRelay::take_urgent_data_inline(Side& side) {
  side.urgent = true;
  static_cast<void>(set_option(side.socket.get(), SOL_SOCKET, SO_OOBINLINE, 1));
}

TcpRelay::Progress TcpRelay::on_client_events(std::uint32_t events) {
  note(client_, events);
  return pump_both(client_);
}

TcpRelay::Progress TcpRelay::on_server_events(std::uint32_t events) {
  note(server_, events);
  return pump_both(server_);
}

TcpRelay::Progress TcpRelay::failure(const Side& side, int code) {
  error_ = code;
  return &side == &client_ ? Progress::client_reset : Progress::server_reset;
}

// What came from `first` goes on before what goes to it.
TcpRelay::Progress TcpRelay::pump_both(Side& first) {
  Side& second = &first == &client_ ? server_ : client_;
  bool more = false;
  for (Side* from : {&first, &second}) {
    Side& to = from == &client_ ? server_ : client_;
    Direction& direction = from == &client_ ? up_ : down_;
    std::size_t budget = turn_budget;
    Step step = Step::again;
    while (step == Step::again && budget > 0) {
      step = pump(direction, *from, to, budget);
    }
    if (step == Step::waiting && from->failed) {
      return failure(*from, pending_error(from->socket.get()));
    }
    if (step == Step::from_failed) {
      return failure(*from, errno);
    }
    if (step == Step::to_failed) {
      const int code = errno;
      pass_last_words(to, *from);
      return failure(to, code);
    }
    more = more || step == Step::again;
  }
  if (up_.finished && down_.finished) {
    return Progress::closed;
  }
  return more ? Progress::more : Progress::waiting;
}

// A server that answers early and closes, while the client is still sending: the answer waits in
// our socket when the next write fails.
void TcpRelay::pass_last_words(Side& gone, Side& left) {
  Direction& direction = &gone == &client_ ? up_ : down_;
  gone.readable = gone.hung_up = gone.failed = true;
  std::size_t budget = turn_budget;
  while (budget > 0 && pump(direction, gone, left, budget) == Step::again) {
  }
}

TcpRelay::Step TcpRelay::pump(Direction& direction, Side& from, Side& to, std::size_t& budget) {
  if (direction.finished) {
    return Step::waiting;
  }
  if (direction.stash_end != 0 || direction.in_pipe != 0) {
    const Step step = flush(direction, to);
    if (step != Step::again) {
      return step;
    }
  }
  if (direction.ended) {
    finish(direction, to);
    return Step::waiting;
  }
  if (!from.readable || !to.writable) {
    return Step::waiting;
  }
  const bool is_bulk = direction.run >= bulk_after && !from.urgent && !direction.watched;
  return is_bulk ? splice(direction, from, to, budget) : copy(direction, from, to, budget);
}

// Nothing is left to read. After a reset that is no end: no FIN must say so.
TcpRelay::Step TcpRelay::end(Direction& direction, const Side& from, Side& to) {
  if (!from.failed) {
    direction.ended = true;
    finish(direction, to);
  }
  return Step::waiting;
}

void TcpRelay::finish(Direction& direction, Side& to) {
  direction.finished = true;
  const Direction& other = &direction == &up_ ? down_ : up_;
  if (!other.finished) {  // else closing the sockets says it
    shutdown(to.socket.get(), SHUT_WR);
  }
}

// Sends what is held back. `again` means that nothing is left.
TcpRelay::Step TcpRelay::flush(Direction& direction, Side& to) {
  while (direction.in_pipe != 0) {
    const ssize_t moved = ::splice(direction.pipe->read_end.get(), nullptr, to.socket.get(),
                                   nullptr, direction.in_pipe, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (moved <= 0) {
      if (moved < 0 && errno != EAGAIN) {
        return Step::to_failed;
      }
      to.writable = false;
      return Step::waiting;
    }
    direction.in_pipe -= static_cast<std::uint32_t>(moved);
    direction.bytes += static_cast<std::uint64_t>(moved);
  }
  if (direction.pipe) {
    shared_.pipes.give_back(std::move(*direction.pipe));
    direction.pipe.reset();
  }
  while (direction.stash_begin < direction.stash_end) {
    const ssize_t sent =
        send(to.socket.get(), direction.stash.get() + direction.stash_begin,
             direction.stash_end - direction.stash_begin, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      if (errno != EAGAIN) {
        return Step::to_failed;
      }
      to.writable = false;
      return Step::waiting;
    }
    direction.stash_begin += static_cast<std::uint32_t>(sent);
    direction.bytes += static_cast<std::uint64_t>(sent);
  }
  direction.stash.reset();
  direction.stash_begin = direction.stash_end = 0;
  return Step::again;
}

TcpRelay::Step TcpRelay::copy(Direction& direction, Side& from, Side& to, std::size_t& budget) {
  const auto chunk = shared_.buffer.first(std::min(shared_.buffer.size(), shared_.max_stashed));
  const ssize_t received = recv(from.socket.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
  if (received < 0) {
    if (errno != EAGAIN) {
      return Step::from_failed;
    }
    from.readable = false;
    direction.run = 0;
    return Step::waiting;
  }
  if (received == 0) {
    return end(direction, from, to);
  }
  const auto size = static_cast<std::size_t>(received);
  budget -= std::min(budget, size);
  direction.run += size;
  if (direction.watched) {
    shared_.on_watched(*this, chunk.first(size));
  }
  if (direction.run >= bounded_after && !direction.bounded) {
    direction.bounded = true;
    shared_.bulk.join();
    bound_bulk_buffers(from.socket.get(), to.socket.get(), shared_.bulk);
  }
  const bool drained = size < chunk.size() && !from.urgent;
  if (drained && from.hung_up && !from.failed) {
    direction.ended = true;  // its FIN was here before we read
  } else if (drained && !from.hung_up) {
    from.readable = false;
    if (size < static_cast<std::size_t>(min_splice)) {
      direction.run = 0;
    }
  }
  return write(direction, from, to, chunk.first(size));
}

TcpRelay::Step TcpRelay::write(Direction& direction, const Side& from, Side& to,
                               std::span<const std::uint8_t> bytes) {
  // Nagle's algorithm holds back a small write only while an earlier one is unacknowledged: the
  // first one needs no option, and many connections have no second.
  if (!to.no_delay && direction.bytes != 0) {
    to.no_delay = set_option(to.socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  }
  // Where the sender's FIN is here already, the last bytes wait for ours: one packet takes both.
  const int more = from.hung_up && !from.failed ? MSG_MORE : 0;
  const ssize_t sent =
      send(to.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT | more);
  if (sent < 0 && errno != EAGAIN) {
    return Step::to_failed;
  }
  const auto done = static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
  direction.bytes += done;
  if (done == bytes.size()) {
    return Step::again;
  }
  to.writable = false;
  const auto rest = bytes.subspan(done);
  direction.stash = std::make_unique_for_overwrite<std::uint8_t[]>(rest.size());
  std::memcpy(direction.stash.get(), rest.data(), rest.size());
  direction.stash_begin = 0;
  direction.stash_end = static_cast<std::uint32_t>(rest.size());
  return Step::waiting;
}

TcpRelay::Step TcpRelay::splice(Direction& direction, Side& from, Side& to, std::size_t& budget) {
  if (!direction.pipe) {
    direction.pipe = shared_.pipes.take();
    if (!direction.pipe) {
      return copy(direction, from, to, budget);
    }
  }
  const ssize_t moved = ::splice(from.socket.get(), nullptr, direction.pipe->write_end.get(),
                                 nullptr, PipePool::capacity, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (moved <= 0) {
    const int code = errno;
    shared_.pipes.give_back(std::move(*direction.pipe));
    direction.pipe.reset();
    if (moved == 0) {
      return end(direction, from, to);
    }
    errno = code;
    if (code != EAGAIN) {
      return Step::from_failed;
    }
    from.readable = false;
    return Step::waiting;
  }
  direction.in_pipe = static_cast<std::uint32_t>(moved);
  shared_.bulk_bytes += static_cast<std::uint64_t>(moved);
  budget -= std::min(budget, static_cast<std::size_t>(moved));
  if (moved < min_splice) {
    direction.run = 0;  // copying is cheaper at this rate
  }
  return flush(direction, to);
}

bool TcpRelay::has_last_words(Progress failure) {
  Side& to = failure == Progress::server_reset ? client_ : server_;
  Direction& direction = failure == Progress::server_reset ? down_ : up_;
  to.writable = true;
  if (flush(direction, to) == Step::to_failed) {
    return false;
  }
  int unacknowledged = 0;
  return direction.stash_end != 0 || direction.in_pipe != 0 ||
         (ioctl(to.socket.get(), SIOCOUTQ, &unacknowledged) == 0 && unacknowledged > 0);
}

void TcpRelay::leave_bulk() {
  for (Direction* direction : {&up_, &down_}) {
    if (direction->bounded && direction->stash_end == 0 && direction->in_pipe == 0) {
      direction->bounded = false;
      direction->run = 0;
      shared_.bulk.leave();
    }
  }
}

void TcpRelay::reset() {
  close_with_reset(client_.socket);
  close_with_reset(server_.socket);
}

}  // namespace weir
