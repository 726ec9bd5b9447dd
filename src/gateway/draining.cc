// With rules of its own and firewall.on-failure = open what is new passes by, as if there were no
// weir. To close the listeners would not do: a service manager holds them, too, and connections
// would queue there, to be reset when the rules go; a handshake under way dies with its listener in
// any case; and datagrams go on coming to a listener that has to stay for the flows that live. So
// first the rules are replaced (firewall::while_draining), and then the listeners take what had
// come before. A handshake that the old rules let in ends a moment later, which the kernel is asked
// for; one whose client is gone does not, so there is a bound.
//
// The kernel remembers flows of UDP for longer than we do, so that clients that use a port again
// are still brought to us, some of them at any time. They are served, but do not keep us: at the
// end the rules let everything pass, and only then, when the last questions had time to be
// answered, the gateway exits.
//
// Otherwise, or when the rules cannot be replaced, new connections are refused, or wait with the
// service manager, and new datagrams are dropped.
#include "gateway/draining.h"

#include <algorithm>
#include <utility>

namespace weir {

Draining::Draining(Log& log, Callbacks callbacks) : log_(log), callbacks_(std::move(callbacks)) {}

void Draining::begin(Milliseconds longest) {
  if (step_ != Step::serving) {
    return;
  }
  step_ = Step::new_rules;
  longest_ = longest;
  if (!callbacks_.bypass_new_flows()) {
    rules_replaced(Rules::as_before);
  }
}

void Draining::rules_replaced(Rules now) {
  if (step_ == Step::new_rules) {
    begin_to_end(now);
  } else if (step_ == Step::last_rules) {
    wait_for_last_answers(now);
  }
}

void Draining::begin_to_end(Rules rules) {
  bypasses_ = rules == Rules::in_place;
  const Instant now = callbacks_.now();
  end_ = now + longest_;
  if (!bypasses_) {
    step_ = Step::flows;
    log_.info("draining: no new flows; live flows may finish within timeouts.drain");
    callbacks_.stop_taking(NewFlows::refuse);
    return;
  }
  log_.info("draining: new flows bypass weir; live flows may finish within timeouts.drain");
  callbacks_.begin_bypass();
  step_ = Step::handshakes;
  until_ = now + longest_handshake;
  // The first look comes late enough for packets that were on their way through the old rules.
  next_check_ = now + check_interval;
}

void Draining::hand_over(Milliseconds longest) {
  step_ = Step::flows;
  still_answers_ = true;
  end_ = callbacks_.now() + longest;
}

void Draining::on_successor_disconnected() {
  still_answers_ = false;
  if (is_drained_) {
    finish();
  }
}

void Draining::drained() {
  is_drained_ = true;
  if (!still_answers_) {
    finish();
  }
}

std::optional<Instant> Draining::due() const {
  switch (step_) {
    case Step::handshakes:
      return std::min(next_check_, end_);
    case Step::flows:
      return end_;
    case Step::last_answers:
      return next_check_;
    case Step::serving:
    case Step::new_rules:
    case Step::last_rules:
    case Step::over:
      break;
  }
  return std::nullopt;
}

void Draining::advance() {
  const Instant now = callbacks_.now();
  if (step_ == Step::last_answers && now >= next_check_) {
    next_check_ = now + check_interval;
    if (!callbacks_.has_udp_flows() || now >= until_) {
      exit();
    }
    return;
  }
  if (step_ == Step::handshakes && now >= next_check_) {
    check_handshakes();
  }
  if ((step_ == Step::handshakes || step_ == Step::flows) && now >= end_) {
    finish();
  }
}

void Draining::check_handshakes() {
  const Instant now = callbacks_.now();
  next_check_ = now + check_interval;
  const auto count = callbacks_.half_open();
  const bool may_be_there = !count || count.value() != 0;
  if (may_be_there && now < until_) {
    return;
  }
  step_ = Step::flows;
  callbacks_.forget_time_wait();
  callbacks_.stop_taking(NewFlows::bypass);
}

void Draining::finish() {
  if (step_ != Step::handshakes && step_ != Step::flows) {
    return;
  }
  step_ = Step::last_rules;
  if (!std::exchange(bypasses_, false) || !callbacks_.bypass_all()) {
    exit();
  }
}

void Draining::wait_for_last_answers(Rules rules) {
  if (rules == Rules::as_before) {
    exit();
    return;
  }
  step_ = Step::last_answers;
  const Instant now = callbacks_.now();
  until_ = now + longest_answer;
  next_check_ = now + check_interval;
}

void Draining::exit() {
  step_ = Step::over;
  callbacks_.exit();
}

}  // namespace weir
