#include "gateway/rule_fitting.h"

#include <string>
#include <utility>

#include "base/local_clock.h"
#include "flow/time_over.h"

namespace weir {

RuleFitting::RuleFitting(Loop& loop, Log& log, Workers& workers, InForce& in_force,
                         OwnFirewall& firewall, const KnownDevices& devices,
                         std::function<May()> may)
    : loop_(loop),
      log_(log),
      workers_(workers),
      in_force_(in_force),
      firewall_(firewall),
      devices_(devices),
      may_(std::move(may)),
      again_(loop, [this]() { look(); }) {}

void RuleFitting::follow() {
  is_on_ = true;
  const FittedRules& rules = in_force_.snapshot()->rules();
  if (rules.changes_at()) {
    const auto& clock = rules.machine().clock;
    if (clock != nullptr && !clock->problem.empty()) {
      log_.warning("rules with 'when' hold by UTC: " + clock->problem);
    }
    if (alarm_ == nullptr) {
      auto opened = WallClockAlarm::open(loop_, [this](WallClockAlarm::Why) { look(); });
      if (opened) {
        alarm_ = std::move(opened).value();
      } else {
        log_.warning("the clock is looked at every second for rules with 'when': " +
                     opened.error().text());
      }
    }
  }
  look();
}

void RuleFitting::stop() {
  is_on_ = false;
  alarm_.reset();
  again_.stop();
}

// Links and addresses that cannot be read are those from before.
std::shared_ptr<const MachineHere> RuleFitting::machine() {
  MachineHere now = MachineHere::read();
  if (!now.problem.empty()) {
    log_.warning(now.problem);
    const MachineHere& before = in_force_.snapshot()->rules().machine();
    now.links = before.links;
    now.networks = before.networks;
  }
  now.devices = devices_.table();
  return std::make_shared<const MachineHere>(std::move(now));
}

void RuleFitting::look() {
  if (!is_on_) {
    return;
  }
  if (!in_force_.snapshot()->rules().follows_machine()) {
    end_flows(in_force_.snapshot());
    return;
  }
  const May may = may_();
  if (may == May::wait) {
    again_.once(soon);
    return;
  }
  const auto next = Snapshot::refit(*in_force_.snapshot(), machine());
  if (may == May::end_flows) {
    end_flows(next ? next : in_force_.snapshot());
    again_.once(soon);
    return;
  }
  if (next) {
    enter(next);
  }
  end_flows(in_force_.snapshot());
  if (firewall_is_behind_) {
    replace_firewall();
  }
  wait();
}

void RuleFitting::look_at_devices() {
  if (is_on_ && in_force_.snapshot()->rules().follows_devices()) {
    look();
  }
}

void RuleFitting::enter(const std::shared_ptr<const Snapshot>& next) {
  const auto before = in_force_.snapshot();
  const FittedRules& now = next->rules();
  for (std::size_t i = 0; i < next->configuration().rules.size(); ++i) {
    if (const std::string clock_state = now.clock_state(i);
        clock_state != before->rules().clock_state(i)) {
      log_.info("rule " + next->configuration().rules[i].name + " " + clock_state);
    }
  }
  in_force_.enter(next);
  workers_.post([next](Worker& self) { self.use(next); });
  firewall_is_behind_ = firewall_is_behind_ || !now.same_for_firewall(before->rules());
}

void RuleFitting::end_flows(const std::shared_ptr<const Snapshot>& now) {
  const auto& clock = now->rules().machine().clock;
  auto then = clock;
  if (flows_.last != nullptr) {
    then = flows_.last->rules().last_clock(clock);
  } else if (flows_.as_of != std::chrono::sys_seconds{}) {
    then = set_to(*clock, flows_.as_of);
  }
  flows_.last = now;
  const auto over = TimeOver::since(then, now);
  if (over == nullptr) {
    return;
  }
  if (flows_.under_way++ == 0) {
    flows_.as_of = then->now;
  }
  workers_.close_flows(
      [over](const FlowCore& core, const ClientDevice& device) { return over->ends(core, device); },
      End::time_over,
      [this](std::uint64_t ended) {
        --flows_.under_way;
        if (ended != 0) {
          log_.info("a window has opened or closed: " + std::to_string(ended) +
                    " live flows have ended (at-change = close)");
        }
      });
}

std::chrono::sys_seconds RuleFitting::flows_as_of() const {
  return flows_.last == nullptr || flows_.under_way != 0
             ? flows_.as_of
             : flows_.last->rules().last_clock(read_local_clock())->now;
}

void RuleFitting::replace_firewall() {
  firewall_is_behind_ = false;
  firewall_.replace(*in_force_.snapshot(), [this](const Result<>& replaced) {
    if (!replaced && is_on_) {
      log_.error("rules have switched in the gateway alone: " + replaced.error().text());
      firewall_is_behind_ = true;
      again_.once(soon);
    }
  });
}

void RuleFitting::wait() {
  const auto change = in_force_.snapshot()->rules().changes_at();
  if (!change) {
    return;
  }
  if (alarm_ == nullptr) {
    again_.once(soon);
  } else if (auto waits = alarm_->wake_at(*change); !waits) {
    log_.warning(waits.error().text());
    alarm_.reset();
    again_.once(soon);
  }
}

}  // namespace weir
