// A takeover as the running gateway goes through it, with a gateway and workers that only note what
// happens to them, and a successor that speaks over the real socket. Needs no privileges.
#include "gateway/takeover_donor.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/folder.h"
#include "catch.h"
#include "takeover/messages.h"
#include "takeover/worker_frames.h"

namespace weir {
namespace {

using takeover::Channel;
using takeover::FrameType;

constexpr Milliseconds timeout{10'000};
Instant soon() { return clock_now() + timeout; }

class NotedGateway final : public TakeoverDonor::Gateway {
 public:
  ~NotedGateway() override { join(); }

  Result<Offer> offer() override {
    ++offers;
    if (no_offer) {
      return *no_offer;
    }
    Offer out;
    out.state.pid = getpid();
    out.state.port = 50'080;
    return out;
  }
  Result<> still_may() override { return may_not ? Result<>(*may_not) : Result<>(Ok{}); }
  std::size_t workers() override { return 2; }
  // As a worker does: on its own thread, and one of them perhaps too late.
  void quiesce(Quiesced quiesced) override {
    for (std::size_t i = 0; i < workers(); ++i) {
      threads_.emplace_back([this, quiesced, i]() {
        while (i == 1 && second_is_stuck) {
          std::this_thread::yield();
        }
        WorkerState part;
        part.last_number = i + 1;
        const auto verdict = quiesced(i, std::move(part));
        const std::lock_guard lock(mutex_);
        verdicts_.push_back(verdict);
      });
    }
  }
  std::vector<std::uint64_t> earlier_numbers() override { return {7, 8, 9}; }
  std::vector<takeover::GatewayState::LookedUp> looked_up_since() override { return looked_up; }
  void withdrawn() override { ++withdrawals; }
  void handed_over(pid_t pid, std::uint64_t flows) override {
    successor = pid;
    handed_flows = flows;
  }
  void left() override { was_left = true; }

  // What the workers were told, once all of them were.
  std::vector<TakeoverDonor::Verdict> verdicts() {
    join();
    return std::exchange(verdicts_, {});
  }

  std::vector<takeover::GatewayState::LookedUp> looked_up;
  std::optional<Error> no_offer;
  std::optional<Error> may_not;
  std::atomic<bool> second_is_stuck{false};
  int offers = 0;
  int withdrawals = 0;
  pid_t successor = 0;
  std::uint64_t handed_flows = 99;
  bool was_left = false;

 private:
  void join() {
    second_is_stuck = false;
    for (auto& thread : threads_) {
      thread.join();
    }
    threads_.clear();
  }

  std::mutex mutex_;
  std::vector<TakeoverDonor::Verdict> verdicts_;
  std::vector<std::thread> threads_;
};

using Verdicts = std::vector<TakeoverDonor::Verdict>;
const Verdicts all_keep{TakeoverDonor::Verdict::keep, TakeoverDonor::Verdict::keep};
const Verdicts all_let_go{TakeoverDonor::Verdict::let_go, TakeoverDonor::Verdict::let_go};

class Takeover {
 public:
  explicit Takeover(const TakeoverTimes& times = {}, uid_t allowed = geteuid())
      : donor(loop_, *log_, ControlSocket::listen(path()).value(), gateway, times, allowed) {}

  [[nodiscard]] std::string path() const { return folder_ / "takeover.sock"; }
  [[nodiscard]] Channel call() const {
    auto channel = Channel::connect(path());
    REQUIRE(channel);
    return std::move(channel).value();
  }
  // Runs the gateway's loop while the successor does its part, and until something is so.
  void play(const std::function<void()>& successor, const std::function<bool()>& until) {
    std::atomic<bool> played{false};
    Timer ticker(loop_, [&]() {
      if (played && until()) {
        loop_.stop();
      }
    });
    ticker.every(Milliseconds{1});
    std::thread other([&]() {
      successor();
      played = true;
    });
    loop_.run();
    other.join();
  }
  void run_until(const std::function<bool()>& until) {
    play([]() {}, until);
  }

  NotedGateway gateway;

 private:
  static std::unique_ptr<Log> quiet(const Folder& folder) {
    LogSettings settings;
    settings.target = LogTarget::file;
    settings.path = folder / "log";
    return std::move(Log::open(settings)).value();
  }

  Folder folder_;
  std::unique_ptr<Log> log_ = quiet(folder_);
  Loop loop_;

 public:
  TakeoverDonor donor;
};

Result<> greet(Channel& channel, std::uint32_t version = takeover::version) {
  return channel.send(FrameType::hello,
                      encode(takeover::Hello{.version = version, .program = "9.9"}), {}, soon());
}

// Asks for the gateway's state; the sentence by which it is refused, or "".
std::string ask(Channel& channel, std::uint32_t version = takeover::version) {
  if (const auto sent = greet(channel, version); !sent) {
    return sent.error().text();
  }
  const auto offer = channel.expect(FrameType::offer, soon());
  return offer ? "" : offer.error().text();
}

std::string refusal_of(Channel& channel) {
  const auto said = channel.expect(FrameType::refusal, soon());
  return said ? "no refusal" : said.error().text();
}

// Everything up to `go`.
bool go_along(Channel& channel) {
  return ask(channel).empty() && channel.send(FrameType::take, {}, {}, soon()) &&
         receive_workers(channel, timeout) && channel.send(FrameType::prepared, {}, {}, soon()) &&
         channel.expect(FrameType::go, soon());
}

TEST_CASE("what clients have looked up since the offer comes with the workers") {
  Takeover takeover;
  takeover.gateway.looked_up = {{.client = Address::parse("192.0.2.11").value(),
                                 .address = Address::parse("203.0.113.9").value(),
                                 .name = "www.example.org"}};
  takeover.play(
      [&]() {
        Channel channel = takeover.call();
        REQUIRE(ask(channel).empty());
        REQUIRE(channel.send(FrameType::take, {}, {}, soon()));
        const auto received = receive_workers(channel, timeout);
        REQUIRE(received);
        CHECK(received.value().workers.size() == 2);
        CHECK(received.value().looked_up == takeover.gateway.looked_up);
      },
      [&]() { return takeover.gateway.withdrawals == 1; });
}

TEST_CASE("a takeover hands over every worker, and lets go when the successor serves") {
  Takeover takeover;
  std::optional<Channel> channel;
  takeover.play(
      [&]() {
        channel = takeover.call();
        REQUIRE(greet(*channel));
        const auto offer = channel->expect(FrameType::offer, soon());
        REQUIRE(offer);
        const auto state = takeover::decode_gateway_state(offer.value().body);
        REQUIRE(state);
        CHECK(state.value().port == 50'080);
        REQUIRE(channel->send(FrameType::take, {}, {}, soon()));
        const auto received = receive_workers(*channel, timeout);
        REQUIRE(received);
        CHECK(received.value().workers.size() == 2);
        CHECK(received.value().ending.last_numbers == std::vector<std::uint64_t>{1, 2, 9});
        REQUIRE(channel->send(FrameType::prepared, {}, {}, soon()));
        REQUIRE(channel->expect(FrameType::go, soon()));
        REQUIRE(channel->send(FrameType::serving, {}, {}, soon()));
        REQUIRE(channel->expect(FrameType::done, soon()));
      },
      [&]() { return takeover.gateway.successor != 0; });
  CHECK(takeover.gateway.successor == getpid());
  CHECK(takeover.gateway.handed_flows == 0);
  CHECK(takeover.gateway.withdrawals == 0);
  CHECK(takeover.gateway.verdicts() == all_let_go);
  CHECK_FALSE(takeover.gateway.was_left);

  // Who calls now is late.
  takeover.play(
      [&]() {
        Channel late = takeover.call();
        CHECK(refusal_of(late) == "this gateway has been taken over already");
      },
      []() { return true; });
  channel.reset();
  takeover.run_until([&]() { return takeover.gateway.was_left; });
  CHECK(access(takeover.path().c_str(), F_OK) == 0);  // the path is the successor's
}

TEST_CASE("a successor of another version is refused with a sentence, and the next one is heard") {
  Takeover takeover;
  takeover.play(
      [&]() {
        Channel other = takeover.call();
        CHECK(ask(other, takeover::version + 1) ==
              "weir 9.9 speaks version " + std::to_string(takeover::version + 1) +
                  " of the takeover, the running gateway (weir " WEIR_VERSION ") version " +
                  std::to_string(takeover::version) + ": restart it instead");
      },
      [&]() { return !takeover.donor.is_under_way(); });
  CHECK(takeover.gateway.offers == 0);
  takeover.play(
      [&]() {
        Channel same = takeover.call();
        CHECK(ask(same).empty());
      },
      [&]() { return takeover.gateway.withdrawals == 1; });  // it hung up
}

TEST_CASE("a gateway that cannot be taken over says why, before anything has happened") {
  Takeover takeover;
  takeover.gateway.no_offer = Error("this gateway is draining");
  takeover.play(
      [&]() {
        Channel channel = takeover.call();
        CHECK(ask(channel) == "this gateway is draining");
      },
      [&]() { return !takeover.donor.is_under_way(); });
  CHECK(takeover.gateway.withdrawals == 0);
}

TEST_CASE("what happened between the offer and the successor's word stops it in its own words") {
  Takeover takeover;
  takeover.play(
      [&]() {
        Channel channel = takeover.call();
        REQUIRE(ask(channel).empty());
        takeover.gateway.may_not = Error("this gateway is draining");
        REQUIRE(channel.send(FrameType::take, {}, {}, soon()));
        CHECK(refusal_of(channel) == "this gateway is draining");
      },
      [&]() { return takeover.gateway.withdrawals == 1; });
  CHECK(takeover.gateway.verdicts().empty());  // no worker was stopped
}

TEST_CASE("one takeover at a time") {
  Takeover takeover;
  takeover.play(
      [&]() {
        Channel first = takeover.call();
        REQUIRE(ask(first).empty());
        Channel second = takeover.call();
        CHECK(refusal_of(second) == "another takeover is under way");
        CHECK(takeover.gateway.withdrawals == 0);
      },
      [&]() { return takeover.gateway.withdrawals == 1; });
}

TEST_CASE("another user is refused") {
  Takeover takeover({}, geteuid() + 1);
  takeover.play(
      [&]() {
        Channel channel = takeover.call();
        CHECK(refusal_of(channel) == "only root may take over a gateway");
      },
      []() { return true; });
  CHECK(takeover.gateway.offers == 0);
}

TEST_CASE("a caller that says nothing keeps no other from taking over") {
  TakeoverTimes times;
  times.to_speak = Milliseconds{50};
  Takeover takeover(times);
  takeover.play(
      [&]() {
        Channel silent = takeover.call();
        CHECK(refusal_of(silent) == "it did not answer in time");
        Channel next = takeover.call();
        CHECK(ask(next).empty());
      },
      [&]() { return takeover.gateway.withdrawals == 1; });
}

TEST_CASE("a successor that never gets ready is given up") {
  TakeoverTimes times;
  times.to_prepare = Milliseconds{50};
  Takeover takeover(times);
  takeover.play(
      [&]() {
        Channel channel = takeover.call();
        REQUIRE(ask(channel).empty());
        CHECK(refusal_of(channel) == "it did not answer in time");
      },
      [&]() { return takeover.gateway.withdrawals == 1; });
}

TEST_CASE("a worker that does not pause in time lets the others go on") {
  TakeoverTimes times;
  times.to_quiesce = Milliseconds{100};
  Takeover takeover(times);
  takeover.gateway.second_is_stuck = true;
  takeover.play(
      [&]() {
        Channel channel = takeover.call();
        REQUIRE(ask(channel).empty());
        REQUIRE(channel.send(FrameType::take, {}, {}, soon()));
        CHECK(refusal_of(channel) == "a worker did not pause in time");
      },
      [&]() { return takeover.gateway.withdrawals == 1; });
  CHECK(takeover.gateway.successor == 0);
  CHECK(takeover.gateway.verdicts() == all_keep);  // the late one, too
}

TEST_CASE("a successor that is gone before it serves leaves everything as it was") {
  const bool heard_go = GENERATE(false, true);
  Takeover takeover;
  takeover.play(
      [&]() {
        Channel channel = takeover.call();
        if (heard_go) {
          CHECK(go_along(channel));
        } else {
          REQUIRE(ask(channel).empty());
          REQUIRE(channel.send(FrameType::take, {}, {}, soon()));
        }
      },
      [&]() { return takeover.gateway.withdrawals == 1; });
  CHECK(takeover.gateway.successor == 0);
  CHECK(takeover.gateway.verdicts() == all_keep);
}

TEST_CASE("a successor that was told to go and says nothing is killed") {
  TakeoverTimes times;
  times.to_begin = Milliseconds{100};
  Takeover takeover(times);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    Channel channel = std::move(Channel::connect(takeover.path())).value();
    if (!go_along(channel)) {
      _exit(1);
    }
    while (true) {
      pause();
    }
  }
  takeover.run_until([&]() { return takeover.gateway.withdrawals == 1; });
  CHECK(takeover.gateway.successor == 0);
  CHECK(takeover.gateway.verdicts() == all_keep);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGKILL);
}

}  // namespace
}  // namespace weir
