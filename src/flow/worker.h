// One thread that serves flows: its loop, its own listeners, its flow tables, buffers and counters.
// Workers share no table and take no lock on the data path; the main thread talks to them by
// posting functions and reads their counters.
//
// Owned by Workers. Made and destroyed on the main thread, with a thread of its own from start()
// on.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "account/flow_id.h"
#include "account/reason.h"
#include "account/worker_report.h"
#include "base/histogram.h"
#include "base/log.h"
#include "base/surroundings.h"
#include "base/timer_wheel.h"
#include "flow/admission.h"
#include "flow/client_devices.h"
#include "flow/clients.h"
#include "flow/dns_lookups.h"
#include "flow/egress_choice.h"
#include "flow/flow_closing.h"
#include "flow/flow_intake.h"
#include "flow/flow_records.h"
#include "flow/flow_walk.h"
#include "flow/in_use.h"
#include "flow/learnt_names.h"
#include "flow/snapshot.h"
#include "flow/tcp_flows.h"
#include "flow/top_talker_scan.h"
#include "flow/udp/udp_path.h"
#include "flow/worker_listeners.h"
#include "intercept/listeners.h"
#include "intercept/neighbour_query.h"
#include "loop/edge_poll.h"
#include "loop/loop.h"
#include "relay/moderation.h"
#include "takeover/worker_state.h"

namespace weir {

class Worker {
 public:
  struct Shared {
    FlowTotals& totals;
    OwnSocketTables& own_sockets;
    AskedDestinations& asked;
    LearntNames& names;
    LookupGate* gate;  // null: the firewall knows nothing of names
    Log& log;
    Port port;
    std::shared_ptr<const Neighbours> neighbours;
    std::shared_ptr<const DeviceTable> devices;
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
  [[nodiscard]] std::vector<int> listening() const { return listeners_.descriptors(); }

  // Any thread; `task` runs on the worker's.
  void post(std::function<void(Worker&)> task);

  // Any thread.
  [[nodiscard]] const Reasons& reasons() const { return reasons_; }
  [[nodiscard]] WorkerReport report() const;

  // The worker's thread only:
  // The router's policy rules, as they are now.
  void use_rules(std::shared_ptr<const RoutingRules> rules) {
    policy_routing_.use(std::move(rules));
  }
  void use(std::shared_ptr<const Snapshot> snapshot);
  void use(std::shared_ptr<const Neighbours> neighbours) {
    in_use_.neighbours = std::move(neighbours);
  }
  void use(std::shared_ptr<const DeviceTable> devices) { devices_.use(std::move(devices)); }
  struct Taken {
    std::uint64_t flows_kept = 0;
    std::uint64_t matching_another_rule = 0;  // of those: what they would get now
  };
  // The same for a reload, which wants to know what it means for live flows: `taken` is called when
  // all have been looked at, a few in each turn.
  void use_reloaded(const std::shared_ptr<const Snapshot>& snapshot,
                    std::function<void(Taken)> taken);
  // What becomes of new flows while a gateway drains: we refuse them, or the firewall hands us
  // none.
  enum class NewFlows : std::uint8_t { refuse, bypass };
  // The firewall hands us none from now on. What still comes, the kernel takes for a flow of ours
  // that has ended: it is served, but the drain does not wait for its end.
  void begin_bypass() { udp_.begin_bypass(); }
  // Addresses, routes or links changed.
  void network_changed(std::shared_ptr<const Surroundings> surroundings) {
    devices_.use(surroundings);
    udp_.network_changed(std::move(surroundings));
  }
  // Takes no new flows, and says on_drained once none is left. UDP flows that live are served to
  // their end, in both directions. With `bypass`, what still waits in our listeners came before the
  // firewall passed new flows by, and is taken.
  void drain(NewFlows new_flows);
  // What a successor has to know. Everything under way is done, and nothing changes until this
  // worker goes on, with let_go() or as before.
  [[nodiscard]] WorkerState hand_over();
  // The successor has it: its sockets are no longer ours, its flows are forgotten without a word,
  // and what is left is served to its end as after drain().
  void let_go();
  // Shows every live flow to `see`, a few in each turn, then calls `done`.
  void walk(Visit see, std::function<void()> done);
  // Finds the clients and flows that moved most since the scan before. REQUIRES: that one is over.
  void find_top_talkers(std::function<void(TopTalkerScan::Part)> found);
  // Ends the flows that are chosen among those that live now, some in each turn, then calls `done`
  // with how many there were.
  using Choice = std::function<bool(const FlowCore& core, const ClientDevice& device)>;
  void close_flows(Choice choice, End why, std::function<void(std::uint64_t)> done);
  // Ends the flow of that id; false: it is none of this worker's.
  bool close_flow(const std::string& id);

 private:
  // Of a FlowWalk or FlowClosing.
  template <typename Steps>
  void go_on(const std::shared_ptr<Steps>& steps);
  [[nodiscard]] Mac ask_kernel(const Address& client, std::uint32_t link,
                               ClientDevices::Wait may_wait);
  [[nodiscard]] DialParts dial_parts();
  void end_turn();
  void tick();

  Shared shared_;
  std::size_t number_;
  Loop loop_;
  EdgePoll poll_;
  TimerWheel timers_;
  Reasons reasons_;
  InUse in_use_;
  FlowIds ids_;
  PolicyRouting policy_routing_;
  EgressChoice egress_choice_;
  Clients clients_;
  Admission admission_;
  LoopGuard loop_guard_;
  Passing passing_;
  NeighbourQuery neighbour_query_;
  ClientDevices devices_;
  DnsLookups lookups_;
  FlowIntake intake_;
  FlowRecords records_;
  TcpFlows tcp_;
  UdpPath udp_;
  WorkerListeners listeners_;
  Moderation moderation_;
  TopTalkerScan top_talker_scan_;
  Histogram turns_;  // how long each took
  std::atomic<std::int64_t> longest_turn_us_{0};
  std::atomic<std::int64_t> longest_reload_us_{0};
  std::unique_ptr<Mailbox> mailbox_;
  std::unique_ptr<Timer> ticker_;
  bool ticking_ = false;
  bool is_behind_ = false;  // with what is due
  bool draining_ = false;
  std::thread thread_;
};

}  // namespace weir
