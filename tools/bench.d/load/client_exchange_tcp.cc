// Request/response over connections that stay open: each connection has at most one request under
// way, and at most `active` of them have one at a time. The turn goes round in the order in which
// answers came, so every one of 9,000 connections is used as often as every other, and a run over
// all of them shows what a gateway pays for having them. Latency is from just before the request's
// send to just after its whole answer.
#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <vector>

#include "client.h"
#include "histogram.h"
#include "ledger.h"
#include "observation.h"
#include "pattern.h"
#include "ports.h"

namespace load {
namespace {

using namespace std::chrono_literals;

struct Line {
  Descriptor socket;
  std::uint64_t offset = 0;  // of the request under way, in the pattern
  std::size_t filled = 0;    // of its answer
  Clock::time_point asked;
};

class ExchangeTcp {
 public:
  explicit ExchangeTcp(const Options& options)
      : options_(options), ledger_(open_ledger(options.ledger)), observation_(options) {}

  int run() {
    ledger_.corrupt = 0;
    open_lines();
    if (options_.hold) {
      hold_until_released();
      return 0;
    }
    observation_.start();
    while (!idle_.empty() && under_way_ < options_.active) ask_next();
    std::uint64_t at_begin = 0;
    for (;;) {
      turn();
      const auto phase = observation_.advance(
          Clock::now(),
          [&] {
            at_begin = answered_;
            latencies_.clear();
          },
          [&] { exchanges_ = answered_ - at_begin; });
      if (phase == Observation::Phase::over) break;
    }
    Report report;
    report.add("ops", static_cast<double>(exchanges_));
    report.add("p50_us", static_cast<double>(latencies_.percentile(0.50).count()) / 1e3);
    report.add("p99_us", static_cast<double>(latencies_.percentile(0.99).count()) / 1e3);
    finish(report, observation_, ledger_, corrupt_, ledger_.stream_caller);
    return 0;
  }

 private:
  // Opens all lines, a few at a time so that no backlog overflows, each proven by one exchange.
  void open_lines() {
    constexpr std::uint32_t kAtOnce = 64;
    lines_.reserve(options_.connections);
    const auto limit = Clock::now() + 10s;
    while (answered_ < options_.connections) {
      while (lines_.size() < options_.connections && lines_.size() - answered_ < kAtOnce) {
        const auto i = static_cast<std::uint32_t>(lines_.size());
        lines_.emplace_back().socket =
            connect_tcp(source_of(options_, i), destination_of(options_, i, tcp::kEcho));
        lines_.back().offset = i * 977ULL;
        watch(epoll_.get(), lines_.back().socket.get(), EPOLLOUT, i);
      }
      turn();
      if (Clock::now() > limit) {
        die("only " + std::to_string(answered_) + " of " + std::to_string(options_.connections) +
            " connections answered within 10 s");
      }
    }
    opening_ = false;
  }

  void ask_next() {
    const std::uint32_t i = idle_.front();
    idle_.pop_front();
    ask(lines_[i]);
  }

  void ask(Line& line) {
    line.offset += options_.size;
    line.filled = 0;
    line.asked = Clock::now();
    ++under_way_;
    const auto request = pattern().at(line.offset, options_.size);
    if (send(line.socket.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
      die_of_errno("exchange send");
    }
  }

  void turn() {
    std::array<epoll_event, 256> events{};
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 100);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      const auto number = static_cast<std::uint32_t>(event.data.u64);
      if ((event.events & EPOLLOUT) != 0) {
        connected(number);
      } else {
        hear(number);
      }
    }
  }

  void connected(std::uint32_t number) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = number;
    epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, lines_[number].socket.get(), &event);
    ask(lines_[number]);
  }

  void hear(std::uint32_t number) {
    Line& line = lines_[number];
    std::array<std::byte, 4096> inbox;
    const ssize_t size = recv(line.socket.get(), inbox.data(), inbox.size(), 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) die_of_errno(size == 0 ? "exchange: the connection ended" : "exchange recv");
    const std::span data(inbox.data(), static_cast<std::size_t>(size));
    if (!pattern().matches(line.offset + line.filled, data)) ++corrupt_;
    line.filled += data.size();
    if (line.filled < options_.size) return;
    latencies_.record(Clock::now() - line.asked);
    ++answered_;
    --under_way_;
    idle_.push_back(number);
    if (!opening_) ask_next();
  }

  const Options& options_;
  Ledger& ledger_;
  Observation observation_;
  Descriptor epoll_ = make_epoll();
  std::vector<Line> lines_;
  std::deque<std::uint32_t> idle_;
  Histogram latencies_;
  std::uint64_t answered_ = 0;
  std::uint64_t exchanges_ = 0;
  std::uint64_t corrupt_ = 0;
  std::uint32_t under_way_ = 0;
  bool opening_ = true;
};

}  // namespace

int run_exchange_tcp(const Options& options) { return ExchangeTcp(options).run(); }

}  // namespace load
