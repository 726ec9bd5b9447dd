#include "firewall/keeper.h"

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
constexpr Milliseconds slow_look{10'000};

}  // namespace

Keeper::Keeper(Loop& loop, Log& log, Backend backend, Owner owner)
    : loop_(loop), log_(log), backend_(backend), owner_(std::move(owner)) {}

Result<std::unique_ptr<Keeper>> Keeper::start(Loop& loop, Log& log, const Ruleset& ruleset,
                                              Backend backend, Owner owner) {
  std::unique_ptr<Keeper> keeper(new Keeper(loop, log, backend, std::move(owner)));
  const auto fitting = keeper->fit(ruleset);
  if (!fitting) {
    return fitting.error();
  }
  // First the guardian: from then on whatever kills us leaves nothing half done.
  if (auto guarded = keeper->guard(fitting.value()); !guarded) {
    return guarded.error();
  }
  auto standing = put_up(fitting.value(), backend);
  if (!standing) {
    keeper->guardian_.reset();
    return standing.error();
  }
  keeper->wanted_ = ruleset;
  keeper->standing_ = std::move(standing).value();
  for (const std::string& trouble : {trouble_with_outside(fitting.value(), interfaces_here()),
                                     shortcoming_of(fitting.value(), backend).text}) {
    if (!trouble.empty()) {
      log.warning("firewall: " + trouble);
    }
  }
  if (auto watched = keeper->watch(); !watched) {
    return watched.error();
  }
  return keeper;
}

Result<Ruleset> Keeper::fit(const Ruleset& ruleset) {
  const Instant began = clock_now();
  auto fitting = fitted_to_machine(ruleset, backend_, standing_.ruleset.outside, &scope_);
  const Instant done = clock_now();
  // Where there are very many routes that takes a while, and they change all the time.
  constexpr int shortest_part = 20;
  no_fit_before_ = done + std::chrono::duration_cast<Milliseconds>(done - began) * shortest_part;
  return fitting;
}

void Keeper::routes_changed() {
  if (std::exchange(fitting_soon_, true)) {
    return;
  }
  const auto rest = std::chrono::duration_cast<Milliseconds>(no_fit_before_ - clock_now());
  fit_soon_->once(std::max(debounce, rest));
}

// The same rules, as they are now that routes have changed.
void Keeper::fit_again() {
  fitting_soon_ = false;
  if (resting_) {
    return;
  }
  const auto fitting = fit(wanted_);
  if (!fitting) {
    log_.warning("firewall: " + fitting.error().text());
    return;
  }
  if (apply_script(fitting.value(), backend_) == standing_.script) {
    return;
  }
  const Ruleset before = standing_.ruleset;
  if (auto put = put_up_instead(fitting.value()); !put) {
    log_.error("firewall: cannot follow the routes: " + put.error().text());
    return;
  }
  say_what_changed(before);
}

void Keeper::say_what_changed(const Ruleset& before) const {
  const Ruleset& now = standing_.ruleset;
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

Result<> Keeper::watch() {
  auto feed = ChangeFeed::open(loop_, backend_, standing_.ruleset.table,
                               [this](const Change& change) { changed(change); });
  if (!feed) {
    return feed.error();
  }
  feed_ = std::move(feed).value();
  soon_ = std::make_unique<Timer>(loop_, [this]() {
    looking_soon_ = false;
    look();
    owner_.worked();
  });
  now_and_then_ = std::make_unique<Timer>(loop_, [this]() {
    look();
    owner_.worked();
  });
  now_and_then_->every(slow_look);
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
  return Done{};
}

Result<std::unique_ptr<Keeper>> Keeper::inherit(Loop& loop, Log& log, const Ruleset& wanted,
                                                Inherited from, Owner owner) {
  const Backend backend = from.standing.backend;
  std::unique_ptr<Keeper> keeper(new Keeper(loop, log, backend, std::move(owner)));
  keeper->guardian_ = std::move(from.guardian);
  keeper->standing_ = std::move(from.standing);
  const auto refused = [&](const Error& error) {
    keeper->abandon();
    return error;
  };
  const auto fitting = keeper->fit(wanted);
  if (!fitting) {
    return refused(fitting.error());
  }
  const Ruleset& ruleset = fitting.value();
  if (needs_guardian(ruleset, backend)) {
    if (auto guarded = keeper->guard(ruleset); !guarded) {
      return refused(guarded.error());
    }
  }
  keeper->wanted_ = wanted;
  keeper->standing_.ruleset = ruleset;
  const auto damage = damage_to(keeper->standing_);
  const bool same = apply_script(ruleset, backend) == keeper->standing_.script;
  if (!same || !damage || !damage.value().empty()) {
    auto standing = put_up(ruleset, backend);
    if (!standing) {
      return refused(standing.error());
    }
    keeper->standing_ = std::move(standing).value();
  }
  if (auto watched = keeper->watch(); !watched) {
    return refused(watched.error());
  }
  return keeper;
}

void Keeper::settle() {
  if (!needs_guardian(standing_.ruleset, backend_)) {
    guardian_.reset();
  }
}

void Keeper::resume() {
  resting_ = false;
  if (auto guarded = guard(standing_.ruleset); !guarded) {
    log_.error("firewall: " + guarded.error().text());
  }
  look();
  routes_changed();  // or may have, meanwhile
}

void Keeper::leave() {
  standing_.script.clear();
  if (guardian_ != nullptr) {
    guardian_->leave();
    guardian_.reset();
  }
  feed_.reset();
  soon_.reset();
  now_and_then_.reset();
  news_.reset();
  fit_soon_.reset();
}

void Keeper::release() {
  guardian_.reset();  // dismissed
  leave();
}

void Keeper::abandon() {
  if (guardian_ != nullptr && !guardian_->is_inherited()) {
    guardian_.reset();  // dismissed: no other process knows it
  }
  leave();
}

Keeper::~Keeper() {
  if (standing_.script.empty()) {
    return;  // nothing was installed
  }
  Result<> left = Done{};
  if (standing_.ruleset.on_failure == OnFailure::open) {
    left = remove(backend_);
  } else if (needs_guardian(standing_.ruleset, backend_)) {
    left = apply(while_down(standing_.ruleset), backend_);
  }
  if (left) {
    return;
  }
  log_.error("cannot remove the firewall's rules: " + left.error().text());
  if (guardian_ != nullptr) {
    log_.info("firewall: the guardian goes on trying");
    guardian_->leave();  // to it we look dead
  }
}

// Tells the guardian what to do, or does without one where the rules know themselves.
Result<> Keeper::guard(const Ruleset& ruleset) {
  if (!needs_guardian(ruleset, backend_)) {
    guardian_.reset();
    return Done{};
  }
  const std::string script = apply_script(while_down(ruleset), backend_);
  if (guardian_ != nullptr && guardian_->is_alive() && guardian_->hold(script)) {
    return Done{};
  }
  guardian_.reset();  // it was killed, or there was none
  auto made = Guardian::start();
  if (!made) {
    return made.error();
  }
  guardian_ = std::move(made).value();
  if (!guardian_->warning().empty()) {
    log_.warning(guardian_->warning());
  }
  return guardian_->hold(script);
}

Result<> Keeper::replace(const Ruleset& ruleset) {
  const auto fitting = fit(ruleset);
  if (!fitting) {
    return fitting.error();
  }
  const bool same = apply_script(fitting.value(), backend_) == standing_.script;
  const auto damage = damage_to(standing_);
  if (!same || !damage || !damage.value().empty()) {
    if (auto put = put_up_instead(fitting.value()); !put) {
      return put;
    }
  }
  wanted_ = ruleset;
  return Done{};
}

Result<> Keeper::put_up_instead(const Ruleset& ruleset) {
  owner_.about_to_replace();
  auto standing = put_up(ruleset, backend_);
  if (!standing) {
    return standing.error();
  }
  owner_.replaced(standing.value().counts_anew);
  if (standing.value().ruleset.table != standing_.ruleset.table) {
    auto feed = ChangeFeed::open(loop_, backend_, ruleset.table,
                                 [this](const Change& change) { changed(change); });
    if (!feed) {
      return feed.error();
    }
    feed_ = std::move(feed).value();
  }
  standing_ = std::move(standing).value();
  trouble_.clear();
  repairs_.begin_anew();
  if (auto guarded = guard(ruleset); !guarded) {
    log_.error(guarded.error().text());
  }
  return Done{};
}

Keeper::Status Keeper::status() const {
  return {.backend = backend_,
          .repairs = repairs_.total(),
          .trouble = trouble_,
          .outside = standing_.ruleset.outside};
}

void Keeper::changed(const Change& change) {
  if (!change.who.empty()) {
    who_ = change.who;
  }
  links_changed_ = links_changed_ || change.about == Change::About::link;
  // Not put off by further changes: within a second it has to be mended.
  if (!looking_soon_) {
    looking_soon_ = true;
    soon_->once(debounce);
  }
}

void Keeper::look() {
  if (resting_) {
    return;
  }
  if (guardian_ != nullptr && !guardian_->is_alive()) {
    log_.warning("firewall: the guardian process was ended; weir has started another one");
    if (auto guarded = guard(standing_.ruleset); !guarded) {
      log_.error("firewall: " + guarded.error().text());
    }
  }
  const auto damage = damage_to(standing_);
  if (!damage) {
    log_.warning("cannot watch the firewall's rules: " + damage.error().text());
  } else if (damage.value().empty()) {
    trouble_.clear();
  } else if (damage.value().text().empty()) {
    follow_translations();
  } else if (links_changed_ && damage.value().rules.empty() && damage.value().inputs.empty()) {
    follow_links(damage.value().text());
  } else {
    repair(damage.value().text());
  }
  who_.clear();
  // While lo is down nothing is missed, and what comes next is that it is up.
  links_changed_ = links_changed_ && !lo_is_up();
}

// The kernel took the routes away with the link they went by. No other program undoes the repair,
// so they are put back as often as it happens.
void Keeper::follow_links(const std::string& damage) {
  if (auto mended = mend(standing_); !mended) {
    failed(damage + " with a change of lo", mended.error());
    return;
  }
  trouble_.clear();
  log_.warning("firewall: " + damage + " with a change of lo; put back");
}

void Keeper::follow_translations() {
  if (auto followed = firewall::follow_translations(standing_); !followed) {
    failed("the nat table was changed", followed.error());
    return;
  }
  trouble_.clear();
  log_.info(
      "firewall: the nat table was changed; weir follows, and leaves alone what it translates");
}

void Keeper::repair(const std::string& damage) {
  const std::string by = who_.empty() ? "" : " by '" + who_ + "'";
  if (!repairs_.may_repair(clock_now())) {
    give_up(damage + by);
    return;
  }
  if (auto mended = mend(standing_); !mended) {
    repairs_.came_to_nothing();
    failed(damage + by, mended.error());
    return;
  }
  trouble_.clear();
  log_.warning("firewall: " + damage + by + "; put back");
}

// What does not hold yet is tried again, said once.
void Keeper::failed(const std::string& damage, const Error& error) {
  const std::string said = damage + ", and cannot be put back: " + error.text();
  if (said != trouble_) {
    trouble_ = said;
    log_.error("firewall: " + trouble_);
  }
  if (!looking_soon_) {
    looking_soon_ = true;
    soon_->once(again);
  }
}

void Keeper::give_up(const std::string& damage) {
  if (!trouble_.empty()) {
    return;  // said already
  }
  trouble_ = fmt::format(
      "{}, again after {} repairs within {} s: not put back any more; keep that tool from weir's "
      "rules, then reload",
      damage, Repairs::most, Repairs::within.count() / 1000);
  log_.error("firewall: " + trouble_);
}

}  // namespace weir::firewall
