// The workers of this process and what they share; posts to all of them and gathers what they
// answer.
//
// One, in the Gateway; main thread. Outlives none of what it is made with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "account/flow_id.h"
#include "base/log.h"
#include "flow/snapshot.h"
#include "flow/worker.h"
#include "loop/loop.h"
#include "takeover/worker_state.h"

namespace weir {

class Workers {
 public:
  // `mailbox`: the main thread's. `names`: what their clients look up, and `gate`, what hears of
  // it. `descriptors`: RLIMIT_NOFILE, already raised.
  Workers(Mailbox& mailbox, Log& log, LearntNames& names, LookupGate& gate,
          std::uint64_t descriptors, std::size_t count);

  // Makes them, not yet running; one for each of the listeners. `ids`: of a worker's flows, by its
  // number. `on_drained`: its flows have ended, after a drain.
  void make(std::vector<Listeners> listeners, const std::shared_ptr<const Snapshot>& snapshot,
            const std::function<FlowIds(std::size_t)>& ids, std::function<void()> on_drained);
  void start();
  void end() { workers_.clear(); }

  [[nodiscard]] std::span<const std::unique_ptr<Worker>> all() const { return workers_; }
  // Known to the workers there are and those to come.
  void use(std::shared_ptr<const Neighbours> neighbours);
  void use(std::shared_ptr<const DeviceTable> devices);
  // On each worker's thread.
  void post(const std::function<void(Worker&)>& task);
  // `ask` on each worker's thread, then `answer` on this one with what all of them said.
  template <typename T>
  void ask(std::function<T(Worker&)> query, std::function<void(std::vector<T>)> answer);
  // The same where a worker says it later: it calls what it is handed, once, on its thread.
  template <typename T>
  void gather(std::function<void(Worker&, std::function<void(T)>)> begin,
              std::function<void(std::vector<T>)> answer);

  [[nodiscard]] std::uint64_t live(Protocol protocol) const {
    return shared_->totals.live(protocol);
  }
  [[nodiscard]] std::uint64_t auto_max_flows() const { return shared_->totals.auto_max_flows(); }
  // How often that happened.
  [[nodiscard]] std::uint64_t count(Reason reason) const;

 private:
  struct Shared {
    Shared(std::uint64_t descriptors, std::size_t count)
        : totals(descriptors, count), own_sockets(count) {}
    FlowTotals totals;
    OwnSocketTables own_sockets;
    AskedDestinations asked;
  };

  Mailbox& mailbox_;
  Log& log_;
  LearntNames& names_;
  LookupGate& gate_;
  std::unique_ptr<Shared> shared_;
  std::shared_ptr<const Neighbours> neighbours_;
  std::shared_ptr<const DeviceTable> devices_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

// Ends the live flows that are chosen, then calls `answer` on the main thread with how many.
void close_flows(Workers& workers, const Worker::Choice& choice, End why,
                 std::function<void(std::uint64_t)> answer);

template <typename T>
void Workers::ask(std::function<T(Worker&)> query, std::function<void(std::vector<T>)> answer) {
  gather<T>([query = std::move(query)](Worker& self,
                                       const std::function<void(T)>& say) { say(query(self)); },
            std::move(answer));
}

template <typename T>
void Workers::gather(std::function<void(Worker&, std::function<void(T)>)> begin,
                     std::function<void(std::vector<T>)> answer) {
  struct Asked {
    std::function<void(std::vector<T>)> answer;
    std::vector<T> said;
  };
  auto asked = std::make_shared<Asked>(Asked{std::move(answer), {}});
  const std::function<void(T)> say = [this, asked](T said) {
    mailbox_.post([this, asked, said = std::move(said)]() mutable {
      asked->said.push_back(std::move(said));
      if (asked->said.size() == workers_.size()) {
        asked->answer(std::move(asked->said));
      }
    });
  };
  for (const auto& worker : workers_) {
    worker->post([begin, say](Worker& self) { begin(self, say); });
  }
}

}  // namespace weir
