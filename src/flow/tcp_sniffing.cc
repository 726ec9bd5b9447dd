#include "flow/tcp_sniffing.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <iterator>
#include <span>
#include <utility>

#include "relay/tcp_relay.h"
#include "sniff/first_bytes.h"

namespace weir {
namespace {

// A first byte tells TLS from HTTP/1, and no other protocol has a name.
HostRef host_in(const Sniffed& said, std::uint8_t first_byte) {
  constexpr std::uint8_t handshake_record = 22;
  if (said.state != Sniffed::State::name) {
    return nullptr;
  }
  return std::make_shared<const Host>(
      Host{.name = said.name,
           .from = first_byte == handshake_record ? HostFrom::sni : HostFrom::http,
           .is_outer = said.is_outer});
}

}  // namespace

class TcpSniffing::Held final : public EdgePoll::Watcher, private TimerWheel::Entry {
 public:
  Held(TcpSniffing& all, Accepted accepted, const Flow& flow)
      : all_(all), accepted_(std::move(accepted)), flow_(flow) {}
  ~Held() { all_.parts_.poll.cancel(watch_); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

  // False: it cannot be waited for. `place`: its own.
  bool wait(std::list<Held>::iterator place, Milliseconds longest) {
    place_ = place;
    const Instant now = all_.parts_.poll.now();
    watch_ = all_.parts_.poll.add_input(accepted_.socket.get(), *this);
    if (!watch_) {
      return false;
    }
    all_.parts_.timers.set(*this, now + longest, now);
    return true;
  }

  void on_events(std::uint32_t events) override {
    std::size_t bytes = 0;
    const Sniffed said = all_.peek(accepted_.socket.get(), bytes);
    has_spoken_ = has_spoken_ || bytes != 0;
    const bool is_over = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    if (said.state != Sniffed::State::more || is_over) {
      all_.go_on(place_, {.host = bytes == 0 ? nullptr : host_in(said, all_.buffer_[0])});
    }
  }

  void on_deadline(Instant /*now*/) override {
    all_.go_on(place_, {.host = nullptr, .is_silent = !has_spoken_});
  }

  // What was held, for the flow that it becomes: the poll watches its socket no more.
  Accepted take() {
    all_.parts_.poll.remove(watch_, accepted_.socket.get());
    return std::move(accepted_);
  }
  [[nodiscard]] Descriptor& socket() { return accepted_.socket; }
  [[nodiscard]] const Flow& flow() const { return flow_; }

 private:
  TcpSniffing& all_;
  Accepted accepted_;
  Flow flow_;
  std::list<Held>::iterator place_;
  EdgePoll::Watch watch_;
  bool has_spoken_ = false;
};

TcpSniffing::TcpSniffing(Parts parts)
    : parts_(std::move(parts)),
      buffer_(std::make_unique_for_overwrite<std::uint8_t[]>(longest_first_bytes)) {}

TcpSniffing::~TcpSniffing() = default;

// `bytes`: how many are there. An end of them, or an error, is no name.
Sniffed TcpSniffing::peek(int fd, std::size_t& bytes) {
  iovec room{.iov_base = buffer_.get(), .iov_len = longest_first_bytes};
  msghdr message{};
  message.msg_iov = &room;
  message.msg_iovlen = 1;
  const ssize_t got = parts_.calls.recvmsg(fd, &message, MSG_PEEK | MSG_DONTWAIT);
  if (got <= 0) {
    bytes = 0;
    const bool may_come = got < 0 && (errno == EAGAIN || errno == EINTR);
    return may_come ? Sniffed{} : Sniffed::nothing();
  }
  bytes = static_cast<std::size_t>(got);
  Sniffed said = sniff_stream(std::span(buffer_.get(), bytes));
  return said.state == Sniffed::State::more && bytes == longest_first_bytes ? Sniffed::nothing()
                                                                            : said;
}

void TcpSniffing::hold(Accepted accepted, const Flow& flow, Milliseconds longest) {
  std::size_t bytes = 0;
  const Sniffed said = peek(accepted.socket.get(), bytes);
  if (said.state != Sniffed::State::more) {
    parts_.then(std::move(accepted), flow,
                {.host = bytes == 0 ? nullptr : host_in(said, buffer_[0])});
    return;
  }
  if (held_.size() >= parts_.most) {
    go_on(held_.begin(), {});
  }
  held_.emplace_back(*this, std::move(accepted), flow);
  const auto entered = std::prev(held_.end());
  if (!entered->wait(entered, longest)) {
    go_on(entered, {});
  }
}

void TcpSniffing::go_on(std::list<Held>::iterator held, Seen seen) {
  Accepted accepted = held->take();
  const Flow flow = held->flow();
  held_.erase(held);
  parts_.then(std::move(accepted), flow, std::move(seen));
}

void TcpSniffing::end_all() {
  for (Held& held : held_) {
    close_with_reset(held.socket());
  }
  held_.clear();
}

}  // namespace weir
