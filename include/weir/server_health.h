// Whether one server gets flows: what the operator wants, what the checks say, and what happened to
// real flows. Part of a Server, so a reload that keeps the server keeps this.
//
// Ejection: so many failures of flows in a row take the server out for a while. When that time is
// over, one flow at a time goes there on trial; its success brings the server back, its failure, or
// silence, leaves it out for as long again. Checks that succeed meanwhile bring the trial forward,
// no more: they may not see what flows meet.
//
// What counts is evidence. A server that refuses or is not there is evidence, whichever flow finds
// out. One that let a flow in and then failed it may have been asked for what no server can do:
// that counts once for each target, and only where several targets meet with it. A question that
// was not answered counts while nothing else was heard of the server since.
//
// Any thread, without a lock: each fact is one atomic, and an answer that is a flow too late is
// right enough.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "weir/units.h"

namespace weir {

class ServerHealth {
 public:
  struct Terms {
    std::uint32_t eject_after = 5;  // failures in a row; 0: never
    Milliseconds eject_time{10'000};
    Milliseconds slow_start{0};  // 0: its whole share at once
  };
  enum class AdminState : std::uint8_t { up, down, drain };  // the operator's
  enum class Checked : std::uint8_t { unknown, up, down };   // what the checks found
  enum class State : std::uint8_t { up, down, drain, ejected };
  enum class Availability : std::uint8_t {
    available,    // gets flows
    half_open,    // gets the flow that claims the trial
    ejected,      // gets none while another server can have them
    unavailable,  // gets none
  };

  // Main thread.
  void set_terms(const Terms& terms);
  void set_admin_state(AdminState admin_state, Instant now);
  void set_checked(Checked checked, Instant now);

  // The checks find an ejected server well: its trial need not wait.
  void offer_trial(Instant now);

  // A flow could not reach the server; a flow did.
  void note_failure(Instant now);
  void note_success(Instant now);
  // A flow reached the server, and failed for what the flow asked of it; `target` is a hash of
  // that. Returns what the failure counts against: the targets or the server.
  enum class Doubt : std::uint8_t { targets, servers };
  Doubt note_doubt(Instant now, std::uint64_t target);
  // It answered a flow.
  void note_heard(Instant now);
  // Whether it did since then, or shortly before.
  [[nodiscard]] bool was_heard_since(Instant then) const;

  [[nodiscard]] AdminState admin_state() const {
    return admin_state_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] Checked checked() const { return checked_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool was_ejected() const {
    return ejected_until_.load(std::memory_order_relaxed) != 0;
  }
  [[nodiscard]] bool may_be_slow_starting() const {
    return up_since_.load(std::memory_order_relaxed) != 0;
  }
  [[nodiscard]] State state() const;
  // `now` counts only for a server that was_ejected().
  [[nodiscard]] Availability availability(Instant now) const;
  // True for one caller per eject-time. REQUIRES: availability was half_open.
  [[nodiscard]] bool claim_trial(Instant now);

  // What another process needs to go on with it. Terms are the configuration's.
  struct Saved {
    AdminState admin_state = AdminState::up;
    Checked checked = Checked::unknown;
    std::uint32_t failures = 0;
    std::int64_t ejected_until = 0;
    std::int64_t up_since = 0;
  };
  [[nodiscard]] Saved saved() const;
  void restore(const Saved& saved);  // main thread, before it is used

  // The part of its weight that it gets, of `whole`.
  static constexpr std::uint32_t whole = 1024;
  [[nodiscard]] std::uint32_t share(Instant now) const;

 private:
  void came_back(Instant now);
  void count_failure(std::uint32_t failures, Instant now);

  std::atomic<AdminState> admin_state_{AdminState::up};
  std::atomic<Checked> checked_{Checked::unknown};
  std::atomic<std::uint32_t> failures_{0};      // in a row
  std::atomic<std::uint64_t> doubted_{0};       // of these: the targets, one bit each
  std::atomic<std::int64_t> heard_{0};          // when it last answered, to a quarter of a second
  std::atomic<std::int64_t> ejected_until_{0};  // microseconds of the clock; 0: not ejected
  std::atomic<std::int64_t> up_since_{0};       // 0: since ever
  std::atomic<std::uint32_t> eject_after_{5};
  std::atomic<std::int64_t> eject_time_{10'000'000};
  std::atomic<std::int64_t> slow_start_{0};
};

[[nodiscard]] std::string_view name_of(ServerHealth::State state);

}  // namespace weir
