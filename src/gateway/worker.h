// One thread that serves flows: its loop, its own listeners, its flow tables, buffers and counters.
// Workers share no table and take no lock on the data path; the main thread talks to them by
// posting functions and reads their counters.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "account/reason.h"
#include "admin/control.h"
#include "base/datagram_batch.h"
#include "base/deadlines.h"
#include "base/histogram.h"
#include "base/log.h"
#include "gateway/admission.h"
#include "gateway/busy_look.h"
#include "gateway/flow_services.h"
#include "gateway/handed_worker.h"
#include "gateway/listeners.h"
#include "gateway/snapshot.h"
#include "gateway/tcp_flows.h"
#include "gateway/udp_flows.h"
#include "intercept/tcp_listener.h"
#include "intercept/udp_listener.h"
#include "loop/edge_poll.h"
#include "loop/loop.h"
#include "relay/moderation.h"

namespace weir {

class Worker {
 public:
  struct Shared {
    Admission& admission;
    LoopGuard& loop_guard;
    Log& log;
    Port port;
    // The main thread is starting another program. Until that program runs it holds a copy of every
    // descriptor, closed ones are still watched, and what watched them has to stay.
    const std::atomic<bool>& starting_program;
    // Called on the worker's thread when it is draining and its last flow has ended.
    std::function<void()> on_drained;
  };

  Worker(std::size_t number, const Shared& shared, std::shared_ptr<const Snapshot> snapshot,
         Listeners listeners, FlowIds ids);
  // Ends the thread, and every flow with End::drained. One that was never started lets go of what
  // it has.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Goes on with flows of another process. REQUIRES: not started.
  void adopt(InheritedWorker from, const std::shared_ptr<const Snapshot>& snapshot);
  // Serves from now on, on its own thread.
  void start();

  // Its listeners' descriptors, first TCP, then UDP. REQUIRES: not draining.
  [[nodiscard]] std::vector<int> listening() const;

  // Any thread; `task` runs on the worker's.
  void post(std::function<void(Worker&)> task);

  // Any thread.
  [[nodiscard]] const Reasons& reasons() const { return services_.reasons(); }
  [[nodiscard]] WorkerReport report() const;

  // The worker's thread only:
  void use(std::shared_ptr<const Snapshot> snapshot);
  struct Taken {
    std::uint64_t flows_kept = 0;
    std::uint64_t matching_another_rule = 0;  // of those: what they would get now
  };
  // The same for a reload, which wants to know what it means for live flows.
  Taken use_reloaded(const std::shared_ptr<const Snapshot>& snapshot);
  // What becomes of new flows while a gateway drains: we refuse them, or the firewall hands us
  // none.
  enum class Comers : std::uint8_t { refused, passed_by };
  // The firewall does so from now on. What it still brings it takes for a flow of ours that has
  // ended: it is served, but nobody waits for its end.
  void expect_no_new() { udp_.expect_no_new(); }
  // Takes no new flows, and says on_drained once none is left. UDP flows that live are served to
  // their end, in both directions. Those who are passed by do not wait with our listeners: whoever
  // does came before, and is taken.
  void drain(Comers comers);
  // What a successor has to know: everything that is under way is done, and until let_go() or
  // whatever else this worker does nothing changes any more.
  [[nodiscard]] HandedWorker hand_over();
  // The successor has it: its sockets are no longer ours, its flows are forgotten without a word,
  // and what is left is served to its end as after drain().
  void let_go();
  // Appends the flows that match.
  void list(const FlowFilter& filter, FlowList& out) const;
  // Who moved most since the call before.
  [[nodiscard]] BusyLook::Part busiest();
  // Ends the flow of that id; false: it is none of this worker's.
  bool close_flow(const std::string& id);

 private:
  [[nodiscard]] std::uint64_t matching_another_rule(const Snapshot& next) const;
  void listen(Listeners listeners);
  void stop_listening();
  void end_turn();
  void tick();

  Shared shared_;
  Loop loop_;
  EdgePoll poll_;
  Deadlines deadlines_;
  FlowServices services_;
  TcpFlows tcp_;
  UdpFlows udp_;
  DatagramBatch batch_;
  Moderation moderation_;
  BusyLook busy_look_;
  Histogram turns_;  // how long each took
  std::atomic<std::int64_t> longest_turn_us_{0};
  std::atomic<std::int64_t> longest_reload_us_{0};
  std::vector<std::unique_ptr<TcpListener>> tcp_listeners_;
  std::vector<std::unique_ptr<UdpListener>> udp_listeners_;
  std::unique_ptr<Mailbox> mailbox_;
  std::unique_ptr<Timer> ticker_;
  bool ticking_ = false;
  bool is_behind_ = false;  // with what is due
  bool draining_ = false;
  std::thread thread_;
};

}  // namespace weir
