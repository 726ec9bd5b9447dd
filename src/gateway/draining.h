// How a gateway ends: it takes no new flows, serves those it has for as long as timeouts.drain
// allows, and exits. The gateway calls it when something happened and when a time has come; what is
// to be done it calls the gateway for.
//
// One, in the Gateway; main thread. No I/O, and the clock that it is given.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/log.h"
#include "weir/result.h"
#include "weir/units.h"

namespace weir {

class Draining {
 public:
  enum class NewFlows : std::uint8_t { refuse, bypass };

  // What it has the gateway do. Replacing rules takes a while: it is begun, and its end is told by
  // rules_replaced().
  struct Callbacks {
    std::function<Instant()> now;
    // The rules begin to let new flows pass by; false: they cannot.
    std::function<bool()> bypass_new_flows;
    // The workers serve what still comes, but do not wait for its end.
    std::function<void()> begin_bypass;
    // The workers close their listeners.
    std::function<void(NewFlows)> stop_taking;
    // TCP handshakes under way on this machine.
    std::function<Result<std::size_t>()> half_open;
    std::function<void()> forget_time_wait;
    // The rules begin to let everything pass; false: they cannot.
    std::function<bool()> bypass_all;
    std::function<bool()> has_udp_flows;
    std::function<void()> exit;
  };

  Draining(Log& log, Callbacks callbacks);

  // The service ends. A second time changes nothing.
  void begin(Milliseconds longest);
  // A successor serves in our place; we still answer on the control socket until
  // on_successor_disconnected().
  void hand_over(Milliseconds longest);
  void on_successor_disconnected();
  // The workers' flows have ended.
  void drained();
  // Those that an act began to replace are in place, or cannot be.
  enum class Rules : std::uint8_t { in_place, as_before };
  void rules_replaced(Rules now);

  [[nodiscard]] bool is_under_way() const { return step_ != Step::serving; }
  // When advance() is wanted; none: never.
  [[nodiscard]] std::optional<Instant> due() const;
  void advance();

  static constexpr Milliseconds check_interval{50};
  // An answer that is lost is sent again after one second, and two more.
  static constexpr Milliseconds longest_handshake{3'500};
  static constexpr Milliseconds longest_answer{1'000};

 private:
  enum class Step : std::uint8_t {
    serving,
    new_rules,     // that let new flows pass by are being put in place
    handshakes,    // those that the old rules let in are to end
    flows,         // the workers take no more
    last_rules,    // that let everything pass are being put in place
    last_answers,  // everything passes by
    over,
  };

  void begin_to_end(Rules rules);
  void wait_for_last_answers(Rules rules);
  void check_handshakes();
  void finish();
  void exit();

  Log& log_;
  Callbacks callbacks_;
  Step step_ = Step::serving;
  bool bypasses_ = false;       // the rules let pass what is new
  bool is_drained_ = false;     // no worker has a flow
  bool still_answers_ = false;  // on the control socket, for a successor
  Milliseconds longest_{};      // that flows may take
  Instant end_{};               // of the flows' time
  Instant until_{};             // of the step
  Instant next_check_{};        // the next one
};

}  // namespace weir
