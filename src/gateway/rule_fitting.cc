#include "gateway/rule_fitting.h"

#include <string>
#include <utility>

#include "base/local_clock.h"
#include "flow/time_over.h"

namespace weir {

RuleFitting::RuleFitting(Loop& loop, Log& log, const Parts& parts, std::function<May()> may)
    : loop_(loop), log_(log), parts_(parts), may_(std::move(may)), again_(loop, [this]() {
        look();
      }) {}

void RuleFitting::follow() {
  is_on_ = true;
  const FittedRules& rules = parts_.in_force.snapshot()->rules();
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
  waiting_.clear();
  alarm_.reset();
  again_.stop();
}

// Links and addresses that cannot be read are those from before.
std::shared_ptr<const MachineHere> RuleFitting::machine() {
  MachineHere now = MachineHere::read();
  if (!now.problem.empty()) {
    log_.warning(now.problem);
    const MachineHere& before = parts_.in_force.snapshot()->rules().machine();
    now.links = before.links;
    now.networks = before.networks;
  }
  now.devices = parts_.devices.table();
  now.sets = parts_.live_sets.over(parts_.in_force.configuration().set_table);
  return std::make_shared<const MachineHere>(std::move(now));
}

void RuleFitting::look() {
  if (!is_on_ || !parts_.in_force.snapshot()->rules().follows_machine()) {
    if (is_on_) {
      end_flows(parts_.in_force.snapshot());
    }
    behind_.rules = false;
    answer(Ok{});
    return;
  }
  const May may = may_();
  behind_.rules = may != May::switch_rules;
  if (may == May::wait) {
    again_.once(soon);
    return;
  }
  const auto next = Snapshot::refit(*parts_.in_force.snapshot(), machine());
  if (may == May::end_flows) {
    end_flows(next ? next : parts_.in_force.snapshot());
    again_.once(soon);
    return;
  }
  if (next) {
    enter(next);
  }
  end_flows(parts_.in_force.snapshot());
  replace_firewall();
  answer(Ok{});
  wait();
}

void RuleFitting::look(Then then) {
  waiting_.push_back(std::move(then));
  look();
}

void RuleFitting::look_at_devices() {
  if (is_on_ && parts_.in_force.snapshot()->rules().follows_devices()) {
    look();
  }
}

// Once all that was asked for is in force, or an error stands in the way.
void RuleFitting::answer(const Result<>& done) {
  if (done && (behind_.rules || behind_.workers > 0 || behind_.firewall || is_replacing_)) {
    return;
  }
  for (const Then& then : std::exchange(waiting_, {})) {
    then(done);
  }
}

void RuleFitting::enter(const std::shared_ptr<const Snapshot>& next) {
  const auto before = parts_.in_force.snapshot();
  const FittedRules& now = next->rules();
  for (std::size_t i = 0; i < next->configuration().rules.size(); ++i) {
    if (const std::string clock_state = now.clock_state(i);
        clock_state != before->rules().clock_state(i)) {
      log_.info("rule " + next->configuration().rules[i].name + " " + clock_state);
    }
  }
  parts_.in_force.enter(next);
  ++behind_.workers;
  parts_.workers.ask<char>(
      [next](Worker& self) {
        self.use(next);
        return char{};
      },
      // The snapshot before goes here, where it holds up no flow: tables of rules are large.
      [this, before](const std::vector<char>&) {
        --behind_.workers;
        answer(Ok{});
      });
  behind_.firewall = behind_.firewall || !now.same_for_firewall(before->rules());
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
  close_flows(
      parts_.workers,
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
  if (!behind_.firewall || is_replacing_) {
    return;
  }
  behind_.firewall = false;
  is_replacing_ = true;
  parts_.firewall.replace(*parts_.in_force.snapshot(), [this](const Result<>& done) {
    is_replacing_ = false;
    if (is_on_) {
      replaced(done);
    }
  });
}

void RuleFitting::replaced(const Result<>& done) {
  if (!done) {
    log_.error("rules have switched in the gateway alone: " + done.error().text());
    behind_.firewall = true;
    again_.once(soon);
    answer(done);
  } else if (behind_.firewall) {
    look();
  } else {
    answer(done);
  }
}

void RuleFitting::wait() {
  const auto change = parts_.in_force.snapshot()->rules().changes_at();
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
