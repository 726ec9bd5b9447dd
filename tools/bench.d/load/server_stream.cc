// The TCP services of the server (ports.h). Each accepted connection is a Service of the kind its
// listener makes; it reads and writes at once and holds no buffer of its own.
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "pattern.h"
#include "ports.h"
#include "report.h"
#include "server.h"
#include "socket.h"

namespace load {
namespace {

// Shared by all connections of the one thread: no reader keeps bytes here between two turns.
std::array<std::byte, Pattern::kLongest> inbox;

void count(std::atomic<std::uint64_t>& counter, std::uint64_t amount) {
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

bool would_block(ssize_t result) { return result < 0 && (errno == EAGAIN || errno == EINTR); }

class Sink final : public Service {
 public:
  Sink(Descriptor socket, Ledger& ledger) : socket_(std::move(socket)), ledger_(ledger) {}

  void ready(std::uint32_t) override {
    const ssize_t size = recv(socket_.get(), inbox.data(), inbox.size(), 0);
    if (would_block(size)) return;
    if (size <= 0) {
      delete this;
      return;
    }
    const std::span data(inbox.data(), static_cast<std::size_t>(size));
    if (!pattern().matches(offset_, data)) count(ledger_.corrupt, 1);
    offset_ += data.size();
    count(ledger_.stream_verified, data.size());
  }

 private:
  Descriptor socket_;
  Ledger& ledger_;
  std::uint64_t offset_ = 0;
};

class Source final : public Service {
 public:
  Source(Descriptor socket, Ledger& ledger) : socket_(std::move(socket)), ledger_(ledger) {}

  void ready(std::uint32_t events) override {
    const bool gone = (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    if (gone || ledger_.stop_sources.load(std::memory_order_relaxed) != 0) {
      delete this;  // FIN follows what is queued
      return;
    }
    const auto data = pattern().at(offset_, Pattern::kLongest);
    const ssize_t size = send(socket_.get(), data.data(), data.size(), MSG_NOSIGNAL);
    if (size <= 0) return;
    offset_ += static_cast<std::uint64_t>(size);
    count(ledger_.stream_sent, static_cast<std::uint64_t>(size));
  }

 private:
  Descriptor socket_;
  Ledger& ledger_;
  std::uint64_t offset_ = 0;
};

class Echo final : public Service {
 public:
  Echo(Descriptor socket, Ledger& ledger) : socket_(std::move(socket)), ledger_(ledger) {}

  void ready(std::uint32_t) override {
    const ssize_t size = recv(socket_.get(), inbox.data(), 64 * 1024, 0);
    if (would_block(size)) return;
    if (size <= 0) {
      delete this;
      return;
    }
    // One small request is under way per connection, so the socket always has room for its answer.
    if (send(socket_.get(), inbox.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL) != size) {
      count(ledger_.corrupt, 1);
      delete this;
    }
  }

 private:
  Descriptor socket_;
  Ledger& ledger_;
};

class OneShot final : public Service {
 public:
  OneShot(Descriptor socket, Ledger&) : socket_(std::move(socket)) {}

  void ready(std::uint32_t) override {
    const ssize_t size =
        recv(socket_.get(), request_.data() + filled_, request_.size() - filled_, 0);
    if (would_block(size)) return;
    if (size > 0) {
      filled_ += static_cast<std::size_t>(size);
      if (filled_ < request_.size()) return;
      (void)!send(socket_.get(), request_.data(), request_.size(), MSG_NOSIGNAL);
    }
    // The server closes first, as HTTP servers do: TIME_WAIT stays with it, and neither client nor
    // gateway runs out of ports.
    delete this;
  }

 private:
  Descriptor socket_;
  std::array<std::byte, kOneShotSize> request_;
  std::size_t filled_ = 0;
};

// Any address's; who calls is told the ledger.
class Listener final : public Service {
 public:
  Listener(int epoll, const Address& address, std::uint16_t port, Ledger& ledger)
      : epoll_(epoll), port_(port), socket_(listen_tcp(address.with_port(port))), ledger_(ledger) {
    watch_service(epoll_, socket_.get(), EPOLLIN, *this);
  }

  void ready(std::uint32_t) override {
    for (int i = 0; i < 64; ++i) {
      Caller caller{};
      socklen_t size = sizeof caller.address;
      Descriptor accepted(accept4(socket_.get(), reinterpret_cast<sockaddr*>(&caller.address),
                                  &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (accepted.get() < 0) return;
      caller.by_socks = port_ == tcp::kSocks;
      ledger_.stream_caller = caller;
      (void)serve_stream(epoll_, ledger_, port_, std::move(accepted));
    }
  }

 private:
  int epoll_;
  std::uint16_t port_;
  Descriptor socket_;
  Ledger& ledger_;
};

template <typename Kind>
void serve_as(int epoll, Ledger& ledger, Descriptor connection, std::uint32_t interest) {
  const int number = connection.get();
  auto* service = new Kind(std::move(connection), ledger);
  watch_service(epoll, number, interest, *service);
}

}  // namespace

bool serve_stream(int epoll, Ledger& ledger, std::uint16_t port, Descriptor connection) {
  switch (port) {
    case tcp::kSink:
      serve_as<Sink>(epoll, ledger, std::move(connection), EPOLLIN);
      return true;
    case tcp::kSource:
      serve_as<Source>(epoll, ledger, std::move(connection), EPOLLIN | EPOLLOUT | EPOLLRDHUP);
      return true;
    case tcp::kEcho:
      serve_as<Echo>(epoll, ledger, std::move(connection), EPOLLIN);
      return true;
    case tcp::kOneShot:
      serve_as<OneShot>(epoll, ledger, std::move(connection), EPOLLIN);
      return true;
    case tcp::kSocks:
      serve_socks(epoll, ledger, std::move(connection));
      return true;
    default:
      return false;
  }
}

void add_stream_services(int epoll, Ledger& ledger, Services& services) {
  for (const sa_family_t family : {sa_family_t{AF_INET}, sa_family_t{AF_INET6}}) {
    for (const std::uint16_t port :
         {tcp::kSink, tcp::kSource, tcp::kEcho, tcp::kOneShot, tcp::kSocks}) {
      services.push_back(std::make_unique<Listener>(epoll, Address::any(family), port, ledger));
    }
  }
}

}  // namespace load
