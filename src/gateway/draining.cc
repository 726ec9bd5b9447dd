// How a gateway ends: it takes no new flows, serves those it has for as long as timeouts.drain
// allows, and exits.
//
// With rules of its own and firewall.on-failure = open what is new then passes by, as if there were
// no weir. To close the listeners would not do: a service manager holds them, too, and connections
// would queue there, to be reset when the rules go; a handshake under way dies with its listener in
// any case; and datagrams go on coming to a listener that has to stay for the flows that live. So
// first the rules are replaced (firewall::while_draining), and then the listeners take what had
// come before. A handshake that the old rules let in ends a moment later, which the kernel is asked
// for; one whose client is gone does not, so there is a bound.
//
// The kernel remembers flows of UDP for longer than we do, so that clients that use a port again
// are still brought to us, some of them at any time. They are served, but do not keep us: at the
// end the rules let everything pass, and only then, when the last questions had time to be
// answered, nobody is there any more.
//
// Otherwise, or when the rules cannot be replaced, new connections are refused, or wait with the
// service manager, and new datagrams are dropped.
#include <utility>

#include "gateway/gateway.h"
#include "gateway/half_open.h"

namespace weir {
namespace {

constexpr Milliseconds farewell{10'000};  // for the firewall's rules and the log
constexpr Milliseconds look_again{50};
// An answer that is lost is sent again after one second, and two more.
constexpr Milliseconds longest_handshake{3'500};
constexpr Milliseconds longest_answer{1'000};

}  // namespace

void Gateway::drain() {
  if (std::exchange(draining_, true)) {
    return;
  }
  const auto most = snapshot_->timeouts().drain;
  service_manager_.stopping(most + farewell, "draining");
  passes_by_ = let_new_flows_pass();
  if (!passes_by_) {
    log_->info("draining: no new flows; those that live may finish within timeouts.drain");
    stop_taking(Worker::Comers::refused);
  } else {
    log_->info("draining: new flows pass by; those that live may finish within timeouts.drain");
    for (const auto& worker : workers_) {
      worker->post([](Worker& self) { self.expect_no_new(); });
    }
    const Instant until = clock_now() + longest_handshake;
    handshakes_ = std::make_unique<Timer>(loop_, [this, until]() { look_for_handshakes(until); });
    handshakes_->every(look_again);
  }
  drain_timer_ = std::make_unique<Timer>(loop_, [this]() { finish(); });
  drain_timer_->once(most);
}

bool Gateway::let_new_flows_pass() {
  const Configuration& from = snapshot_->configuration();
  const bool at_once = snapshot_->timeouts().drain == Milliseconds{0};
  // While a successor is getting ready the rules are its own.
  const bool are_ours = keeper_ != nullptr && !(handover_ && handover_->is_under_way());
  if (!are_ours || from.firewall.on_failure != OnFailure::open || at_once) {
    return false;
  }
  const StartingProgram guard(*this);
  if (auto replaced = replace_own_rules(firewall::while_draining(firewall_rules(*snapshot_)));
      !replaced) {
    log_->error("new flows cannot pass by while this gateway drains: " + replaced.error().text());
    return false;
  }
  return true;
}

// The first look comes late enough for packets that were on their way through the old rules.
void Gateway::look_for_handshakes(Instant until) {
  const auto count = count_half_open();
  const bool may_be_there = !count || count.value() != 0;
  if (may_be_there && clock_now() < until) {
    return;
  }
  handshakes_->stop();
  stop_taking(Worker::Comers::passed_by);
}

void Gateway::stop_taking(Worker::Comers comers) {
  for (const auto& worker : workers_) {
    worker->post([comers](Worker& self) { self.drain(comers); });
  }
}

void Gateway::exit_when_drained() {
  const bool still_answers = successor_ != 0 && admin_ != nullptr;
  if (drained_workers_ == workers_.size() && !still_answers) {
    finish();
  }
}

void Gateway::finish() {
  if (!std::exchange(passes_by_, false)) {
    if (!last_answers_) {
      exit_now();
    }
    return;
  }
  const StartingProgram guard(*this);
  if (auto replaced = replace_own_rules(firewall::while_down(firewall_rules(*snapshot_)));
      !replaced) {
    log_->warning("cannot let all flows pass before the end: " + replaced.error().text());
    exit_now();
    return;
  }
  const Instant until = clock_now() + longest_answer;
  last_answers_ = std::make_unique<Timer>(loop_, [this, until]() {
    if (admission_.live(Protocol::udp) == 0 || clock_now() >= until) {
      exit_now();
    }
  });
  last_answers_->every(look_again);
}

}  // namespace weir
