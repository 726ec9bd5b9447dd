// New UDP flows per second: each question leaves from a client port of its own and is a flow that
// the gateway has not seen; answered or not, its socket is closed. Ports are bound one after
// another (kPorts of each source address), so that none comes back while a gateway may still
// remember it.
#include <sys/epoll.h>

#include <array>
#include <deque>
#include <vector>

#include "answers.h"
#include "client.h"
#include "datagram.h"
#include "ledger.h"
#include "observation.h"
#include "ports.h"

namespace load {
namespace {

using namespace std::chrono_literals;

struct Query {
  Descriptor socket;
  std::uint64_t sequence = 0;
  Clock::time_point asked;
};

class Dns {
 public:
  explicit Dns(const Options& options)
      : options_(options), ledger_(open_ledger(options.ledger)), observation_(options) {}

  int run() {
    ledger_.corrupt = 0;
    queries_.resize(options_.connections);
    for (std::uint32_t i = 0; i < options_.connections; ++i) ask(i);
    answers_.measure(observation_, ledger_, [&] { turn(); });
    return 0;
  }

 private:
  static constexpr std::uint32_t kPorts = 50'000;
  static constexpr std::uint32_t kFirstPort = 10'000;

  void ask(std::uint32_t i) {
    Query& query = queries_[i];
    query.sequence = next_++;
    // Runs begin at another port each, for a gateway may outlive a run.
    const auto port = static_cast<std::uint16_t>(
        kFirstPort + (query.sequence / options_.sources + offset_) % kPorts);
    const auto turn_number = static_cast<std::uint32_t>(query.sequence);
    query.socket = bind_udp(source_of(options_, turn_number).with_port(port), 0);
    const Address to = destination_of(options_, turn_number, udp::kDns);
    if (connect(query.socket.get(), to.get(), to.size()) != 0) die_of_errno("connect UDP");
    watch(epoll_.get(), query.socket.get(), EPOLLIN, i);
    std::array<std::byte, kQuestionSize> bytes;
    write_question(bytes, query.sequence);
    query.asked = Clock::now();
    pending_.push_back({i, query.sequence});
    (void)!send(query.socket.get(), bytes.data(), bytes.size(), 0);
  }

  void turn() {
    std::array<epoll_event, 256> events{};
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 20);
    for (int i = 0; i < count; ++i) {
      hear(static_cast<std::uint32_t>(events[static_cast<std::size_t>(i)].data.u64));
    }
    const auto now = Clock::now();
    while (!pending_.empty()) {
      const auto [i, sequence] = pending_.front();
      if (queries_[i].sequence == sequence) {
        if (now - queries_[i].asked < 200ms) return;
        answers_.lost();
        ask(i);
      }
      pending_.pop_front();
    }
  }

  void hear(std::uint32_t i) {
    Query& query = queries_[i];
    std::array<std::byte, 512> inbox;
    const ssize_t size = recv(query.socket.get(), inbox.data(), inbox.size(), 0);
    if (size < 0) {
      answers_.lost();  // refused: an ICMP error is an answer, but not the one
    } else {
      std::array<std::byte, kQuestionSize> asked;
      write_question(asked, query.sequence);
      if (!answers({inbox.data(), static_cast<std::size_t>(size)}, asked)) answers_.corrupt();
      answers_.came_after(Clock::now() - query.asked);
    }
    ask(i);
  }

  struct Pending {
    std::uint32_t number;
    std::uint64_t sequence;
  };
  const Options& options_;
  Ledger& ledger_;
  Observation observation_;
  Answers answers_;
  Descriptor epoll_ = make_epoll();
  std::vector<Query> queries_;
  std::deque<Pending> pending_;
  const std::uint32_t offset_ = static_cast<std::uint32_t>(
      static_cast<std::uint64_t>(Clock::now().time_since_epoch().count()) / 1000 % kPorts);
  std::uint64_t next_ = 0;
};

}  // namespace

int run_dns(const Options& options) { return Dns(options).run(); }

}  // namespace load
