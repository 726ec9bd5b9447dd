#include "firewall/keeper.h"

#include <fmt/format.h>

#include "firewall/install.h"
#include "firewall/script.h"

namespace weir::firewall {

namespace {

// A tool that changes one thing usually changes several: look once.
constexpr Milliseconds debounce{100};
// The old iptables says nothing when it changes, and a message can be lost.
constexpr Milliseconds slow_look{10'000};

}  // namespace

Keeper::Keeper(Loop& loop, Log& log, Backend backend, Around around)
    : loop_(loop), log_(log), backend_(backend), around_(std::move(around)) {}

Result<std::unique_ptr<Keeper>> Keeper::start(Loop& loop, Log& log, const Ruleset& ruleset,
                                              Backend backend, Around around) {
  std::unique_ptr<Keeper> keeper(new Keeper(loop, log, backend, std::move(around)));
  // First the guardian: from then on whatever kills us leaves nothing half done.
  if (auto guarded = keeper->guard(ruleset); !guarded) {
    return guarded.error();
  }
  auto standing = put_up(ruleset, backend);
  if (!standing) {
    keeper->guardian_.reset();
    return standing.error();
  }
  keeper->standing_ = std::move(standing).value();
  if (auto watched = keeper->watch(); !watched) {
    return watched.error();
  }
  return keeper;
}

Result<> Keeper::watch() {
  auto feed = ChangeFeed::open(loop_, backend_, standing_.ruleset.table,
                               [this](const std::string& who) { changed(who); });
  if (!feed) {
    return feed.error();
  }
  feed_ = std::move(feed).value();
  soon_ = std::make_unique<Timer>(loop_, [this]() {
    looking_soon_ = false;
    around_([this]() { look(); });
  });
  now_and_then_ = std::make_unique<Timer>(loop_, [this]() { around_([this]() { look(); }); });
  now_and_then_->every(slow_look);
  return Done{};
}

Result<std::unique_ptr<Keeper>> Keeper::inherit(Loop& loop, Log& log, const Ruleset& ruleset,
                                                Inherited from, Around around) {
  const Backend backend = from.standing.backend;
  std::unique_ptr<Keeper> keeper(new Keeper(loop, log, backend, std::move(around)));
  keeper->guardian_ = std::move(from.guardian);
  const auto refused = [&](const Error& error) {
    keeper->abandon();
    return error;
  };
  if (needs_guardian(ruleset, backend)) {
    if (auto guarded = keeper->guard(ruleset); !guarded) {
      return refused(guarded.error());
    }
  }
  keeper->standing_ = std::move(from.standing);
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
  around_([this]() {
    if (auto guarded = guard(standing_.ruleset); !guarded) {
      log_.error("firewall: " + guarded.error().text());
    }
    look();
  });
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
}

void Keeper::abandon() {
  if (guardian_ != nullptr && !guardian_->is_inherited()) {
    guardian_.reset();  // dismissed: nobody else knows it
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
  if (!left) {
    log_.error("cannot take back the firewall's rules: " + left.error().text());
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
  guardian_.reset();  // somebody killed it, or there was none
  auto made = Guardian::start();
  if (!made) {
    return made.error();
  }
  guardian_ = std::move(made).value();
  return guardian_->hold(script);
}

Result<> Keeper::replace(const Ruleset& ruleset, const std::function<void()>& about_to) {
  const bool same = apply_script(ruleset, backend_) == standing_.script;
  const auto damage = damage_to(standing_);
  if (same && damage && damage.value().empty()) {
    return Done{};
  }
  about_to();
  auto standing = put_up(ruleset, backend_);
  if (!standing) {
    return standing.error();
  }
  if (standing.value().ruleset.table != standing_.ruleset.table) {
    auto feed = ChangeFeed::open(loop_, backend_, ruleset.table,
                                 [this](const std::string& who) { changed(who); });
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
  return {.backend = backend_, .repairs = repairs_.total(), .trouble = trouble_};
}

void Keeper::changed(const std::string& who) {
  if (!who.empty()) {
    who_ = who;
  }
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
    log_.warning("firewall: somebody ended the guardian; here is another one");
    if (auto guarded = guard(standing_.ruleset); !guarded) {
      log_.error("firewall: " + guarded.error().text());
    }
  }
  const auto damage = damage_to(standing_);
  if (!damage) {
    log_.warning("cannot watch the firewall's rules: " + damage.error().text());
  } else if (damage.value().empty()) {
    trouble_.clear();
  } else {
    repair(damage.value());
  }
  who_.clear();
}

void Keeper::repair(const std::string& damage) {
  const std::string by = who_.empty() ? "" : " by '" + who_ + "'";
  if (!repairs_.may_repair(clock_now())) {
    give_up(damage + by);
    return;
  }
  if (auto mended = mend(standing_); !mended) {
    trouble_ = damage + by + ", and cannot be put back: " + mended.error().text();
    log_.error("firewall: " + trouble_);
    return;
  }
  log_.warning("firewall: " + damage + by + "; put back");
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
