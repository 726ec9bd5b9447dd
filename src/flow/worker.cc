#include "flow/worker.h"

#include <pthread.h>

#include <chrono>
#include <ctime>
#include <utility>

namespace weir {
namespace {

// This thread's own time on a processor, without what other threads take.
std::int64_t own_time_us() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * 1'000'000 + time.tv_nsec / 1'000;
}

}  // namespace

Worker::Worker(std::size_t number, const Shared& shared, std::shared_ptr<const Snapshot> snapshot,
               Listeners listeners, FlowIds ids)
    : shared_(shared),
      number_(number),
      poll_(loop_, [this]() { end_turn(); }),
      timers_(clock_now()),
      ids_(std::move(ids)),
      egress_choice_(policy_routing_, in_use_, reasons_),
      admission_(shared.totals, number),
      loop_guard_(shared.own_sockets, number),
      passing_(timers_, shared.asked, [this]() { return poll_.now(); }),
      devices_(poll_.clock(),
               [this](const Address& client, std::uint32_t link, ClientDevices::Wait may_wait) {
                 return ask_kernel(client, link, may_wait);
               }),
      lookups_({shared.names, shared.gate, devices_, in_use_, reasons_, poll_.clock()}),
      intake_({number, poll_.clock(), in_use_, ids_, admission_, clients_, passing_, reasons_,
               devices_, lookups_}),
      records_({ids_, poll_.clock(), reasons_, shared.log}),
      tcp_({.dial = dial_parts(),
            .intake = intake_,
            .records = records_,
            .lookups = lookups_,
            .port = shared.port,
            .workers = shared.totals.workers()}),
      udp_({.dial = dial_parts(),
            .intake = intake_,
            .records = records_,
            .lookups = lookups_,
            .clients = clients_,
            .admission = admission_,
            .log = shared.log,
            .now = poll_.clock(),
            .worker = static_cast<std::uint16_t>(number),
            .port = shared.port,
            .mark = snapshot->bypass().value}),
      listeners_({poll_, timers_, reasons_, shared.log, tcp_, udp_}),
      mailbox_(std::make_unique<Mailbox>(loop_)),
      ticker_(std::make_unique<Timer>(loop_, [this]() { tick(); })) {
  use(std::move(snapshot));
  use(shared.neighbours);
  use(shared.devices);
  listeners_.listen(std::move(listeners));
}

DialParts Worker::dial_parts() {
  return {poll_, timers_, loop_guard_, passing_, reasons_, egress_choice_, in_use_, ids_};
}

void Worker::start() {
  thread_ = std::thread([this]() { poll_.run(); });
  // As top and gdb show it; 15 characters at most.
  const std::string name = "worker-" + std::to_string(number_);
  pthread_setname_np(thread_.native_handle(), name.c_str());
}

Worker::~Worker() {
  if (!thread_.joinable()) {
    listeners_.close();
    udp_.let_go();
    return;
  }
  mailbox_->post([this]() {
    listeners_.clear();
    tcp_.end_all(End::drained);
    udp_.end_all(End::drained);
    records_.flush();
    ticker_.reset();
    mailbox_.reset();
    poll_.stop();
  });
  thread_.join();
}

void Worker::post(std::function<void(Worker&)> task) {
  mailbox_->post([this, task = std::move(task)]() { task(*this); });
}

void Worker::use(std::shared_ptr<const Snapshot> snapshot) {
  tcp_.limit_buffer(snapshot->limits().buffer);
  poll_.waits().busy_poll(snapshot->configuration().gateway.busy_poll);
  in_use_.snapshot = SnapshotRef(std::move(snapshot));
}

void Worker::use_reloaded(const std::shared_ptr<const Snapshot>& snapshot,
                          std::function<void(Taken)> taken) {
  const std::int64_t began = own_time_us();
  auto out = std::make_shared<Taken>();
  out->flows_kept = tcp_.size() + udp_.flows().size();
  use(snapshot);
  const std::int64_t took = own_time_us() - began;
  if (took > longest_reload_us_.load(std::memory_order_relaxed)) {
    longest_reload_us_.store(took, std::memory_order_relaxed);
  }
  walk(
      [this, snapshot, out](const FlowView& flow) {
        const auto& now =
            snapshot->choose(flow.core.flow, devices_.known_device(), known(flow.core.flow.host));
        out->matching_another_rule += now.name != flow.core.rule->name ? 1 : 0;
      },
      [out, taken = std::move(taken)]() { taken(*out); });
}

void Worker::adopt(InheritedWorker from, const std::shared_ptr<const Snapshot>& snapshot) {
  udp_.adopt(std::move(from), SnapshotRef(snapshot));
}

WorkerState Worker::hand_over() {
  WorkerState out;
  out.listeners = listening();
  out.part.tcp_listeners = static_cast<std::uint16_t>(listeners_.tcp_count());
  out.part.udp_listeners = static_cast<std::uint16_t>(listeners_.udp_count());
  out.last_number = ids_.last();
  udp_.hand_over(out);
  return out;
}

void Worker::let_go() {
  listeners_.close();
  udp_.let_go();
  udp_.take_no_new();
  draining_ = true;
}

void Worker::end_turn() {
  udp_.end_turn();
  // The ticker runs only while there is something to wait for: an idle gateway sleeps.
  const bool wanted = !timers_.is_idle() || records_.are_waiting();
  if (wanted && !ticking_ && ticker_) {
    ticking_ = true;
    ticker_->once(is_behind_ ? Milliseconds{0} : TimerWheel::tick);
  }
  if (draining_ && tcp_.size() + udp_.flows().counted() == 0) {
    draining_ = false;
    shared_.on_drained();
  }
  const std::int64_t took = (clock_now() - poll_.now()).count();
  turns_.add(took);
  if (took > longest_turn_us_.load(std::memory_order_relaxed)) {
    longest_turn_us_.store(took, std::memory_order_relaxed);
  }
  const DatagramBatch::Count received = listeners_.take_count();
  const UdpPath::Moved moved = udp_.take_moved();
  const Moderation::Wait wait =
      moderation_.after_turn(poll_.now(), {.bulk_bytes = tcp_.take_bulk_bytes(),
                                           .datagrams = received.all + moved.answers.all,
                                           .large_datagrams = received.large + moved.answers.large,
                                           .merged = moved.merged,
                                           .coalesced = poll_.waits().coalesced(),
                                           .spin_hit = poll_.waits().spin_hit()});
  if (wait.coalesce_until) {
    poll_.waits().coalesce_until(*wait.coalesce_until);
  }
  poll_.waits().spin_for(wait.spin_for);
}

WorkerReport Worker::report() const {
  WorkerReport out;
  turns_.add_to(out.turns);
  out.bulk_directions = tcp_.bulk_directions();
  out.longest_turn_us = longest_turn_us_.load(std::memory_order_relaxed);
  out.longest_reload_us = longest_reload_us_.load(std::memory_order_relaxed);
  return out;
}

void Worker::tick() {
  ticking_ = false;
  constexpr std::size_t max_in_a_turn = 64;
  is_behind_ = !timers_.advance(clock_now(), max_in_a_turn);
  records_.flush();
}

void Worker::drain(NewFlows new_flows) {
  switch (new_flows) {
    case NewFlows::bypass:
      listeners_.finish_tcp();
      break;
    case NewFlows::refuse:
      listeners_.close_tcp();
      udp_.take_no_new();
      break;
  }
  draining_ = true;
}

// The next step queues behind what others have posted, and so runs in the next turn.
template <typename Steps>
void Worker::go_on(const std::shared_ptr<Steps>& steps) {
  if (steps->step(tcp_, udp_)) {
    mailbox_->post([this, steps]() { go_on(steps); });
  }
}

void Worker::walk(Visit see, std::function<void()> done) {
  go_on(std::make_shared<FlowWalk>(std::move(see), std::move(done)));
}

void Worker::close_flows(Choice choice, End why, std::function<void(std::uint64_t)> done) {
  FlowClosing::Order order{
      .chosen = [this, choice = std::move(choice)](
                    const FlowCore& core) { return choice(core, devices_.known_device()); },
      .why = why,
      .asked = poll_.now()};
  go_on(std::make_shared<FlowClosing>(
      std::move(order), []() { return std::chrono::microseconds(own_time_us()); },
      std::move(done)));
}

void Worker::find_top_talkers(std::function<void(TopTalkerScan::Part)> found) {
  top_talker_scan_.begin(clock_now());
  walk([this](const FlowView& flow) { top_talker_scan_.add(flow); },
       [this, found = std::move(found)]() { found(top_talker_scan_.end()); });
}

bool Worker::close_flow(const std::string& id) {
  const auto sequence = ids_.number(id);
  return sequence && (tcp_.end(*sequence, End::killed) || udp_.end(*sequence, End::killed));
}

Mac Worker::ask_kernel(const Address& client, std::uint32_t link, ClientDevices::Wait may_wait) {
  constexpr Milliseconds longest{10};
  return Mac::from_memory(may_wait == ClientDevices::Wait::yes
                              ? neighbour_query_.looked_for(client, link, longest)
                              : neighbour_query_.known(client, link));
}

}  // namespace weir
