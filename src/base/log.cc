// The thread behind the log. Writers append to a queue under a lock held for a few instructions;
// the thread takes one entry after the other to the sink. While the sink can't be written, the
// queue fills, and beyond its bound lines are lost: the newest, since the oldest tell how the
// trouble began. A loss ends when half the queue is free again.
//
// The thread shares ownership of the state, because a sink may block in spite of everything (a file
// on a dead network mount): the destructor then leaves thread and state behind.
//
// spdlog's asynchronous logger was the alternative. Its sinks block or throw where ours say
// "later", which is the very thing this file is about, and formatting is the smaller part.
#include "base/log.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "base/descriptor.h"
#include "base/escape.h"
#include "base/log_sink.h"
#include "base/wall_time.h"

namespace weir {
namespace {

constexpr std::size_t entry_overhead = 64;  // what an entry costs besides its text
constexpr Milliseconds farewell{1000};      // for what is queued when the log ends
constexpr Milliseconds last_attempts{800};  // of it, for a sink that must be waited for
constexpr Milliseconds retry_after{500};

using Clock = std::chrono::steady_clock;

struct Entry {
  std::string text;  // whole lines
  std::uint64_t lines = 1;
  LogLevel level = LogLevel::info;
};

}  // namespace

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

struct Log::State {
  // Settled by open() and reopen().
  std::atomic<LogLevel> level{LogLevel::info};
  std::atomic<LogFormat> format{LogFormat::text};
  std::atomic<bool> timestamps{false};

  std::atomic<std::uint64_t> lost{0};
  Descriptor wake{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};  // ends a wait for the sink

  std::mutex lock;
  std::condition_variable changed;
  std::deque<Entry> queue;
  std::size_t queued_bytes = 0;
  std::uint64_t losing = 0;              // lines of the loss that has not ended
  std::unique_ptr<LogSink> replacement;  // from reopen()
  bool stopping = false;
  Clock::time_point give_up{};  // when stopping
  bool finished = false;
  std::thread thread;  // the destructor's

  void apply(const LogSettings& settings) {
    level = settings.level;
    format = settings.format;
    timestamps = settings.target == LogTarget::file;
  }

  // False if the lines were lost.
  bool push(Entry entry) {
    {
      const std::lock_guard guard(lock);
      const auto cost = entry.text.size() + entry_overhead;
      if (queued_bytes + cost > queue_bytes) {
        losing += entry.lines;
        lost += entry.lines;
        return false;
      }
      queued_bytes += cost;
      queue.push_back(std::move(entry));
    }
    changed.notify_one();
    return true;
  }

  [[nodiscard]] Entry message(LogLevel of, std::string_view text) const;
  void interrupt() const;
  void run(std::unique_ptr<LogSink> sink);
  void write(std::unique_ptr<LogSink>& sink, const Entry& entry);
  bool wait_for(const LogSink& sink, LogSink::Outcome why);
};

Entry Log::State::message(LogLevel of, std::string_view text) const {
  Entry entry;
  entry.level = of;
  auto& line = entry.text;
  line.reserve(text.size() + 64);
  if (format.load(std::memory_order_relaxed) == LogFormat::json) {
    line += R"({"time":")";
    append_rfc3339(line, wall_now());
    line += R"(","level":")";
    line += name_of(of);
    line += R"(","message":)";
    append_json_string(line, text);
    line += "}\n";
    return entry;
  }
  if (timestamps.load(std::memory_order_relaxed)) {
    append_rfc3339(line, wall_now());
    line += ' ';
  }
  line += name_of(of);
  line += ' ';
  append_printable(line, text);
  line += '\n';
  return entry;
}

void Log::State::interrupt() const {
  const std::uint64_t one = 1;
  // A counter at its maximum wakes just as well.
  [[maybe_unused]] const auto n = ::write(wake.get(), &one, sizeof one);
}

void Log::State::run(std::unique_ptr<LogSink> sink) {
  std::unique_lock guard(lock);
  while (true) {
    changed.wait(guard, [this] { return !queue.empty() || replacement || stopping; });
    if (replacement) {
      sink = std::move(replacement);
    }
    if (queue.empty()) {
      if (stopping) {
        break;
      }
      continue;
    }
    const Entry entry = std::move(queue.front());
    queue.pop_front();
    guard.unlock();
    write(sink, entry);
    guard.lock();
    queued_bytes -= entry.text.size() + entry_overhead;
    if (losing > 0 && queued_bytes <= queue_bytes / 2) {
      const auto count = std::exchange(losing, 0);
      auto notice = message(LogLevel::warning, std::to_string(count) +
                                                   " log lines were lost: the log's target did "
                                                   "not keep up");
      queued_bytes += notice.text.size() + entry_overhead;
      queue.push_back(std::move(notice));
    }
  }
  finished = true;
  guard.unlock();
  changed.notify_all();
}

void Log::State::write(std::unique_ptr<LogSink>& sink, const Entry& entry) {
  std::string_view rest = entry.text;
  const auto skip_line = [&rest] {
    const auto end = rest.find('\n');
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  };
  while (!rest.empty()) {
    const auto progress = sink->write(entry.level, rest);
    rest.remove_prefix(progress.bytes);
    if (progress.outcome == LogSink::Outcome::written) {
      return;
    }
    if (progress.outcome == LogSink::Outcome::gone || !wait_for(*sink, progress.outcome)) {
      ++lost;  // no notice: nothing is left to read it
      skip_line();
      continue;
    }
    const std::lock_guard guard(lock);
    if (replacement) {
      const bool line_begun = rest.size() < entry.text.size() &&
                              entry.text[entry.text.size() - rest.size() - 1] != '\n';
      if (line_begun) {
        skip_line();  // its rest would make no sense in the new target
      }
      sink = std::move(replacement);
    }
  }
}

// Waits until a write is worth another try. False when the log ends and the time for that is up.
bool Log::State::wait_for(const LogSink& sink, LogSink::Outcome why) {
  int timeout = why == LogSink::Outcome::wait ? -1 : static_cast<int>(retry_after.count());
  {
    const std::lock_guard guard(lock);
    if (stopping) {
      const auto left = std::chrono::ceil<Milliseconds>(give_up - Clock::now());
      if (why == LogSink::Outcome::retry || left <= Milliseconds::zero()) {
        return false;
      }
      timeout = static_cast<int>(left.count());
    }
  }
  std::array<pollfd, 2> waiting{pollfd{wake.get(), POLLIN, 0}, pollfd{sink.fd(), POLLOUT, 0}};
  poll(waiting.data(), why == LogSink::Outcome::wait ? 2 : 1, timeout);
  if (waiting[0].revents != 0) {
    std::uint64_t times = 0;
    [[maybe_unused]] const auto n = ::read(wake.get(), &times, sizeof times);
  }
  return true;
}

Log::Log(std::shared_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Log>> Log::open(const LogSettings& settings) {
  auto sink = LogSink::open(settings);
  if (!sink) {
    return sink.error();
  }
  auto state = std::make_shared<State>();
  if (!state->wake.valid()) {
    return Error(std::string("cannot make an eventfd: ") + std::strerror(errno));
  }
  state->apply(settings);
  // Signals are for the main thread; a pipe without reader is an error here, not an end.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  state->thread = std::thread(
      [state, writer = std::move(sink).value()]() mutable { state->run(std::move(writer)); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return std::unique_ptr<Log>(new Log(std::move(state)));
}

Log::~Log() {
  std::unique_lock guard(state_->lock);
  state_->stopping = true;
  state_->give_up = Clock::now() + last_attempts;
  state_->changed.notify_all();
  state_->interrupt();
  const bool finished =
      state_->changed.wait_for(guard, farewell, [this] { return state_->finished; });
  guard.unlock();
  if (finished) {
    state_->thread.join();
  } else {
    state_->thread.detach();
  }
}

void Log::message(LogLevel level, std::string_view message) {
  if (level >= state_->level.load(std::memory_order_relaxed)) {
    state_->push(state_->message(level, message));
  }
}

void Log::debug(std::string_view text) { message(LogLevel::debug, text); }
void Log::info(std::string_view text) { message(LogLevel::info, text); }
void Log::warning(std::string_view text) { message(LogLevel::warning, text); }
void Log::error(std::string_view text) { message(LogLevel::error, text); }

std::uint64_t Log::records(std::string&& batch, std::uint64_t lines) {
  return state_->push({std::move(batch), lines, LogLevel::info}) ? 0 : lines;
}

LogLevel Log::level() const { return state_->level.load(std::memory_order_relaxed); }

void Log::set_level(LogLevel level) { state_->level = level; }

LogFormat Log::format() const { return state_->format.load(std::memory_order_relaxed); }

std::uint64_t Log::lost() const { return state_->lost.load(std::memory_order_relaxed); }

Result<> Log::reopen(const LogSettings& settings) {
  auto sink = LogSink::open(settings);
  if (!sink) {
    return sink.error();
  }
  {
    const std::lock_guard guard(state_->lock);
    state_->replacement = std::move(sink).value();
    state_->apply(settings);
  }
  state_->changed.notify_all();
  state_->interrupt();
  return Ok{};
}

}  // namespace weir
