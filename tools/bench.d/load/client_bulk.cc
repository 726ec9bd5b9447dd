// Bulk: streams at full speed. What counts is what the receiver has verified, the server by its
// ledger (up) or this client (down). The measured stretch lies inside the transfer; afterwards the
// transfer must turn out to be complete: up, the server has verified exactly what was sent; down,
// it closes first, and this client has received exactly what it sent.
#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <memory>
#include <thread>
#include <vector>

#include "client.h"
#include "ledger.h"
#include "observation.h"
#include "pattern.h"
#include "ports.h"

namespace load {
namespace {

using namespace std::chrono_literals;

struct Stream {
  Descriptor socket;
  std::uint64_t offset = 0;
};

class Bulk {
 public:
  explicit Bulk(const Options& options)
      : options_(options), ledger_(open_ledger(options.ledger)), observation_(options) {}

  int run() {
    ledger_.corrupt = 0;
    ledger_.stop_sources = 0;
    before_ = options_.down ? ledger_.stream_sent.load() : ledger_.stream_verified.load();
    open_streams();
    observation_.start();
    move_until_over();
    finish_streams();
    Report report;
    report.add("bytes", static_cast<double>(bytes_));
    report.add("incomplete", complete_ ? 0.0 : 1.0);
    finish(report, observation_, ledger_, corrupt_, ledger_.stream_caller);
    return 0;
  }

 private:
  void open_streams() {
    const std::uint16_t port = options_.down ? tcp::kSource : tcp::kSink;
    for (std::uint32_t i = 0; i < options_.connections; ++i) {
      streams_.emplace_back().socket =
          connect_tcp(source_of(options_, i), destination_of(options_, i, port));
      watch(epoll_.get(), streams_.back().socket.get(), options_.down ? EPOLLIN : EPOLLOUT, i);
    }
  }

  std::uint64_t verified() const {
    return options_.down ? received_ : ledger_.stream_verified.load();
  }

  void move_until_over() {
    std::uint64_t at_begin = 0;
    for (;;) {
      turn(100ms);
      const auto phase = observation_.advance(
          Clock::now(), [&] { at_begin = verified(); }, [&] { bytes_ = verified() - at_begin; });
      if (phase == Observation::Phase::over) return;
    }
  }

  void finish_streams() {
    ending_ = true;
    const auto limit = Clock::now() + 5s;
    if (options_.down) {
      ledger_.stop_sources = 1;
      while (ended_ < streams_.size() && Clock::now() < limit) turn(100ms);
      complete_ = ended_ == streams_.size() && ledger_.stream_sent.load() - before_ == received_;
    } else {
      const auto arrived = [&] { return ledger_.stream_verified.load() - before_; };
      while (arrived() < sent_ && Clock::now() < limit) std::this_thread::sleep_for(1ms);
      complete_ = arrived() == sent_;
    }
  }

  void turn(std::chrono::milliseconds timeout) {
    std::array<epoll_event, 64> events{};
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                 static_cast<int>(timeout.count()));
    for (int i = 0; i < count; ++i) {
      Stream& stream = streams_[events[static_cast<std::size_t>(i)].data.u64];
      if (options_.down) {
        receive(stream);
      } else {
        send_more(stream);
      }
    }
  }

  void end(Stream& stream) {
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, stream.socket.get(), nullptr);
    ++ended_;
  }

  // A connection that breaks while it is to run is no shorter measurement, it is none.
  [[noreturn]] static void broken(const char* what) { die_of_errno(what); }

  void send_more(Stream& stream) {
    const auto data = pattern().at(stream.offset, Pattern::kLongest);
    const ssize_t size = send(stream.socket.get(), data.data(), data.size(), MSG_NOSIGNAL);
    if (size >= 0) {
      stream.offset += static_cast<std::uint64_t>(size);
      sent_ += static_cast<std::uint64_t>(size);
    } else if (errno != EAGAIN) {
      broken("bulk send");
    }
  }

  void receive(Stream& stream) {
    const ssize_t size = recv(stream.socket.get(), inbox_->data(), inbox_->size(), 0);
    if (size > 0) {
      const std::span data(inbox_->data(), static_cast<std::size_t>(size));
      if (!pattern().matches(stream.offset, data)) ++corrupt_;
      stream.offset += data.size();
      received_ += data.size();
    } else if (size == 0 && ending_) {
      end(stream);
    } else if (size == 0) {
      die("bulk: the stream ended early");
    } else if (errno != EAGAIN) {
      broken("bulk recv");
    }
  }

  const Options& options_;
  Ledger& ledger_;
  Observation observation_;
  Descriptor epoll_ = make_epoll();
  std::vector<Stream> streams_;
  std::unique_ptr<std::array<std::byte, Pattern::kLongest>> inbox_ =
      std::make_unique<std::array<std::byte, Pattern::kLongest>>();
  std::uint64_t received_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t corrupt_ = 0;
  std::uint64_t before_ = 0;  // what the ledger's counter stood at
  std::uint64_t sent_ = 0;
  bool complete_ = false;
  std::size_t ended_ = 0;
  bool ending_ = false;
};

}  // namespace

int run_bulk(const Options& options) { return Bulk(options).run(); }

}  // namespace load
