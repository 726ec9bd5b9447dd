#include "loop/loop_thread.h"

#include <pthread.h>

#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace weir {
namespace {

// A task that another thread waits for.
class Awaited {
 public:
  void perform(const std::function<void()>& task) {
    if (!step_from(Step::waits, Step::runs)) {
      return;
    }
    task();
    static_cast<void>(step_from(Step::runs, Step::done));
  }

  bool wait(std::optional<Milliseconds> to_begin) {
    std::unique_lock lock(mutex_);
    const auto has_begun = [this]() { return step_ != Step::waits; };
    if (to_begin && !changed_.wait_for(lock, *to_begin, has_begun)) {
      step_ = Step::withdrawn;
      return false;
    }
    changed_.wait(lock, [this]() { return step_ == Step::done; });
    return true;
  }

 private:
  enum class Step : std::uint8_t { waits, runs, done, withdrawn };

  bool step_from(Step from, Step to) {
    const std::lock_guard lock(mutex_);
    if (step_ != from) {
      return false;
    }
    step_ = to;
    changed_.notify_all();
    return true;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  Step step_ = Step::waits;
};

// A new thread has its maker's signal mask.
std::thread start_without_signals(const std::function<void()>& life) {
  sigset_t all{};
  sigset_t before{};
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread made(life);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return made;
}

}  // namespace

LoopThread::LoopThread(const std::string& name)
    : mailbox_(loop_), thread_(start_without_signals([this]() { loop_.run(); })) {
  pthread_setname_np(thread_.native_handle(), name.c_str());
}

LoopThread::~LoopThread() {
  mailbox_.post([this]() { loop_.stop(); });
  thread_.join();
}

void LoopThread::post(std::function<void()> task) { mailbox_.post(std::move(task)); }

void LoopThread::run(const std::function<void()>& task) {
  const auto awaited = std::make_shared<Awaited>();
  mailbox_.post([awaited, &task]() { awaited->perform(task); });
  static_cast<void>(awaited->wait(std::nullopt));
}

bool LoopThread::run_within(Milliseconds longest, const std::function<void()>& task) {
  // Outlives this call where the task comes too late.
  const auto awaited = std::make_shared<Awaited>();
  mailbox_.post([awaited, &task]() { awaited->perform(task); });
  return awaited->wait(longest);
}

}  // namespace weir
