// A poll that is moved on turn by turn, and what it watches.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "catch.h"
#include "loop/edge_poll.h"

namespace weir {

struct RecordingWatcher final : EdgePoll::Watcher {
  explicit RecordingWatcher(std::function<void(std::uint32_t)> then = {}) : act(std::move(then)) {}
  void on_events(std::uint32_t events) override {
    heard.push_back(events);
    if (act) {
      act(events);
    }
  }
  std::vector<std::uint32_t> heard;
  std::function<void(std::uint32_t)> act;
};

struct Pair {
  Pair() {
    std::array<int, 2> ends{};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
    near.reset(ends[0]);
    far.reset(ends[1]);
  }
  void write(const std::string& text) const {
    REQUIRE(::write(far.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  [[nodiscard]] std::string read() const {
    std::array<char, 4096> buffer{};
    const ssize_t size = ::read(near.get(), buffer.data(), buffer.size());
    return size > 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : "";
  }
  Descriptor near;
  Descriptor far;
};

// A poll that stops after a number of turns. The mailbox gives its loop something to wait for.
struct SteppedPoll {
  SteppedPoll()
      : poll(loop,
             [this]() {
               ++turns;
               if (at_turn_end) {
                 at_turn_end();
               }
               if (turns >= max) {
                 poll.stop();
               }
             }),
        mailbox(std::in_place, loop) {}
  ~SteppedPoll() { mailbox.reset(); }
  void run(int count) {
    max = turns + count;
    poll.run();
  }
  // Goes to sleep only if nothing is due: a task makes every turn end.
  void run_awake(int count) {
    at_turn_end = [this]() { mailbox->post([]() {}); };
    mailbox->post(at_turn_end);  // run() looks into the mailbox before its first turn
    run(count);
    at_turn_end = {};
  }
  Loop loop;
  EdgePoll poll;
  std::optional<Mailbox> mailbox;
  int turns = 0;
  int max = 0;
  std::function<void()> at_turn_end;
};

// A watcher of a socket in such a poll.
struct Watched {
  explicit Watched(SteppedPoll& of)
      : stepped(of), watch(stepped.poll.add_input(pair.near.get(), watcher)) {
    REQUIRE(watch);
  }
  ~Watched() { stepped.poll.cancel(watch); }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;
  [[nodiscard]] const std::vector<std::uint32_t>& heard() const { return watcher.heard; }

  SteppedPoll& stepped;
  Pair pair;
  RecordingWatcher watcher;
  EdgePoll::Watch watch;
};

}  // namespace weir
