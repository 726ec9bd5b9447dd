#include "firewall/rule_reconciler.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "firewall/install.h"
#include "firewall/policy_routes.h"
#include "firewall/script.h"
#include "firewall/surroundings.h"

namespace weir::firewall {

namespace {

// A tool that changes one thing usually changes several: look once.
constexpr Milliseconds debounce{100};
// After a repair that failed.
constexpr Milliseconds again{500};
// The old iptables says nothing when it changes, and a message can be lost.
constexpr Milliseconds slow_check{10'000};

}  // namespace

RuleReconciler::RuleReconciler(Loop& loop, Log& log, Backend backend, Owner owner)
    : loop_(loop), log_(log), backend_(backend), owner_(std::move(owner)) {}

Result<std::unique_ptr<RuleReconciler>> RuleReconciler::start(Loop& loop, Log& log,
                                                              const Ruleset& ruleset,
                                                              Backend backend, Owner owner) {
  std::unique_ptr<RuleReconciler> reconciler(
      new RuleReconciler(loop, log, backend, std::move(owner)));
  const auto fitting = reconciler->fit(ruleset);
  if (!fitting) {
    return fitting.error();
  }
  // First the cleanup process: from then on whatever kills us leaves nothing half done.
  if (auto guarded = reconciler->guard(fitting.value()); !guarded) {
    return guarded.error();
  }
  auto installed = install_rules(fitting.value(), backend, reconciler->owner_.name_sets);
  if (!installed) {
    reconciler->cleanup_.reset();
    return installed.error();
  }
  reconciler->wanted_ = ruleset;
  reconciler->installed_ = std::move(installed).value();
  for (const std::string& trouble : {trouble_with_outside(fitting.value(), interfaces_here()),
                                     shortcoming_of(fitting.value(), backend).text}) {
    if (!trouble.empty()) {
      log.warning("firewall: " + trouble);
    }
  }
  if (auto watched = reconciler->watch(); !watched) {
    return watched.error();
  }
  return reconciler;
}

Result<Ruleset> RuleReconciler::fit(const Ruleset& ruleset) {
  const Instant began = clock_now();
  auto fitting = fitted_to_machine(ruleset, backend_, installed_.ruleset.outside, &scope_);
  const Instant done = clock_now();
  // Where there are very many routes that takes a while, and they change all the time.
  constexpr int shortest_part = 20;
  no_fit_before_ = done + std::chrono::duration_cast<Milliseconds>(done - began) * shortest_part;
  return fitting;
}

void RuleReconciler::routes_changed() {
  if (std::exchange(fitting_soon_, true)) {
    return;
  }
  const auto left = std::chrono::duration_cast<Milliseconds>(no_fit_before_ - clock_now());
  fit_soon_->once(std::max(debounce, left));
}

// The same rules, as they are now that routes have changed.
void RuleReconciler::fit_again() {
  fitting_soon_ = false;
  if (paused_) {
    return;
  }
  const auto fitting = fit(wanted_);
  if (!fitting) {
    log_.warning("firewall: " + fitting.error().text());
    return;
  }
  if (own_script(fitting.value(), backend_) == installed_.script) {
    return;
  }
  const Ruleset before = installed_.ruleset;
  if (auto put = install_instead(fitting.value()); !put) {
    log_.error("firewall: cannot follow the routes: " + put.error().text());
    return;
  }
  say_what_changed(before);
}

void RuleReconciler::say_what_changed(const Ruleset& before) const {
  const Ruleset& now = installed_.ruleset;
  for (const std::string& name : now.outside) {
    if (std::find(before.outside.begin(), before.outside.end(), name) == before.outside.end()) {
      log_.info("firewall: " + name +
                " carries a default route now: what comes in there is not intercepted");
    }
  }
  if (const auto trouble = trouble_with_outside(now, interfaces_here());
      !trouble.empty() && trouble_with_outside(before, interfaces_here()).empty()) {
    log_.warning("firewall: " + trouble);
  }
}

Result<> RuleReconciler::watch() {
  if (auto heard = hear_changes(installed_.ruleset.table); !heard) {
    return heard;
  }
  soon_ = std::make_unique<Timer>(loop_, [this]() {
    checking_soon_ = false;
    check();
    owner_.worked();
  });
  now_and_then_ = std::make_unique<Timer>(loop_, [this]() {
    check();
    owner_.worked();
  });
  now_and_then_->every(slow_check);
  fit_soon_ = std::make_unique<Timer>(loop_, [this]() {
    fit_again();
    owner_.worked();
  });
  auto news = RouteNews::open(
      loop_, [this]() { return scope_; }, [this]() { routes_changed(); });
  if (!news) {
    return news.error();
  }
  news_ = std::move(news).value();
  return Ok{};
}

Result<std::unique_ptr<RuleReconciler>> RuleReconciler::inherit(Loop& loop, Log& log,
                                                                const Ruleset& wanted,
                                                                Inherited from, Owner owner) {
  const Backend backend = from.installed.backend;
  std::unique_ptr<RuleReconciler> reconciler(
      new RuleReconciler(loop, log, backend, std::move(owner)));
  reconciler->cleanup_ = std::move(from.cleanup);
  reconciler->installed_ = std::move(from.installed);
  const auto refused = [&](const Error& error) {
    reconciler->abandon();
    return error;
  };
  const auto fitting = reconciler->fit(wanted);
  if (!fitting) {
    return refused(fitting.error());
  }
  const Ruleset& ruleset = fitting.value();
  if (needs_cleanup_process(ruleset, backend)) {
    if (auto guarded = reconciler->guard(ruleset); !guarded) {
      return refused(guarded.error());
    }
  }
  reconciler->wanted_ = wanted;
  reconciler->installed_.ruleset = ruleset;
  const auto drift = drift_of(reconciler->installed_);
  const bool same = own_script(ruleset, backend) == reconciler->installed_.script;
  if (!same || !drift || !drift.value().empty()) {
    auto installed = install_rules(ruleset, backend, reconciler->owner_.name_sets);
    if (!installed) {
      return refused(installed.error());
    }
    reconciler->installed_ = std::move(installed).value();
  }
  if (auto watched = reconciler->watch(); !watched) {
    return refused(watched.error());
  }
  return reconciler;
}

// By now what clients have looked up is known, too.
void RuleReconciler::finish_takeover() {
  if (owner_.name_sets != nullptr && backend_ == Backend::nft) {
    owner_.name_sets->take_over(installed_.ruleset.name_rules);
  }
  if (!needs_cleanup_process(installed_.ruleset, backend_)) {
    cleanup_.reset();
  }
}

void RuleReconciler::resume() {
  paused_ = false;
  if (owner_.name_sets != nullptr) {  // the successor that gave up may have changed them
    owner_.name_sets->take_over(installed_.ruleset.name_rules);
  }
  if (auto guarded = guard(installed_.ruleset); !guarded) {
    log_.error("firewall: " + guarded.error().text());
  }
  check();
  routes_changed();  // or may have, meanwhile
}

void RuleReconciler::leave() {
  installed_.script.clear();
  if (owner_.name_sets != nullptr) {
    owner_.name_sets->finish({});  // they are another's, or gone
  }
  if (cleanup_ != nullptr) {
    cleanup_->leave();
    cleanup_.reset();
  }
  feed_.reset();
  soon_.reset();
  now_and_then_.reset();
  news_.reset();
  fit_soon_.reset();
}

void RuleReconciler::release() {
  cleanup_.reset();  // dismissed
  leave();
}

void RuleReconciler::abandon() {
  if (cleanup_ != nullptr && !cleanup_->is_inherited()) {
    cleanup_.reset();  // dismissed: no other process knows it
  }
  leave();
}

RuleReconciler::~RuleReconciler() {
  if (installed_.script.empty()) {
    return;  // nothing was installed
  }
  Result<> left = Ok{};
  if (installed_.ruleset.on_failure == OnFailure::open) {
    left = remove(backend_);
  } else if (needs_cleanup_process(installed_.ruleset, backend_)) {
    left = apply(while_down(installed_.ruleset), backend_);
  }
  if (left) {
    return;
  }
  log_.error("cannot remove the firewall's rules: " + left.error().text());
  if (cleanup_ != nullptr) {
    log_.info("firewall: the cleanup process goes on trying");
    cleanup_->leave();  // to it we look dead
  }
}

// Tells the cleanup process what to do, or does without one where the rules do it by themselves.
Result<> RuleReconciler::guard(const Ruleset& ruleset) {
  if (!needs_cleanup_process(ruleset, backend_)) {
    cleanup_.reset();
    return Ok{};
  }
  const std::string script = own_script(while_down(ruleset), backend_);
  if (cleanup_ != nullptr && cleanup_->is_alive() && cleanup_->set_exit_script(script)) {
    return Ok{};
  }
  cleanup_.reset();  // it was killed, or there was none
  auto made = CleanupProcess::start();
  if (!made) {
    return made.error();
  }
  cleanup_ = std::move(made).value();
  if (!cleanup_->warning().empty()) {
    log_.warning(cleanup_->warning());
  }
  return cleanup_->set_exit_script(script);
}

Result<> RuleReconciler::replace(const Ruleset& ruleset) {
  const auto fitting = fit(ruleset);
  if (!fitting) {
    return fitting.error();
  }
  const bool same = own_script(fitting.value(), backend_) == installed_.script;
  const auto drift = drift_of(installed_);
  if (!same || !drift || !drift.value().empty()) {
    if (auto put = install_instead(fitting.value()); !put) {
      return put;
    }
  } else {
    follow_names(fitting.value());
  }
  wanted_ = ruleset;
  return Ok{};
}

// The same rules, and lists of names that may be others.
void RuleReconciler::follow_names(const Ruleset& ruleset) {
  installed_.ruleset.name_rules = ruleset.name_rules;
  if (owner_.name_sets != nullptr && backend_ == Backend::nft) {
    owner_.name_sets->begin(ruleset.name_rules);
    owner_.name_sets->fill({});
    owner_.name_sets->finish(ruleset.name_rules);
  }
}

Result<> RuleReconciler::install_instead(const Ruleset& ruleset) {
  owner_.about_to_replace();
  const bool is_deaf = stop_hearing(ruleset);
  auto installed = install_rules(ruleset, backend_, owner_.name_sets);
  const std::uint32_t table = (installed ? ruleset : installed_.ruleset).table;
  if (is_deaf || table != installed_.ruleset.table) {
    if (auto heard = hear_changes(table); !heard) {
      return heard;
    }
  }
  if (is_deaf) {
    check_soon(debounce);  // whatever it has missed
  }
  if (!installed) {
    return installed.error();
  }
  owner_.replaced(installed.value().counts_anew);
  installed_ = std::move(installed).value();
  trouble_.clear();
  repairs_.begin_anew();
  if (auto guarded = guard(ruleset); !guarded) {
    log_.error(guarded.error().text());
  }
  return Ok{};
}

// The kernel tells a listener of each element of a set, which takes ten times as long as to load
// it.
bool RuleReconciler::stop_hearing(const Ruleset& ruleset) {
  if (feed_ == nullptr || !may_load_sets(ruleset, backend_)) {
    return false;
  }
  feed_.reset();
  return true;
}

Result<> RuleReconciler::hear_changes(std::uint32_t table) {
  const std::uint32_t own = owner_.name_sets == nullptr ? 0 : owner_.name_sets->port();
  auto feed = ChangeFeed::open(loop_, backend_, table, own,
                               [this](const Change& change) { changed(change); });
  if (!feed) {
    return feed.error();
  }
  feed_ = std::move(feed).value();
  return Ok{};
}

// Not put off by further changes: within a second what is gone has to be restored.
void RuleReconciler::check_soon(Milliseconds after) {
  if (!std::exchange(checking_soon_, true)) {
    soon_->once(after);
  }
}

RuleReconciler::Status RuleReconciler::status() const {
  return {.backend = backend_,
          .repairs = repairs_.total(),
          .trouble = trouble_,
          .outside = installed_.ruleset.outside};
}

void RuleReconciler::changed(const Change& change) {
  if (!change.program.empty()) {
    changed_by_ = change.program;
  }
  links_changed_ = links_changed_ || change.about == Change::About::link;
  check_soon(debounce);
}

void RuleReconciler::check() {
  if (paused_) {
    return;
  }
  if (cleanup_ != nullptr && !cleanup_->is_alive()) {
    log_.warning("firewall: the cleanup process process was ended; weir has started another one");
    if (auto guarded = guard(installed_.ruleset); !guarded) {
      log_.error("firewall: " + guarded.error().text());
    }
  }
  const auto drift = drift_of(installed_);
  if (!drift) {
    log_.warning("cannot watch the firewall's rules: " + drift.error().text());
  } else if (drift.value().empty()) {
    trouble_.clear();
  } else if (drift.value().text().empty()) {
    follow_translations();
  } else if (links_changed_ && drift.value().rules.empty() && drift.value().inputs.empty()) {
    follow_links(drift.value().text());
  } else {
    repair(drift.value().text());
  }
  changed_by_.clear();
  // While lo is down nothing is missed, and what comes next is that it is up.
  links_changed_ = links_changed_ && !lo_is_up();
}

// The kernel took the routes away with the link they went by. No other program undoes the repair,
// so they are put back as often as it happens.
void RuleReconciler::follow_links(const std::string& drift) {
  if (auto restored = restore(installed_, owner_.name_sets); !restored) {
    failed(drift + " with a change of lo", restored.error());
    return;
  }
  trouble_.clear();
  log_.warning("firewall: " + drift + " with a change of lo; put back");
}

void RuleReconciler::follow_translations() {
  if (auto followed = firewall::follow_translations(installed_); !followed) {
    failed("the nat table was changed", followed.error());
    return;
  }
  trouble_.clear();
  log_.info(
      "firewall: the nat table was changed; weir follows, and leaves alone what it translates");
}

void RuleReconciler::repair(const std::string& drift) {
  const std::string by = changed_by_.empty() ? "" : " by '" + changed_by_ + "'";
  if (!repairs_.may_repair(clock_now())) {
    give_up(drift + by);
    return;
  }
  const bool is_deaf = stop_hearing(installed_.ruleset);
  const auto restored = restore(installed_, owner_.name_sets);
  if (is_deaf) {
    if (auto heard = hear_changes(installed_.ruleset.table); !heard) {
      log_.error("firewall: " + heard.error().text());
    }
    check_soon(debounce);  // whatever it has missed
  }
  if (!restored) {
    repairs_.came_to_nothing();
    failed(drift + by, restored.error());
    return;
  }
  trouble_.clear();
  log_.warning("firewall: " + drift + by + "; put back");
}

// What does not hold yet is tried again, said once.
void RuleReconciler::failed(const std::string& drift, const Error& error) {
  const std::string said = drift + ", and cannot be put back: " + error.text();
  if (said != trouble_) {
    trouble_ = said;
    log_.error("firewall: " + trouble_);
  }
  check_soon(again);
}

void RuleReconciler::give_up(const std::string& drift) {
  if (!trouble_.empty()) {
    return;  // said already
  }
  trouble_ = fmt::format(
      "{}, again after {} repairs within {} s: not put back any more; keep that tool from weir's "
      "rules, then reload",
      drift, Repairs::max, Repairs::within.count() / 1000);
  log_.error("firewall: " + trouble_);
}

}  // namespace weir::firewall
