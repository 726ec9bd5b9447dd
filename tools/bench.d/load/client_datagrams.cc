// One-way datagrams from `connections` client ports, taken in turn. With a window, at most that
// many are under way: the sender sleeps on the ledger while it is full, so what is measured is what
// the path carries without overrunning any queue, as a congestion-controlled sender would find it.
// Without one it floods, at `rate` or as fast as its core can, and what is measured is what still
// arrives. `segments` > 1 hands the kernel that many datagrams in one send (UDP_SEGMENT).
#include <netinet/udp.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

#include "client.h"
#include "datagram.h"
#include "ledger.h"
#include "observation.h"
#include "ports.h"

namespace load {
namespace {

using namespace std::chrono_literals;

struct Flow {
  Descriptor socket;
  std::uint64_t next = 0;
};

class Datagrams {
 public:
  explicit Datagrams(const Options& options)
      : options_(options), ledger_(open_ledger(options.ledger)), observation_(options) {}

  int run() {
    ledger_.corrupt = 0;
    run_ = ledger_.run.fetch_add(1) + 1;
    // The server counts from zero only when this run's first datagram reaches it.
    ledger_.received = ledger_.repeated = ledger_.acknowledged = 0;
    open_flows();
    observation_.start();
    started_ = Clock::now();
    for (auto phase = Observation::Phase::warmup; phase != Observation::Phase::over;) {
      for (int i = 0; i < 8; ++i) step();
      phase = observation_.advance(
          Clock::now(),
          [&] { sent_at_begin_ = sent_, received_at_begin_ = ledger_.received.load(); },
          [&] {
            sent_in_ = sent_ - sent_at_begin_, received_in_ = ledger_.received - received_at_begin_;
          });
    }
    await_stragglers();

    const std::uint64_t received = ledger_.received.load();
    Report report;
    report.add("ops", static_cast<double>(received_in_));
    report.add("offered", static_cast<double>(sent_in_));
    // Over the whole run, warm-up included: at its end nothing is under way any more.
    report.add("loss",
               sent_ == 0 ? 0.0 : 1.0 - static_cast<double>(received) / static_cast<double>(sent_));
    report.add("repeated", static_cast<double>(ledger_.repeated.load()));
    report.add("stalls", static_cast<double>(stalls_));
    finish(report, observation_, ledger_, 0, ledger_.datagram_caller);
    return 0;
  }

 private:
  void open_flows() {
    const std::size_t burst_bytes = std::size_t{options_.segments} * options_.size;
    burst_.resize(kMessages * burst_bytes);
    for (std::uint32_t i = 0; i < options_.connections; ++i) {
      Descriptor socket = bind_udp(source_of(options_, i), 0);
      const Address to = destination_of(options_, i, udp::kSink);
      if (connect(socket.get(), to.get(), to.size()) != 0) die_of_errno("connect UDP");
      set_option(socket.get(), SOL_SOCKET, SO_SNDBUFFORCE, 4 << 20, "SO_SNDBUFFORCE");
      if (options_.segments > 1) {
        set_option(socket.get(), SOL_UDP, UDP_SEGMENT, static_cast<int>(options_.size),
                   "UDP_SEGMENT");
      }
      flows_.emplace_back().socket = std::move(socket);
    }
    // One flow alone sends several messages a call; many take turns, one message each.
    messages_ = options_.connections == 1 && options_.segments == 1 ? kMessages : 1;
  }

  void step() {
    const std::uint64_t amount = std::uint64_t{messages_} * options_.segments;
    if (options_.window != 0) {
      if (under_way() + amount > options_.window) wait_for_room();
    } else if (options_.rate != 0) {
      keep_rate();
    }
    send_from(flows_[turn_]);
    turn_ = (turn_ + 1) % flows_.size();
  }

  std::uint64_t under_way() const {
    return sent_ - std::max(ledger_.acknowledged.load(std::memory_order_relaxed), written_off_);
  }

  void wait_for_room() {
    // Until half of it is free: one wake-up for many datagrams.
    const std::uint64_t target = sent_ - options_.window / 2;
    wait_for_acknowledged(ledger_, target, 10ms);
    if (ledger_.acknowledged.load() < target) {
      written_off_ = sent_;  // nothing came for long: what is under way is lost
      ++stalls_;
    }
  }

  void keep_rate() {
    const auto due = started_ + std::chrono::nanoseconds(sent_ * 1'000'000'000ULL / options_.rate);
    // Sleeping a little too long is made up for by the sends that follow without a pause.
    if (due > Clock::now()) std::this_thread::sleep_for(50us);
  }

  void send_from(Flow& flow) {
    const auto number = static_cast<std::uint32_t>(&flow - flows_.data());
    const std::size_t burst_bytes = std::size_t{options_.segments} * options_.size;
    std::array<mmsghdr, kMessages> messages{};
    std::array<iovec, kMessages> parts{};
    for (std::uint32_t m = 0; m < messages_; ++m) {
      std::byte* start = burst_.data() + m * burst_bytes;
      for (std::uint32_t s = 0; s < options_.segments; ++s) {
        write_datagram({start + std::size_t{s} * options_.size, options_.size},
                       {run_, number, flow.next + m * options_.segments + s});
      }
      parts[m] = {start, burst_bytes};
      messages[m].msg_hdr.msg_iov = &parts[m];
      messages[m].msg_hdr.msg_iovlen = 1;
    }
    const int done = sendmmsg(flow.socket.get(), messages.data(), messages_, 0);
    if (done < 0) {
      // An ICMP error that an earlier datagram met is no failure of this one.
      if (errno == EAGAIN || errno == ENOBUFS || errno == ECONNREFUSED) return;
      die_of_errno("datagram send");
    }
    flow.next += static_cast<std::uint64_t>(done) * options_.segments;
    sent_ += static_cast<std::uint64_t>(done) * options_.segments;
  }

  void await_stragglers() {
    std::uint64_t seen = ledger_.received.load();
    for (auto quiet_since = Clock::now(); seen < sent_ && Clock::now() - quiet_since < 200ms;) {
      std::this_thread::sleep_for(1ms);
      if (const std::uint64_t now = ledger_.received.load(); now != seen) {
        seen = now;
        quiet_since = Clock::now();
      }
    }
  }

  static constexpr std::uint32_t kMessages = 16;
  const Options& options_;
  Ledger& ledger_;
  Observation observation_;
  std::vector<Flow> flows_;
  std::vector<std::byte> burst_;
  Clock::time_point started_;
  std::uint32_t run_ = 0;
  std::uint32_t messages_ = 1;
  std::size_t turn_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t written_off_ = 0;
  std::uint64_t stalls_ = 0;
  std::uint64_t sent_at_begin_ = 0;
  std::uint64_t received_at_begin_ = 0;
  std::uint64_t sent_in_ = 0;
  std::uint64_t received_in_ = 0;
};

}  // namespace

int run_datagrams(const Options& options) { return Datagrams(options).run(); }

}  // namespace load
