// How the workers are quiesced: each runs a task that describes what it has and then waits, on its
// own thread, for what becomes of it. Nothing else can happen on that thread meanwhile, so what was
// described stays true, and what clients and servers send waits in the kernel; TCP flows pause with
// the rest. The alternative, to stop each listener and timer by itself, has a dozen places that
// would have to know of it. It takes milliseconds, and is bounded.
#include "gateway/takeover_donor.h"

#include <condition_variable>
#include <mutex>
#include <span>
#include <utility>

#include "takeover/messages.h"
#include "takeover/worker_frames.h"

namespace weir {
namespace {

using takeover::FrameType;

// Where the workers wait.
class WorkerBarrier {
 public:
  using Verdict = TakeoverDonor::Verdict;

  explicit WorkerBarrier(std::size_t workers) : parts_(workers), missing_(workers) {}

  // On a worker's thread: waits for the verdict.
  Verdict enter(std::size_t worker, WorkerState part) {
    std::unique_lock lock(mutex_);
    if (!verdict_) {
      parts_[worker] = std::move(part);
      --missing_;
      changed_.notify_all();
      changed_.wait(lock, [this]() { return verdict_.has_value(); });
    }
    return *verdict_;
  }

  // On the main thread: until all have come; false: not in time.
  bool gather(Instant until) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, until, [this]() { return missing_ == 0; });
  }
  // REQUIRES: gathered.
  [[nodiscard]] std::span<const WorkerState> parts() const { return parts_; }

  void decide(Verdict verdict) {
    const std::lock_guard lock(mutex_);
    verdict_ = verdict;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<WorkerState> parts_;
  std::size_t missing_;
  std::optional<Verdict> verdict_;
};

// Descriptors as the channel takes them.
std::vector<int> numbers_of(const std::vector<Descriptor>& descriptors) {
  std::vector<int> out;
  out.reserve(descriptors.size());
  for (const Descriptor& descriptor : descriptors) {
    out.push_back(descriptor.get());
  }
  return out;
}

}  // namespace

TakeoverDonor::TakeoverDonor(Loop& loop, Log& log, ControlSocket socket, Gateway& gateway,
                             const TakeoverTimes& times, uid_t allowed)
    : loop_(loop),
      log_(log),
      socket_(std::move(socket)),
      gateway_(gateway),
      times_(times),
      allowed_(allowed),
      acceptor_(loop, Descriptor(socket_.release()),
                [this](takeover::Channel channel) { on_call(std::move(channel)); }),
      timeout_(loop, [this]() { give_up("it did not answer in time"); }) {}

TakeoverDonor::~TakeoverDonor() = default;

void TakeoverDonor::on_call(takeover::Channel channel) {
  const auto peer = channel.peer();
  if (!peer || peer.value().uid != allowed_) {
    refuse(channel, "only root may take over a gateway");
    return;
  }
  if (step_ != Step::none) {
    refuse(channel, step_ == Step::handed ? "this gateway has been taken over already"
                                          : "another takeover is under way");
    return;
  }
  step_ = Step::greeted;
  successor_ = HeldProcess(peer.value().pid);
  channel_ = std::move(channel);
  channel_poll_ =
      std::make_unique<Poll>(loop_, channel_->descriptor(), [this](Poll::Ready) { on_readable(); });
  channel_poll_->watch({.readable = true, .writable = false});
  timeout_.once(times_.to_speak);
}

void TakeoverDonor::refuse(takeover::Channel& channel, const std::string& why) {
  log_.warning("a takeover was refused: " + why);
  static_cast<void>(channel.send(FrameType::refusal, why, {}, clock_now() + times_.to_listen));
}

void TakeoverDonor::on_readable() {
  if (step_ == Step::handed) {
    close();
    gateway_.left();
    return;
  }
  const auto done = step_ == Step::greeted ? greet() : answer();
  if (!done) {
    give_up(done.error().text());
  }
}

// The successor says which version it speaks, and hears what there is.
Result<> TakeoverDonor::greet() {
  const auto said = channel_->expect(FrameType::hello, clock_now() + times_.to_listen);
  if (!said) {
    return said.error();
  }
  const auto hello = takeover::decode_hello(said.value().body);
  if (!hello) {
    return hello.error();
  }
  if (hello.value().version != takeover::version) {
    return Error("weir " + hello.value().program + " speaks version " +
                 std::to_string(hello.value().version) +
                 " of the takeover, the running gateway (weir " WEIR_VERSION ") version " +
                 std::to_string(takeover::version) + ": restart it instead");
  }
  const auto offered = gateway_.offer();
  if (!offered) {
    return offered.error();
  }
  step_ = Step::offered;
  timeout_.once(times_.to_prepare);
  return channel_->send(FrameType::offer, encode(offered.value().state),
                        numbers_of(offered.value().descriptors), clock_now() + times_.to_listen);
}

Result<> TakeoverDonor::answer() {
  const auto said = channel_->expect(FrameType::take, clock_now() + times_.to_listen);
  if (!said) {
    return said.error();
  }
  const auto may = gateway_.still_may();
  return may ? hand_over() : may;
}

Result<> TakeoverDonor::hand_over() {
  const Instant paused = clock_now();
  const Instant until = paused + times_.to_quiesce;
  const auto barrier = std::make_shared<WorkerBarrier>(gateway_.workers());
  gateway_.quiesce([barrier](std::size_t worker, WorkerState part) {
    return barrier->enter(worker, std::move(part));
  });
  const auto go_on = [&](const Error& error) {
    barrier->decide(Verdict::keep);
    return error;
  };
  if (!barrier->gather(until)) {
    return go_on(Error("a worker did not pause in time"));
  }
  if (const auto names = gateway_.looked_up_since(); !names.empty()) {
    if (auto sent = channel_->send(FrameType::names, encode(names), {}, until); !sent) {
      return go_on(sent.error());
    }
  }
  if (auto sent =
          send_workers(*channel_, barrier->parts(), gateway_.earlier_numbers(), paused, until);
      !sent) {
    return go_on(sent.error());
  }
  if (auto prepared = channel_->expect(FrameType::prepared, until); !prepared) {
    return go_on(prepared.error());
  }
  // From now on it may serve.
  if (auto sent = channel_->send(FrameType::go, {}, {}, until); !sent) {
    return go_on(sent.error());
  }
  if (auto serving = await_serving(); !serving) {
    return go_on(serving.error());
  }
  std::uint64_t flows = 0;
  for (const WorkerState& part : barrier->parts()) {
    flows += part.flows.size();
  }
  barrier->decide(Verdict::let_go);
  step_ = Step::handed;
  timeout_.stop();
  socket_.leave();
  gateway_.handed_over(successor_.pid(), flows);
  // The successor serves, whether it still hears that or not.
  static_cast<void>(channel_->send(FrameType::done, {}, {}, clock_now() + times_.to_listen));
  return Ok{};
}

// Between `go` and `serving` neither may serve, or both would; and so we wait for its word that it
// serves, but not for ever. A successor that says nothing is killed before we go on.
Result<> TakeoverDonor::await_serving() {
  const Instant until = clock_now() + times_.to_begin;
  auto serving = channel_->expect(FrameType::serving, until);
  if (serving || clock_now() < until) {
    return serving ? Result<>(Ok{}) : Result<>(serving.error());
  }
  if (!successor_.is_held()) {
    serving = channel_->expect(FrameType::serving, Instant::max());
    return serving ? Result<>(Ok{}) : Result<>(serving.error());
  }
  successor_.end(times_.to_die);
  return Error("process " + std::to_string(successor_.pid()) + " did not begin to serve within " +
               std::to_string(times_.to_begin.count() / 1'000) + " s, and was killed");
}

void TakeoverDonor::give_up(const std::string& why) {
  const bool had_offered = step_ == Step::offered;
  refuse(*channel_, why);
  close();
  step_ = Step::none;
  if (had_offered) {
    gateway_.withdrawn();
  }
}

void TakeoverDonor::close() {
  timeout_.stop();
  channel_poll_.reset();
  channel_.reset();
}

}  // namespace weir
