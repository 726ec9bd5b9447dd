// A network of TCP servers in the kernel's place (SocketCalls): any address answers as the test
// says, at once, later or not at all, and any call fails with any errno. Needs no privilege.
//
// What weir connects is a real loopback connection, whose other end the test holds. That of a
// silent server is full, so that it is not ready until answer(). One network at a time.
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

// After the socket headers, which it needs.
#include <linux/sockios.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "base/socket_calls.h"
#include "catch.h"
#include "weir/endpoint.h"

namespace weir {

// The test's end of a connection.
class TcpPeer {
 public:
  enum class State : std::uint8_t { open, ended, reset };

  TcpPeer() = default;
  explicit TcpPeer(Descriptor socket) : socket_(std::move(socket)) {}

  [[nodiscard]] int descriptor() const { return socket_.get(); }
  void say(const std::string& text) const {
    REQUIRE(send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
            static_cast<ssize_t>(text.size()));
  }
  // As much as the socket takes, at most so many bytes.
  std::size_t write_all(std::size_t max) const {
    const std::string chunk(65'536, 'p');
    std::size_t poured = 0;
    while (poured < max) {
      const ssize_t sent = send(socket_.get(), chunk.data(), std::min(chunk.size(), max - poured),
                                MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent <= 0) {
        break;
      }
      poured += static_cast<std::size_t>(sent);
    }
    return poured;
  }
  void finish() const { REQUIRE(shutdown(socket_.get(), SHUT_WR) == 0); }  // FIN
  void reset() {                                                           // RST
    const linger at_once{1, 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    socket_.reset();
  }
  // Reads what is there; it is kept.
  State observe() {
    std::array<char, 65'536> chunk;
    while (state_ == State::open) {
      const ssize_t got = recv(socket_.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) {
        break;
      }
      if (got <= 0) {
        state_ = got == 0 ? State::ended : State::reset;
      } else {
        heard.append(chunk.data(), static_cast<std::size_t>(got));
      }
    }
    return state_;
  }

  // How it ended, once it has; it is about to.
  State how_ended() {
    for (pollfd one{socket_.get(), POLLIN, 0}; observe() == State::open;) {
      REQUIRE(poll(&one, 1, 10'000) == 1);
    }
    return state_;
  }

  std::string heard;

 private:
  Descriptor socket_;
  State state_ = State::open;
};

class TcpNetwork {
 public:
  enum class Call : std::uint8_t { socket, bind, connect, getsockname, getsockopt };
  // What weir has opened.
  struct Socket {
    int domain = 0;
    Endpoint local;
    std::optional<Endpoint> remote;
    std::map<std::pair<int, int>, int> options;  // by level and name
    int error = 0;                               // SO_ERROR
  };

  TcpNetwork() {
    REQUIRE(now_ == nullptr);
    now_ = this;
    listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage raw{};
    socklen_t length = Endpoint{Address::v4(INADDR_LOOPBACK), 0}.to(raw);
    auto* name = reinterpret_cast<sockaddr*>(&raw);
    REQUIRE(::bind(listener_.get(), name, length) == 0);
    REQUIRE(listen(listener_.get(), 16) == 0);
    REQUIRE(::getsockname(listener_.get(), name, &length) == 0);
    listens_at_ = raw;
  }
  ~TcpNetwork() { now_ = nullptr; }
  TcpNetwork(const TcpNetwork&) = delete;
  TcpNetwork& operator=(const TcpNetwork&) = delete;

  [[nodiscard]] static const SocketCalls& calls() {
    static const SocketCalls table = [] {
      SocketCalls out;
      out.socket = open;
      out.bind = bind;
      out.connect = connect;
      out.getsockname = name;
      out.getsockopt = option;
      out.setsockopt = set_option;
      return out;
    }();
    return table;
  }

  // The next `times` calls of that kind fail.
  void fail(Call call, int code, int times = 1) { failing_[call] = {code, times}; }
  void is_unwatchable() { unwatchable_ = true; }  // what is opened from now on: EPERM
  void fail_option(int level, int name, int code) { failing_options_[{level, name}] = code; }

  // How a server is: where nothing is said, it accepts.
  void fails_at_once(const Endpoint& server, int code) {
    manners_[server] = {Manner::at_once, code};
  }
  void fails_later(const Endpoint& server, int code) { manners_[server] = {Manner::later, code}; }
  void is_silent(const Endpoint& server) { manners_[server] = {Manner::silent, 0}; }
  void accepts(const Endpoint& server) { manners_.erase(server); }
  // A silent one says something after all, to the connection that is under way.
  void answer(const Endpoint& server) {
    TcpPeer& silent = peer(server);
    while (silent.heard.size() < filled_[server]) {
      REQUIRE(silent.observe() == TcpPeer::State::open);
    }
    silent.heard.clear();
  }
  void give_up(const Endpoint& server, int code) {
    for (auto& [fd, one] : sockets_) {
      if (one.remote == server) {
        one.error = code;
      }
    }
    peer(server).reset();
  }

  // The server's end of the latest connection to it.
  [[nodiscard]] TcpPeer& peer(const Endpoint& server) {
    REQUIRE(peers_.contains(server));
    return peers_.at(server);
  }
  // Connections tried there so far.
  [[nodiscard]] int tries(const Endpoint& server) const {
    const auto found = tries_.find(server);
    return found == tries_.end() ? 0 : found->second;
  }
  [[nodiscard]] int opened() const { return opened_; }
  // The latest socket that was connected there.
  [[nodiscard]] const Socket& socket_to(const Endpoint& server) const {
    const auto found = std::find_if(sockets_.begin(), sockets_.end(),
                                    [&](const auto& one) { return one.second.remote == server; });
    REQUIRE(found != sockets_.end());
    return found->second;
  }

  // Both ends of a loopback connection: of who calls, and of the one who is called.
  struct Connection {
    Descriptor caller;
    Descriptor called;
  };
  [[nodiscard]] Connection connection() const {
    Connection out;
    out.caller.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(join(out.caller.get()) == 0);
    out.called = take_call();
    return out;
  }

  Address own = Endpoint::parse("192.0.2.1:1").value().address;

 private:
  enum class Manner : std::uint8_t { at_once, later, silent };
  struct Failure {
    int code = 0;
    int times = 0;
  };
  static inline TcpNetwork* now_ = nullptr;

  int join(int fd) const {
    return ::connect(fd, reinterpret_cast<const sockaddr*>(&listens_at_), sizeof(sockaddr_in));
  }
  [[nodiscard]] Descriptor take_call() const {
    Descriptor out(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    REQUIRE(out.valid());
    return out;
  }
  static bool fails(Call call) {
    Failure& failure = now_->failing_[call];
    if (failure.times == 0) {
      return false;
    }
    --failure.times;
    errno = failure.code;
    return true;
  }
  static int failed(int code) {
    errno = code;
    return -1;
  }
  static Endpoint endpoint(const void* name, socklen_t length) {
    sockaddr_storage raw{};
    std::memcpy(&raw, name, std::min<std::size_t>(length, sizeof raw));
    return Endpoint::from(raw);
  }

  static int open(int domain, int, int) {
    if (fails(Call::socket)) {
      return -1;
    }
    const int fd = now_->unwatchable_
                       ? ::open("/dev/null", O_RDWR | O_CLOEXEC)
                       : ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    REQUIRE(fd >= 0);
    Socket made;
    made.domain = domain;
    now_->sockets_[fd] = std::move(made);
    ++now_->opened_;
    return fd;
  }
  static int bind(int fd, const sockaddr* to, socklen_t length) {
    if (fails(Call::bind)) {
      return -1;
    }
    now_->sockets_.at(fd).local = endpoint(to, length);
    return 0;
  }
  static int connect(int fd, const sockaddr* to, socklen_t length) {
    const Endpoint server = endpoint(to, length);
    ++now_->tries_[server];
    if (fails(Call::connect)) {
      return -1;
    }
    const auto manner = now_->manners_.find(server);
    if (manner != now_->manners_.end() && manner->second.first == Manner::at_once) {
      return failed(manner->second.second);
    }
    Socket& socket = now_->sockets_.at(fd);
    socket.remote = server;
    socket.local.address = socket.local.address.is_unspecified() ? now_->own : socket.local.address;
    socket.local.port = socket.local.port != 0 ? socket.local.port : ++now_->next_port_;
    if (now_->unwatchable_) {
      return 0;
    }
    if (manner != now_->manners_.end() && manner->second.first == Manner::later) {
      socket.error = manner->second.second;  // an unconnected socket hangs up by itself
      return failed(EINPROGRESS);
    }
    const bool is_silent = manner != now_->manners_.end();
    now_->join(fd);
    now_->peers_[server] = TcpPeer(now_->take_call());
    now_->filled_[server] = is_silent ? fill(fd) : 0;
    return failed(EINPROGRESS);
  }
  // Until the kernel takes no more: what is on its way must have arrived first. Ready again only
  // when all has left: what is left of the window may let some of it go.
  static std::size_t fill(int fd) {
    const int one = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &one, sizeof one);
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const std::string filling(4'096, '.');
    std::size_t filled = 0;
    for (pollfd writable{fd, POLLOUT, 0}; poll(&writable, 1, 0) == 1;) {
      for (ssize_t sent = 0; (sent = send(fd, filling.data(), filling.size(), MSG_DONTWAIT)) > 0;) {
        filled += static_cast<std::size_t>(sent);
      }
      for (int queued = 1, unsent = 0; queued != unsent;) {
        ioctl(fd, SIOCOUTQ, &queued);
        ioctl(fd, SIOCOUTQNSD, &unsent);
      }
    }
    return filled;
  }
  static int name(int fd, sockaddr* out, socklen_t* length) {
    if (fails(Call::getsockname)) {
      return -1;
    }
    sockaddr_storage raw{};
    *length = now_->sockets_.at(fd).local.to(raw);
    std::memcpy(out, &raw, *length);
    return 0;
  }
  static int option(int fd, int level, int which, void* value, socklen_t* length) {
    if (fails(Call::getsockopt)) {
      return -1;
    }
    if (level != SOL_SOCKET || which != SO_ERROR) {
      return ::getsockopt(fd, level, which, value, length);
    }
    const int code = std::exchange(now_->sockets_.at(fd).error, 0);
    std::memcpy(value, &code, sizeof code);
    return 0;
  }
  static int set_option(int fd, int level, int which, const void* value, socklen_t length) {
    const auto failure = now_->failing_options_.find({level, which});
    if (failure != now_->failing_options_.end()) {
      return failed(failure->second);
    }
    int number = 0;
    std::memcpy(&number, value, std::min<std::size_t>(length, sizeof number));
    now_->sockets_.at(fd).options[{level, which}] = number;
    return 0;
  }

  Descriptor listener_;
  sockaddr_storage listens_at_{};
  std::map<int, Socket> sockets_;  // also those that were closed, until their number comes again
  std::map<Endpoint, TcpPeer> peers_;
  std::map<Endpoint, std::size_t> filled_;
  std::map<Endpoint, int> tries_;
  std::map<Endpoint, std::pair<Manner, int>> manners_;
  std::map<Call, Failure> failing_;
  std::map<std::pair<int, int>, int> failing_options_;
  bool unwatchable_ = false;
  int opened_ = 0;
  Port next_port_ = 40'000;
};

}  // namespace weir
