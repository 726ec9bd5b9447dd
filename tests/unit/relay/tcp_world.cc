#include "tcp_world.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

// After the socket headers, which it needs.
#include <linux/sockios.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "catch.h"
#include "weir/endpoint.h"

namespace weir {
namespace {

constexpr std::chrono::seconds timeout{20};

void limit_buffers(int fd, int size) {
  if (size != 0) {
    REQUIRE(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0);
    REQUIRE(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) == 0);
  }
}

struct Connection {
  Descriptor caller;
  Descriptor called;
};

Connection connection(int kernel_buffers) {
  const Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  limit_buffers(listener.get(), kernel_buffers);  // accepted sockets inherit them
  sockaddr_storage raw{};
  socklen_t length = Endpoint{Address::v4(INADDR_LOOPBACK), 0}.to(raw);
  auto* name = reinterpret_cast<sockaddr*>(&raw);
  REQUIRE(bind(listener.get(), name, length) == 0);
  REQUIRE(listen(listener.get(), 1) == 0);
  REQUIRE(getsockname(listener.get(), name, &length) == 0);
  Connection out;
  out.caller.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  limit_buffers(out.caller.get(), kernel_buffers);
  REQUIRE(connect(out.caller.get(), name, length) == 0);
  REQUIRE(fcntl(out.caller.get(), F_SETFL, O_NONBLOCK) == 0);
  out.called.reset(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  REQUIRE(out.called.valid());
  return out;
}

int queued(int fd, unsigned long request) {
  int bytes = 0;
  REQUIRE(ioctl(fd, request, &bytes) == 0);
  return bytes;
}

}  // namespace

std::uint8_t pattern_at(std::uint64_t position, std::uint8_t salt) {
  return static_cast<std::uint8_t>(position ^ (position >> 8U) * 31 ^ (position >> 16U) * 7 ^ salt);
}

void TcpEnd::say(const std::string& text) {
  REQUIRE(send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
          static_cast<ssize_t>(text.size()));
}

void TcpEnd::write_all(std::size_t max, std::uint8_t salt) {
  std::array<std::uint8_t, 65536> chunk;
  while (max > 0) {
    const std::size_t size = std::min(max, chunk.size());
    for (std::size_t i = 0; i < size; ++i) {
      chunk[i] = pattern_at(poured + i, salt);
    }
    const ssize_t sent = send(socket.get(), chunk.data(), size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) {
      return;
    }
    poured += static_cast<std::uint64_t>(sent);
    max -= static_cast<std::size_t>(sent);
  }
}

void TcpEnd::read_all(std::size_t max) {
  std::array<char, 65536> chunk;
  while (max > 0) {
    const ssize_t got = recv(socket.get(), chunk.data(), std::min(max, chunk.size()), MSG_DONTWAIT);
    if (got < 0) {
      error = errno == EAGAIN ? error : errno;
      return;
    }
    if (got == 0) {
      ended = true;
      return;
    }
    heard.append(chunk.data(), static_cast<std::size_t>(got));
    max -= static_cast<std::size_t>(got);
  }
}

void TcpEnd::read_pattern(std::size_t max, std::uint8_t salt) {
  const std::size_t before = heard.size();
  read_all(max);
  for (std::size_t i = before; i < heard.size(); ++i, ++drunk) {
    wrong += static_cast<std::uint8_t>(heard[i]) != pattern_at(drunk, salt) ? 1 : 0;
  }
  heard.resize(before);
}

void TcpEnd::finish() { REQUIRE(shutdown(socket.get(), SHUT_WR) == 0); }

void TcpEnd::reset() { close_with_reset(socket); }

TcpWorld::TcpWorld() : TcpWorld(Sizes{}) {}

TcpWorld::TcpWorld(const Sizes& sizes)
    : buffer_(std::make_unique<std::uint8_t[]>(sizes.buffer)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  shared_.emplace(TcpRelay::Shared{.buffer = {buffer_.get(), sizes.buffer},
                                   .pipes = pipes,
                                   .max_stashed = sizes.max_stashed,
                                   .bulk = bulk});
  Connection up = connection(sizes.kernel_buffers);
  Connection down = connection(sizes.kernel_buffers);
  client.socket = std::move(up.caller);
  server.socket = std::move(down.called);
  client_side = up.called.get();
  server_side = down.caller.get();
  for (const int fd : {client_side, server_side}) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
    event.data.fd = fd;
    REQUIRE(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0);
  }
  relay.emplace(*shared_, std::move(up.called), std::move(down.caller));
}

void TcpWorld::watch(std::function<void(std::string_view)> see) {
  shared_->on_watched = [see = std::move(see)](const TcpRelay&,
                                               std::span<const std::uint8_t> bytes) {
    see({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  };
  relay->watch_server();
}

void TcpWorld::note(TcpRelay::Progress progress) {
  more_ = progress == TcpRelay::Progress::more;
  turns_without_end += more_ ? 1 : 0;
  if (!more_) {
    state = progress;
  }
}

void TcpWorld::turn(int ms) {
  std::array<epoll_event, 4> events{};
  const bool again = more_;
  const int count =
      epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), again ? 0 : ms);
  for (int i = 0; i < count && !over(); ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    note(event.data.fd == client_side ? relay->on_client_events(event.events)
                                      : relay->on_server_events(event.events));
  }
  if (again && !over()) {
    note(relay->on_client_events(0));
  }
}

bool TcpWorld::until(const std::function<bool()>& condition) {
  const auto give_up = std::chrono::steady_clock::now() + timeout;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up) {
      return false;
    }
    turn(1);
  }
  return true;
}

void TcpWorld::settle() {
  for (int quiet = 0; quiet < 5;) {
    const auto before = relay->bytes_up() + relay->bytes_down();
    turn(10);
    quiet = more_ || relay->bytes_up() + relay->bytes_down() != before ? 0 : quiet + 1;
  }
}

void TcpWorld::block(TcpEnd& from, std::uint8_t salt) {
  for (std::uint64_t before = UINT64_MAX; from.poured != before;) {
    before = from.poured;
    from.write_all(1 << 20, salt);
    settle();
  }
}

TcpWorld::Roles TcpWorld::roles(bool swapped) {
  constexpr auto of_client = TcpRelay::Progress::client_reset;
  constexpr auto of_server = TcpRelay::Progress::server_reset;
  return swapped ? Roles{server, client, of_server, of_client}
                 : Roles{client, server, of_client, of_server};
}

int TcpWorld::readable(int fd) { return queued(fd, FIONREAD); }

std::size_t TcpWorld::free_pipes() {
  std::vector<Pipe> taken;
  while (auto pipe = pipes.take()) {
    taken.push_back(std::move(*pipe));
  }
  const std::size_t count = taken.size();
  for (Pipe& pipe : taken) {
    pipes.give_back(std::move(pipe));
  }
  return count;
}

std::int64_t TcpWorld::held_up() const {
  return static_cast<std::int64_t>(client.poured) - queued(client.socket.get(), SIOCOUTQ) -
         readable(client_side) - static_cast<std::int64_t>(relay->bytes_up());
}

}  // namespace weir
