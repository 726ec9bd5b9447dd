#include "weir/server_health.h"

#include <algorithm>
#include <chrono>

namespace weir {
namespace {

std::int64_t count_of(Instant instant) { return instant.time_since_epoch().count(); }

constexpr std::int64_t heard_again_after = 250'000;  // microseconds

std::int64_t microseconds(Milliseconds duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

}  // namespace

void ServerHealth::set_terms(const Terms& terms) {
  eject_after_.store(terms.eject_after, std::memory_order_relaxed);
  eject_time_.store(microseconds(terms.eject_time), std::memory_order_relaxed);
  slow_start_.store(microseconds(terms.slow_start), std::memory_order_relaxed);
  if (terms.eject_after == 0) {
    ejected_until_.store(0, std::memory_order_relaxed);
  }
}

void ServerHealth::came_back(Instant now) {
  if (slow_start_.load(std::memory_order_relaxed) != 0) {
    up_since_.store(count_of(now), std::memory_order_relaxed);
  }
}

void ServerHealth::set_admin_state(AdminState admin_state, Instant now) {
  if (admin_state_.exchange(admin_state, std::memory_order_relaxed) != admin_state &&
      admin_state == AdminState::up) {
    came_back(now);
  }
}

void ServerHealth::set_checked(Checked checked, Instant now) {
  const Checked before = checked_.exchange(checked, std::memory_order_relaxed);
  if (before == Checked::down && checked == Checked::up) {
    // The checks saw it answer; what flows met before is over.
    failures_.store(0, std::memory_order_relaxed);
    doubted_.store(0, std::memory_order_relaxed);
    ejected_until_.store(0, std::memory_order_relaxed);
    came_back(now);
  }
}

void ServerHealth::offer_trial(Instant now) {
  auto until = ejected_until_.load(std::memory_order_relaxed);
  if (until > count_of(now)) {
    ejected_until_.compare_exchange_strong(until, count_of(now), std::memory_order_relaxed);
  }
}

void ServerHealth::note_failure(Instant now) {
  count_failure(failures_.fetch_add(1, std::memory_order_relaxed) + 1, now);
}

void ServerHealth::count_failure(std::uint32_t failures, Instant now) {
  const auto max = eject_after_.load(std::memory_order_relaxed);
  if (max != 0 && failures >= max) {
    ejected_until_.store(count_of(now) + eject_time_.load(std::memory_order_relaxed),
                         std::memory_order_relaxed);
  }
}

// Two targets may share a bit, and then count as one.
ServerHealth::Doubt ServerHealth::note_doubt(Instant now, std::uint64_t target) {
  const std::uint64_t bit = std::uint64_t{1} << (target % 64);
  const auto before = doubted_.fetch_or(bit, std::memory_order_relaxed);
  const bool are_several = (before & ~bit) != 0;
  if ((before & bit) == 0) {
    const auto failures = failures_.fetch_add(1, std::memory_order_relaxed) + 1;
    if (are_several) {
      count_failure(failures, now);
    }
  }
  return are_several ? Doubt::servers : Doubt::targets;
}

void ServerHealth::note_heard(Instant now) {
  if (count_of(now) - heard_.load(std::memory_order_relaxed) > heard_again_after) {
    heard_.store(count_of(now), std::memory_order_relaxed);
  }
}

bool ServerHealth::was_heard_since(Instant then) const {
  const auto heard = heard_.load(std::memory_order_relaxed);
  return heard != 0 && heard + heard_again_after >= count_of(then);
}

void ServerHealth::note_success(Instant now) {
  // Mostly nothing is to be done, and a line that all workers read is better not written.
  if (failures_.load(std::memory_order_relaxed) != 0) {
    failures_.store(0, std::memory_order_relaxed);
    doubted_.store(0, std::memory_order_relaxed);
  }
  if (was_ejected() && ejected_until_.exchange(0, std::memory_order_relaxed) != 0) {
    came_back(now);
  }
}

ServerHealth::State ServerHealth::state() const {
  switch (admin_state()) {
    case AdminState::down:
      return State::down;
    case AdminState::drain:
      return State::drain;
    case AdminState::up:
      break;
  }
  if (checked() == Checked::down) {
    return State::down;
  }
  return was_ejected() ? State::ejected : State::up;
}

ServerHealth::Saved ServerHealth::saved() const {
  return {.admin_state = admin_state(),
          .checked = checked(),
          .failures = failures_.load(std::memory_order_relaxed),
          .ejected_until = ejected_until_.load(std::memory_order_relaxed),
          .up_since = up_since_.load(std::memory_order_relaxed)};
}

void ServerHealth::restore(const Saved& saved) {
  admin_state_.store(saved.admin_state, std::memory_order_relaxed);
  checked_.store(saved.checked, std::memory_order_relaxed);
  failures_.store(saved.failures, std::memory_order_relaxed);
  ejected_until_.store(saved.ejected_until, std::memory_order_relaxed);
  up_since_.store(saved.up_since, std::memory_order_relaxed);
}

std::string_view name_of(ServerHealth::State state) {
  switch (state) {
    case ServerHealth::State::up:
      return "up";
    case ServerHealth::State::down:
      return "down";
    case ServerHealth::State::drain:
      return "draining";
    case ServerHealth::State::ejected:
      return "ejected";
  }
  return "";
}

ServerHealth::Availability ServerHealth::availability(Instant now) const {
  if (admin_state() != AdminState::up || checked() == Checked::down) {
    return Availability::unavailable;
  }
  const auto until = ejected_until_.load(std::memory_order_relaxed);
  if (until == 0) {
    return Availability::available;
  }
  return count_of(now) < until ? Availability::ejected : Availability::half_open;
}

bool ServerHealth::claim_trial(Instant now) {
  auto until = ejected_until_.load(std::memory_order_relaxed);
  if (until == 0) {
    return true;  // another flow's success came first
  }
  return count_of(now) >= until &&
         ejected_until_.compare_exchange_strong(
             until, count_of(now) + eject_time_.load(std::memory_order_relaxed),
             std::memory_order_relaxed);
}

std::uint32_t ServerHealth::share(Instant now) const {
  const auto since = up_since_.load(std::memory_order_relaxed);
  const auto span = slow_start_.load(std::memory_order_relaxed);
  if (since == 0 || span == 0) {
    return whole;
  }
  const auto passed = std::max<std::int64_t>(count_of(now) - since, 0);
  return passed >= span
             ? whole
             : std::max<std::uint32_t>(1, static_cast<std::uint32_t>(passed * whole / span));
}

}  // namespace weir
