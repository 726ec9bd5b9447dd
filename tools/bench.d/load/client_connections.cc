// Connections per second: connect, one request, its answer, the server's FIN, close; `connections`
// of them at a time, the next one as soon as one is through. Sources are spread over several
// addresses; since the server closes first, TIME_WAIT stays on its side of every leg and no port
// runs out. Latency is the whole life of a connection.
#include <sys/epoll.h>

#include <array>
#include <cerrno>
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

struct Visit {
  Descriptor socket;
  std::uint64_t offset = 0;
  std::size_t filled = 0;
  bool asked = false;
  Clock::time_point begun;
};

class Connections {
 public:
  explicit Connections(const Options& options)
      : options_(options), ledger_(open_ledger(options.ledger)), observation_(options) {}

  int run() {
    ledger_.corrupt = 0;
    visits_.resize(options_.connections);
    for (std::uint32_t i = 0; i < options_.connections; ++i) begin(i);
    observation_.start();
    std::uint64_t at_begin = 0;
    auto heard_at = Clock::now();
    for (;;) {
      const std::uint64_t before = through_;
      turn();
      const auto now = Clock::now();
      if (through_ != before) heard_at = now;
      if (now - heard_at > 5s) die("no connection came through within 5 s");
      const auto phase = observation_.advance(
          now,
          [&] {
            at_begin = through_;
            failed_ = 0;
            latencies_.clear();
          },
          [&] { done_ = through_ - at_begin; });
      if (phase == Observation::Phase::over) break;
    }
    Report report;
    report.add("ops", static_cast<double>(done_));
    report.add("failed", static_cast<double>(failed_));
    report.add("p50_us", static_cast<double>(latencies_.percentile(0.50).count()) / 1e3);
    report.add("p99_us", static_cast<double>(latencies_.percentile(0.99).count()) / 1e3);
    finish(report, observation_, ledger_, corrupt_, ledger_.stream_caller);
    return 0;
  }

 private:
  void begin(std::uint32_t i) {
    const std::uint32_t number = begun_++;
    Visit& visit = visits_[i];
    visit = {};
    visit.begun = Clock::now();
    visit.offset = number * 61ULL;
    visit.socket =
        connect_tcp(source_of(options_, number), destination_of(options_, number, tcp::kOneShot));
    watch(epoll_.get(), visit.socket.get(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, i);
  }

  void turn() {
    std::array<epoll_event, 256> events{};
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 100);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      step(static_cast<std::uint32_t>(event.data.u64), event.events);
    }
  }

  void step(std::uint32_t i, std::uint32_t events) {
    Visit& visit = visits_[i];
    if (!visit.asked && (events & EPOLLOUT) != 0 && (events & EPOLLERR) == 0) {
      const auto request = pattern().at(visit.offset, kOneShotSize);
      visit.asked = send(visit.socket.get(), request.data(), request.size(), MSG_NOSIGNAL) ==
                    static_cast<ssize_t>(request.size());
      if ((events & EPOLLIN) == 0) return;
    }
    // Edge-triggered: read until there is no more, and the end counts as well.
    std::array<std::byte, 2 * kOneShotSize> inbox;
    for (;;) {
      const ssize_t size = recv(visit.socket.get(), inbox.data(), inbox.size(), 0);
      if (size > 0) {
        const std::span data(inbox.data(), static_cast<std::size_t>(size));
        if (!pattern().matches(visit.offset + visit.filled, data)) ++corrupt_;
        visit.filled += data.size();
      } else if (size < 0 && errno == EAGAIN) {
        if ((events & EPOLLERR) == 0) return;
        return end(i, false);
      } else {
        return end(i, size == 0 && visit.filled == kOneShotSize);
      }
    }
  }

  void end(std::uint32_t i, bool complete) {
    if (complete) {
      ++through_;
      latencies_.record(Clock::now() - visits_[i].begun);
    } else {
      ++failed_;
    }
    visits_[i].socket.close();
    begin(i);
  }

  const Options& options_;
  Ledger& ledger_;
  Observation observation_;
  Descriptor epoll_ = make_epoll();
  std::vector<Visit> visits_;
  Histogram latencies_;
  std::uint32_t begun_ = 0;
  std::uint64_t through_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t corrupt_ = 0;
};

}  // namespace

int run_connections(const Options& options) { return Connections(options).run(); }

}  // namespace load
