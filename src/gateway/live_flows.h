// Live flows for the admin interface: lists them, finds the busiest, ends one. The workers are
// walked for one list at a time; a request for the same list before it has begun shares it, and
// requests that can wait gather so: however many and however often, the workers go through their
// flows once a second for them.
//
// One, in the Gateway; main thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/control.h"
#include "gateway/workers.h"
#include "loop/loop.h"

namespace weir {

class LiveFlows {
 public:
  using ListAnswer = Control::FlowsAnswer;
  using TopTalkersAnswer = std::function<void(std::shared_ptr<const TopTalkers>)>;

  // `mailbox` is the main thread's.
  LiveFlows(Loop& loop, Mailbox& mailbox, Workers& workers);

  // Calls `answer` later; with null if too many others wait.
  void list(const FlowFilter& filter, ListAnswer answer);
  // What is asked for within a second is what was found for the first.
  void top_talkers(TopTalkersAnswer answer);
  // False: there is no such flow.
  void close(const std::string& id, std::function<void(bool)> answer);

 private:
  // How long requests that can wait do so, since the last list was begun.
  static constexpr std::chrono::seconds pause{1};
  static constexpr std::size_t max_waiting = 16;  // different lists
  static constexpr std::chrono::seconds top_talkers_are_fresh{1};

  struct Wanted {
    FlowFilter filter;
    std::vector<ListAnswer> answers;
  };
  struct Walked {
    FlowList list;
    std::size_t outstanding = 0;
  };
  struct Found {
    std::shared_ptr<const TopTalkers> top_talkers;  // null: none was asked for yet
    Instant at{};
    std::vector<TopTalkersAnswer> asking;
  };

  void begin_next();
  void walk(const FlowFilter& filter);
  void take(FlowList part);

  Mailbox& mailbox_;
  Workers& workers_;
  Timer later_;
  std::vector<Wanted> waiting_;  // in their order
  std::optional<Wanted> current_;
  Walked walked_;
  std::optional<Instant> begun_;  // the last one
  Found found_;
};

}  // namespace weir
