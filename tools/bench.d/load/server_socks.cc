// A SOCKS 5 proxy (RFC 1928) that costs next to nothing: a client that asks it for one of the
// server's ports is served right here, over the very connection, or behind the header of the
// relay's datagrams. So what a gateway takes to go by a proxy is measured, and not how fast a proxy
// can be. No authentication, no names, no fragments.
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "batch.h"
#include "datagram.h"
#include "ports.h"
#include "report.h"
#include "server.h"

namespace load {
namespace {

constexpr std::byte kVersion{5};
constexpr std::byte kConnect{1};
constexpr std::byte kAssociate{3};

// How many connections live that a relay was asked for on. All gateways
// call from one address.
std::size_t associations = 0;

// Address and port as SOCKS has them: a byte for the kind, the address, the port.
struct Target {
  std::uint16_t port = 0;
  std::size_t size = 0;
};

// The size of one of that kind; 0: a name, or nothing.
std::size_t target_size(std::byte kind) {
  return kind == std::byte{1} ? 1 + 4 + 2 : kind == std::byte{4} ? 1 + 16 + 2 : 0;
}

std::optional<Target> target_at(std::span<const std::byte> bytes) {
  const std::size_t size = bytes.empty() ? 0 : target_size(bytes[0]);
  if (size == 0 || bytes.size() < size) return std::nullopt;
  const auto high = std::to_integer<unsigned>(bytes[size - 2]);
  const auto low = std::to_integer<unsigned>(bytes[size - 1]);
  return Target{.port = static_cast<std::uint16_t>(high << 8 | low), .size = size};
}

// The two questions at the beginning of a connection. Nothing behind them is taken from the socket.
class Session final : public Service {
 public:
  Session(int epoll, Ledger& ledger, Descriptor socket)
      : epoll_(epoll), ledger_(ledger), socket_(std::move(socket)) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() override { associations -= associated_ ? 1 : 0; }

  void ready(std::uint32_t) override {
    while (const std::size_t wanted = missing()) {
      const ssize_t size = recv(socket_.get(), said_.data() + heard_, wanted, 0);
      if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (size <= 0 || associated_) {
        delete this;  // a relay lives as long as its connection, on which nothing more is said
        return;
      }
      heard_ += static_cast<std::size_t>(size);
    }
    heard_ = 0;
    if (!greeted_) {
      say(std::array{kVersion, std::byte{0}});
      greeted_ = true;
    } else {
      request();  // may delete this
    }
  }

 private:
  // How much more is needed to know the question, or how long it is. Never more than there is of
  // it.
  [[nodiscard]] std::size_t missing() const {
    std::size_t whole = greeted_ ? 4 : 2;
    if (heard_ >= whole) {
      whole = greeted_ ? 3 + target_size(said_[3]) : 2 + std::to_integer<std::size_t>(said_[1]);
    }
    return whole > heard_ ? whole - heard_ : 0;
  }

  void request() {
    const auto target = target_at(std::span(said_).subspan(3));
    if (target && said_[1] == kAssociate) {
      accept(udp::kRelay);
      associated_ = true;
      ++associations;
      return;
    }
    if (target && said_[1] == kConnect) {
      accept(target->port);
      epoll_ctl(epoll_, EPOLL_CTL_DEL, socket_.get(), nullptr);
      if (!serve_stream(epoll_, ledger_, target->port, std::move(socket_))) {
        ++ledger_.corrupt;  // not what any client of ours asks for
      }
    }
    delete this;
  }

  // "Succeeded", and where: at the address that was called.
  void accept(std::uint16_t port) {
    Address here;
    socklen_t size = sizeof(sockaddr_storage);
    if (getsockname(socket_.get(), here.get(), &size) != 0) die_of_errno("getsockname");
    std::array<std::byte, 3 + 1 + 16 + 2> reply{kVersion};
    const bool v4 = here.family() == AF_INET;
    reply[3] = std::byte{v4 ? std::uint8_t{1} : std::uint8_t{4}};
    const std::size_t length = v4 ? 4 : 16;
    const void* address =
        v4 ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(here.get())->sin_addr)
           : &reinterpret_cast<const sockaddr_in6*>(here.get())->sin6_addr;
    std::memcpy(reply.data() + 4, address, length);
    const std::uint16_t raw = htons(port);
    std::memcpy(reply.data() + 4 + length, &raw, sizeof raw);
    say(std::span(reply).first(4 + length + 2));
  }

  void say(std::span<const std::byte> bytes) const {
    (void)!send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }

  int epoll_;
  Ledger& ledger_;
  Descriptor socket_;
  std::array<std::byte, 2 + 255> said_{};
  std::size_t heard_ = 0;
  bool greeted_ = false;
  bool associated_ = false;
};

// Datagrams behind two zeros, no fragment, and the target. An answer's header says who answers: the
// target of its question, so that it is the same.
class Relay final : public Service {
 public:
  Relay(Descriptor socket, Ledger& ledger, Arrivals& arrivals)
      : socket_(std::move(socket)), ledger_(ledger), arrivals_(arrivals) {}

  void ready(std::uint32_t) override {
    Batch& batch = Batch::only();
    const std::size_t count = batch.receive(socket_.get());
    if (count == 0 || associations == 0) return;
    ledger_.datagram_caller = {batch.name(0), true};
    arrivals_.begin();
    // One run's datagrams all go to one service.
    bool answer = false;
    for (std::size_t i = 0; i < count; ++i) {
      answer = serve(batch.data(i)) || answer;
      batch.forget_interface(i);
    }
    arrivals_.end();
    if (answer) batch.send_back(socket_.get(), count);
  }

 private:
  // Whether it is to be sent back.
  bool serve(std::span<std::byte> datagram) {
    constexpr std::array<std::byte, 3> whole{};  // RSV, RSV, FRAG
    const bool is_one =
        datagram.size() > whole.size() && std::equal(whole.begin(), whole.end(), datagram.begin());
    const auto target = is_one ? target_at(datagram.subspan(whole.size())) : std::nullopt;
    if (!target) {
      ++ledger_.corrupt;
      return false;
    }
    const auto payload = datagram.subspan(whole.size() + target->size);
    switch (target->port) {
      case udp::kSink:
        arrivals_.take(payload);
        return false;
      case udp::kDns:
        make_answer(payload);
        return true;
      case udp::kEcho:
        return true;
      default:
        ++ledger_.corrupt;
        return false;
    }
  }

  Descriptor socket_;
  Ledger& ledger_;
  Arrivals& arrivals_;
};

}  // namespace

void serve_socks(int epoll, Ledger& ledger, Descriptor connection) {
  const int number = connection.get();
  auto* session = new Session(epoll, ledger, std::move(connection));
  watch_service(epoll, number, EPOLLIN, *session);
}

void add_socks_services(int epoll, Ledger& ledger, Arrivals& arrivals, Services& services) {
  for (const sa_family_t family : {sa_family_t{AF_INET}, sa_family_t{AF_INET6}}) {
    Descriptor socket = bind_udp(Address::any(family).with_port(udp::kRelay), kUdpReceiveBuffer);
    tell_destination(socket, family);
    const int number = socket.get();
    auto relay = std::make_unique<Relay>(std::move(socket), ledger, arrivals);
    watch_service(epoll, number, EPOLLIN, *relay);
    services.push_back(std::move(relay));
  }
}

}  // namespace load
