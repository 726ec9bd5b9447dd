// How the workers rest: each runs a task that describes what it has and then waits, on its own
// thread, for what becomes of it. Nothing else can happen on that thread meanwhile, so what was
// described stays true, and what clients and servers send waits in the kernel; TCP flows pause with
// the rest. The alternative, to stop each listener and timer by itself, has a dozen places that
// would have to know of it. It takes milliseconds, and is bounded.
#include "gateway/handover.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace weir {
namespace {

using takeover::FrameType;

constexpr Milliseconds to_speak{10'000};         // between two words of a successor that gets ready
constexpr Milliseconds to_listen{2'000};         // until it has read what we say
constexpr Milliseconds to_prepare{60'000};       // until it wants to take over: firewalls are slow
constexpr std::size_t sockets_in_message = 120;  // two descriptors each, at most
constexpr std::size_t flows_in_message = 1'000;

// Where the workers rest.
class Rest {
 public:
  explicit Rest(std::size_t workers) : parts_(workers), missing_(workers) {}

  enum class Verdict : std::uint8_t { pending, go_on, let_go };

  // On a worker's thread: waits for the verdict.
  Verdict enter(std::size_t worker, HandedWorker part) {
    std::unique_lock lock(mutex_);
    if (verdict_ == Verdict::pending) {
      parts_[worker] = std::move(part);
      --missing_;
      changed_.notify_all();
      changed_.wait(lock, [this]() { return verdict_ != Verdict::pending; });
    }
    return verdict_;
  }

  // On the main thread: until all have come; false: not in time.
  bool gather(Instant until) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, until, [this]() { return missing_ == 0; });
  }
  // REQUIRES: gathered.
  [[nodiscard]] std::span<const HandedWorker> parts() const { return parts_; }

  void decide(Verdict verdict) {
    const std::lock_guard lock(mutex_);
    verdict_ = verdict;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<HandedWorker> parts_;
  std::size_t missing_;
  Verdict verdict_ = Verdict::pending;
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

Handover::Handover(Loop& loop, Log& log, ControlSocket socket, std::vector<std::uint64_t> earlier,
                   Means means)
    : log_(log),
      socket_(std::move(socket)),
      earlier_(std::move(earlier)),
      means_(std::move(means)),
      loop_(loop),
      listening_(socket_.release()),
      patience_(loop, [this]() { give_up("it takes too long"); }) {
  incoming_ = std::make_unique<Poll>(loop_, listening_.get(), [this](Poll::Ready) { accept(); });
  incoming_->watch({.readable = true, .writable = false});
}

Handover::~Handover() = default;

void Handover::accept() {
  Descriptor accepted(accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!accepted.valid()) {
    return;
  }
  takeover::Channel channel(std::move(accepted));
  const auto peer = channel.peer();
  if (!peer || peer.value().uid != 0) {
    refuse(channel, "only root may take over a gateway");
    return;
  }
  if (step_ != Step::none) {
    refuse(channel, step_ == Step::handed ? "this gateway has been taken over already"
                                          : "another takeover is under way");
    return;
  }
  step_ = Step::greeted;
  successor_ = peer.value().pid;
  channel_ = std::move(channel);
  words_ =
      std::make_unique<Poll>(loop_, channel_->descriptor(), [this](Poll::Ready) { on_readable(); });
  words_->watch({.readable = true, .writable = false});
  patience_.once(to_speak);
}

void Handover::refuse(takeover::Channel& channel, const std::string& why) {
  log_.warning("a takeover was refused: " + why);
  static_cast<void>(channel.send(FrameType::refusal, why, {}, clock_now() + to_listen));
}

void Handover::on_readable() {
  if (step_ == Step::handed) {
    close();
    means_.left();
    return;
  }
  const auto done = step_ == Step::greeted ? greet() : answer();
  if (!done) {
    give_up(done.error().text());
  }
}

// The successor says which version it speaks, and hears what there is.
Result<> Handover::greet() {
  const auto said = channel_->expect(FrameType::hello, clock_now() + to_listen);
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
  const auto offered = means_.offer();
  if (!offered) {
    return offered.error();
  }
  step_ = Step::offered;
  patience_.once(to_prepare);
  return channel_->send(FrameType::offer, offered.value().data,
                        numbers_of(offered.value().descriptors), clock_now() + to_listen);
}

Result<> Handover::answer() {
  const auto said = channel_->expect(FrameType::take, clock_now() + to_listen);
  return said ? hand_over() : Result<>(said.error());
}

Result<> Handover::hand_over() {
  const auto workers = means_.workers();
  const Instant paused = clock_now();
  const Instant until = paused + longest_rest;
  const auto rest = std::make_shared<Rest>(workers.size());
  for (std::size_t i = 0; i < workers.size(); ++i) {
    workers[i]->post([rest, i](Worker& self) {
      if (rest->enter(i, self.hand_over()) == Rest::Verdict::let_go) {
        self.let_go();
      }
    });
  }
  const auto go_on = [&](const Error& error) {
    rest->decide(Rest::Verdict::go_on);
    return error;
  };
  if (!rest->gather(until)) {
    return go_on(Error("a worker does not come to rest"));
  }
  if (auto sent = send_all(rest->parts(), paused, until); !sent) {
    return go_on(sent.error());
  }
  if (auto prepared = channel_->expect(FrameType::prepared, until); !prepared) {
    return go_on(prepared.error());
  }
  // Now it may serve: no time is too long, or there would be two. If it dies it does not.
  if (auto sent = channel_->send(FrameType::go, {}, {}, until); !sent) {
    return go_on(sent.error());
  }
  if (auto serving = channel_->expect(FrameType::serving, Instant::max()); !serving) {
    return go_on(serving.error());
  }
  std::uint64_t flows = 0;
  for (const HandedWorker& part : rest->parts()) {
    flows += part.flows.size();
  }
  rest->decide(Rest::Verdict::let_go);
  step_ = Step::handed;
  patience_.stop();
  socket_.leave();
  means_.handed_over(successor_, flows);
  // Whether it still hears that is its own affair.
  static_cast<void>(channel_->send(FrameType::done, {}, {}, clock_now() + to_listen));
  return Done{};
}

Result<> Handover::send_all(std::span<const HandedWorker> parts, Instant paused, Instant until) {
  takeover::Ending ending{
      .workers = static_cast<std::uint32_t>(parts.size()), .last_numbers = {}, .paused = paused};
  for (const HandedWorker& part : parts) {
    if (auto sent = send_worker(part, until); !sent) {
      return sent.error();
    }
    ending.last_numbers.push_back(part.last_number);
  }
  for (std::size_t i = parts.size(); i < earlier_.size(); ++i) {
    ending.last_numbers.push_back(earlier_[i]);
  }
  return channel_->send(FrameType::end, encode(ending), {}, until);
}

Result<> Handover::send_worker(const HandedWorker& worker, Instant until) {
  if (auto sent = channel_->send(FrameType::worker, encode(worker.part), worker.listeners, until);
      !sent) {
    return sent.error();
  }
  std::span<const takeover::SocketPart> sockets = worker.sockets;
  std::span<const int> descriptors = worker.descriptors;
  while (!sockets.empty()) {
    const auto batch = sockets.first(std::min(sockets.size(), sockets_in_message));
    const auto with_relay = static_cast<std::size_t>(
        std::count_if(batch.begin(), batch.end(), [](const auto& one) { return one.has_relay; }));
    const std::size_t count = batch.size() + with_relay;
    if (auto sent =
            channel_->send(FrameType::sockets, encode(batch), descriptors.first(count), until);
        !sent) {
      return sent.error();
    }
    sockets = sockets.subspan(batch.size());
    descriptors = descriptors.subspan(count);
  }
  std::span<const takeover::FlowPart> flows = worker.flows;
  while (!flows.empty()) {
    const auto batch = flows.first(std::min(flows.size(), flows_in_message));
    if (auto sent = channel_->send(FrameType::flows, encode(batch), {}, until); !sent) {
      return sent.error();
    }
    flows = flows.subspan(batch.size());
  }
  return Done{};
}

void Handover::give_up(const std::string& why) {
  const bool had_offered = step_ == Step::offered;
  refuse(*channel_, why);
  close();
  step_ = Step::none;
  if (had_offered) {
    means_.withdrawn();
  }
}

void Handover::close() {
  patience_.stop();
  words_.reset();
  channel_.reset();
}

}  // namespace weir
