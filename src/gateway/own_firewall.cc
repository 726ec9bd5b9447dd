#include "gateway/own_firewall.h"

#include <span>
#include <utility>

#include "firewall/cgroups.h"
#include "firewall/installed.h"
#include "intercept/port_claim.h"

namespace weir {
namespace {

// A takeover does not wait for longer: the lock of iptables may be held for minutes.
constexpr Milliseconds max_pause_time{2'000};

// Rules of another gateway that runs would be replaced by ours, and gone when we end.
Result<> check_rules_ours(Port port) {
  for (const auto backend : {firewall::Backend::nft, firewall::Backend::iptables}) {
    if (!firewall::is_installed(backend)) {
      continue;
    }
    const auto installed = firewall::installed_text(backend);
    const auto theirs = installed ? firewall::port_in(installed.value()) : std::nullopt;
    if (theirs && *theirs != port && !check_port_free(*theirs)) {
      return Error("the installed ones are those of another gateway, which runs on port " +
                   std::to_string(*theirs) + ": stop it first, or run without --firewall");
    }
  }
  return Ok{};
}

// The rules that a configuration implies here and now.
firewall::Ruleset rules_of(const Snapshot& snapshot) {
  const auto handlings = handlings_of(snapshot);
  return firewall::make_ruleset(
      snapshot.rules().for_firewall(), std::span(handlings).first(handlings.size() - 1),
      handlings.back(), firewall::find_cgroups(snapshot.configuration().firewall.exclude_cgroups));
}

}  // namespace

OwnFirewall::OwnFirewall(Loop& loop, Log& log, const InForce& in_force,
                         firewall::NameSets* name_sets, std::function<bool()> may_change)
    : log_(log),
      in_force_(in_force),
      may_change_(std::move(may_change)),
      cgroups_(loop, log, [this]() { check_cgroups(); }),
      mailbox_(loop),
      thread_("firewall") {
  upkeep_ = std::make_unique<firewall::Upkeep>(
      thread_.loop(), log_,
      [this](firewall::RuleReconciler::Status status) {
        mailbox_.post([this, status = std::move(status)]() {
          if (keeps()) {
            status_ = status;
          }
        });
      },
      name_sets);
}

OwnFirewall::~OwnFirewall() {
  end(End::take_back);
  thread_.run([this]() { upkeep_.reset(); });
}

firewall::Ruleset OwnFirewall::rules() const { return rules_of(*in_force_.snapshot()); }

Result<> OwnFirewall::start(std::optional<firewall::Backend> backend) {
  const Port port = in_force_.configuration().gateway.port;
  const auto with = backend.value_or(firewall::standard_backend());
  Result<> started = Ok{};
  thread_.run([&]() {
    started = check_rules_ours(port);
    if (started) {
      started = upkeep_->start(rules(), with);
    }
  });
  return kept(std::move(started));
}

Result<> OwnFirewall::inherit(firewall::RuleReconciler::Inherited from) {
  Result<> inherited = Ok{};
  thread_.run([&]() { inherited = upkeep_->inherit(rules(), std::move(from)); });
  return kept(std::move(inherited));
}

Result<> OwnFirewall::kept(Result<> begun) {
  if (begun) {
    thread_.run([this]() {
      status_ = upkeep_->reconciler()->status();
      cgroups_in_rules_ = upkeep_->reconciler()->installed().ruleset.exclude_cgroups;
    });
    follow_cgroups();
  }
  return begun;
}

void OwnFirewall::tell(std::function<void(firewall::RuleReconciler&)> task) {
  thread_.post([this, task = std::move(task)]() {
    if (auto* reconciler = upkeep_->reconciler()) {
      task(*reconciler);
    }
  });
}

Result<OwnFirewall::Offered> OwnFirewall::pause() {
  Offered out;
  const bool paused = thread_.run_within(max_pause_time, [&]() {
    auto* reconciler = upkeep_->reconciler();
    reconciler->pause();
    out.installed = reconciler->installed();
    if (const auto* cleanup = reconciler->cleanup()) {
      out.cleanup = cleanup->share();
    }
  });
  if (!paused) {
    return Error(
        "this gateway is changing the firewall's rules, or waits for another program that "
        "changes rules: try again");
  }
  return out;
}

void OwnFirewall::end(End how) {
  cgroups_.watch({});
  status_.reset();
  thread_.run([&]() {
    if (auto* reconciler = upkeep_->reconciler(); reconciler != nullptr && how == End::leave) {
      reconciler->leave();
    }
    upkeep_->end();
  });
}

void OwnFirewall::release(Then then) {
  if (!status_) {
    then(Error("this gateway keeps no rules of the firewall"));
    return;
  }
  if (released_) {
    then(Ok{});
    return;
  }
  if (!may_change_()) {
    then(Error(
        "this gateway drains or is being taken over: its rules cannot be released meanwhile"));
    return;
  }
  released_ = true;
  cgroups_.watch({});
  log_.warning("firewall: weir no longer keeps its rules in place, by 'firewall remove --force'");
  thread_.post([this, then = std::move(then)]() {
    if (auto* reconciler = upkeep_->reconciler()) {
      reconciler->release();
    }
    upkeep_->end();
    mailbox_.post([then]() { then(Ok{}); });
  });
}

void OwnFirewall::change(firewall::Ruleset rules,
                         Result<> (firewall::Upkeep::*how)(const firewall::Ruleset&), Then then) {
  ++changes_under_way_;
  thread_.post([this, rules = std::move(rules), how, then = std::move(then)]() {
    const auto changed = (*upkeep_.*how)(rules);
    mailbox_.post([this, changed, then, cgroups = rules.exclude_cgroups]() {
      --changes_under_way_;
      if (changed) {
        cgroups_in_rules_ = cgroups;
      }
      then(changed);
    });
  });
}

void OwnFirewall::replace(const Snapshot& next, Then then) {
  change(rules_of(next), &firewall::Upkeep::replace,
         [this, then = std::move(then)](const Result<>& replaced) {
           then(replaced ? replaced
                         : replaced.error().with_context("cannot replace the firewall's rules"));
           check_cgroups();
         });
}

void OwnFirewall::follow_cgroups() {
  cgroups_.watch(keeps() ? in_force_.configuration().firewall.exclude_cgroups
                         : std::vector<std::string>{});
}

// Rules that are being changed may be of another configuration: then the look comes afterwards.
void OwnFirewall::check_cgroups() {
  if (!keeps() || changes_under_way_ > 0 || !may_change_() ||
      cgroups_.check() == cgroups_in_rules_) {
    return;
  }
  change(rules(), &firewall::Upkeep::substitute, [this](const Result<>& replaced) {
    if (replaced) {
      check_cgroups();
    } else {
      // Usually the group is gone again meanwhile: then the watch tells of that, too.
      log_.warning("firewall.exclude-cgroup: " + replaced.error().text());
    }
  });
}

void OwnFirewall::let_pass(Passes what, Then then) {
  change(
      what == Passes::new_flows ? firewall::while_draining(rules()) : firewall::while_down(rules()),
      &firewall::Upkeep::substitute, std::move(then));
}

FirewallReport OwnFirewall::report() const {
  if (!status_) {
    return {};
  }
  return {.backend = std::string(name_of(status_->backend)),
          .kept = !released_,
          .repairs = status_->repairs,
          .trouble = status_->trouble,
          .outside = status_->outside};
}

void OwnFirewall::count(std::function<void(firewall::Counts)> then) {
  thread_.post([this, rules = rules(), then = std::move(then)]() {
    mailbox_.post([then, counts = upkeep_->count(rules)]() { then(counts); });
  });
}

}  // namespace weir
