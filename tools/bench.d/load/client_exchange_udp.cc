// Request/response over UDP flows that stay alive, `active` of them at a time, each flow in its
// turn: what a gateway pays per datagram for having that many. A flow is a client port and a
// destination; `sockets` says how many client ports share the flows, so that 100,000 flows need
// neither as many descriptors here nor, in a gateway that maps per client, there. To port 53 go DNS
// questions. An answer must come from the address that was asked; one that does not come within 200
// ms is lost.
#include <sys/epoll.h>

#include <array>
#include <cerrno>
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

struct Talk {
  std::uint32_t sequence = 0;
  bool waiting = false;
  Clock::time_point asked;
};

class ExchangeUdp {
 public:
  explicit ExchangeUdp(const Options& options)
      : options_(options), ledger_(open_ledger(options.ledger)), observation_(options) {}

  int run() {
    ledger_.corrupt = 0;
    open_talks();
    if (options_.hold) {
      hold_until_released();
      return 0;
    }
    answers_.measure(observation_, ledger_, [&] { turn(); });
    return 0;
  }

 private:
  [[nodiscard]] bool dns() const { return options_.port == udp::kDns; }
  [[nodiscard]] Address destination(std::uint32_t talk) const {
    return first_.plus(talk / options_.sockets);
  }

  // Every flow is opened by one exchange; unanswered ones are tried again until the time is up.
  void open_talks() {
    first_ = destination_of(options_, 0, udp::kEcho);
    for (std::uint32_t i = 0; i < options_.sockets; ++i) {
      sockets_.push_back(bind_udp(source_of(options_, i), 0));
      watch(epoll_.get(), sockets_.back().get(), EPOLLIN, i);
    }
    talks_.resize(options_.connections);
    for (std::uint32_t i = 0; i < options_.connections; ++i) idle_.push_back(i);
    const auto limit = Clock::now() + 10s;
    while (opened_ < options_.connections) {
      turn();
      if (Clock::now() > limit) {
        die("only " + std::to_string(opened_) + " of " + std::to_string(options_.connections) +
            " UDP flows answered within 10 s");
      }
    }
  }

  void turn() {
    write_off();
    while (!idle_.empty() && waiting_ < options_.active) {
      const std::uint32_t number = idle_.front();
      idle_.pop_front();
      ask(number);
    }
    std::array<epoll_event, 256> events{};
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 20);
    for (int i = 0; i < count; ++i) {
      hear(static_cast<std::uint32_t>(events[static_cast<std::size_t>(i)].data.u64));
    }
  }

  void ask(std::uint32_t number) {
    Talk& talk = talks_[number];
    ++talk.sequence;
    talk.waiting = true;
    talk.asked = Clock::now();
    ++waiting_;
    pending_.push_back({number, talk.sequence});
    std::array<std::byte, 4096> bytes;
    std::span<std::byte> datagram(bytes.data(), dns() ? kQuestionSize : options_.size);
    if (dns()) {
      write_question(datagram.first<kQuestionSize>(), std::uint64_t{number} << 32 | talk.sequence);
    } else {
      write_datagram(datagram, {0, number, talk.sequence});
    }
    const Address to = destination(number);
    (void)!sendto(sockets_[number % options_.sockets].get(), datagram.data(), datagram.size(), 0,
                  to.get(), to.size());  // what was not sent is not answered, and counted so
  }

  void hear(std::uint32_t socket) {
    std::array<std::byte, 4096> inbox;
    Address from = first_;
    socklen_t length = sizeof(sockaddr_storage);
    const ssize_t size =
        recvfrom(sockets_[socket].get(), inbox.data(), inbox.size(), 0, from.get(), &length);
    if (size < 0) return;
    const std::span data(inbox.data(), static_cast<std::size_t>(size));
    std::uint32_t number = 0;
    std::uint32_t sequence = 0;
    if (!identify(data, number, sequence) || number >= talks_.size() ||
        number % options_.sockets != socket || !(from == destination(number))) {
      answers_.corrupt();
      return;
    }
    Talk& talk = talks_[number];
    if (!talk.waiting || talk.sequence != sequence) return;  // written off before it came
    answers_.came_after(Clock::now() - talk.asked);
    if (!opened(talk)) ++opened_;
    settle(number);
  }

  bool identify(std::span<const std::byte> data, std::uint32_t& number,
                std::uint32_t& sequence) const {
    if (dns()) {
      const auto asked = asked_sequence(data);
      if (!asked) return false;
      number = static_cast<std::uint32_t>(*asked >> 32);
      sequence = static_cast<std::uint32_t>(*asked);
      std::array<std::byte, kQuestionSize> question;
      write_question(question, *asked);
      return answers(data, question);
    }
    DatagramHead head;
    if (data.size() != options_.size || !read_datagram(data, head)) return false;
    number = head.flow;
    sequence = static_cast<std::uint32_t>(head.sequence);
    return true;
  }

  // Marks a talk as opened; says whether it was before.
  bool opened(Talk& talk) {
    const auto number = static_cast<std::size_t>(&talk - talks_.data());
    if (open_.size() < talks_.size()) open_.resize(talks_.size());
    const bool before = open_[number];
    open_[number] = true;
    return before;
  }

  void settle(std::uint32_t number) {
    talks_[number].waiting = false;
    --waiting_;
    // While flows are being opened, one that is open leaves its turn to the others.
    if (opened_ < options_.connections) {
      parked_.push_back(number);
    } else {
      idle_.insert(idle_.end(), parked_.begin(), parked_.end());
      parked_.clear();
      idle_.push_back(number);
    }
  }

  void write_off() {
    const auto now = Clock::now();
    while (!pending_.empty()) {
      const auto [number, sequence] = pending_.front();
      Talk& talk = talks_[number];
      if (talk.waiting && talk.sequence == sequence) {
        if (now - talk.asked < 200ms) return;
        answers_.lost();
        talk.waiting = false;
        --waiting_;
        idle_.push_back(number);
      }
      pending_.pop_front();
    }
  }

  struct Pending {
    std::uint32_t number;
    std::uint32_t sequence;
  };
  const Options& options_;
  Ledger& ledger_;
  Observation observation_;
  Answers answers_;
  Descriptor epoll_ = make_epoll();
  Address first_;
  std::vector<Descriptor> sockets_;
  std::vector<Talk> talks_;
  std::vector<bool> open_;
  std::deque<std::uint32_t> idle_;
  std::vector<std::uint32_t> parked_;
  std::deque<Pending> pending_;  // in the order of asking, so the oldest is in front
  std::uint64_t opened_ = 0;
  std::uint32_t waiting_ = 0;
};

}  // namespace

int run_exchange_udp(const Options& options) { return ExchangeUdp(options).run(); }

}  // namespace load
