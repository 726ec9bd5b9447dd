// Keeps the rules in force fitted to this machine, in the workers and in the firewall: when its
// links, addresses or devices change, when a window of a rule opens or closes, when the clock is
// set, and when something is added to a set or removed from it.
//
// A switch waits for a reload that is under way, and for a takeover that may yet fail. The workers
// switch at once; the firewall's rules follow as fast as its tools let them, once for all that has
// changed meanwhile, and are tried again where that fails. Live flows stay where they are, but
// those that TimeOver says: they are looked at once after each switch, and after whatever hid one
// (a reload, a takeover, a clock that was set). A gateway that drains switches no rules any more,
// and its live flows still end by the clock.
//
// One, in the Gateway; main thread, on its loop.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/log.h"
#include "gateway/in_force.h"
#include "gateway/known_devices.h"
#include "gateway/own_firewall.h"
#include "gateway/workers.h"
#include "loop/loop.h"
#include "loop/wall_clock_alarm.h"
#include "sets/live_sets.h"

namespace weir {

class RuleFitting {
 public:
  using Then = std::function<void(const Result<>&)>;

  enum class May : std::uint8_t {
    switch_rules,
    end_flows,  // and no more: no rules matter, but those of live flows
    wait,       // a reload or a takeover is under way
  };
  // What it fits the rules of, and to.
  struct Parts {
    Workers& workers;
    InForce& in_force;
    OwnFirewall& firewall;
    const LiveSets& live_sets;
    const KnownDevices& devices;
  };
  RuleFitting(Loop& loop, Log& log, const Parts& parts, std::function<May()> may);

  // Looks now, and then whenever the clock says so. Again when another configuration is in force.
  void follow();
  // What the machine has, or what is in the sets, has changed.
  void look();
  // The same; calls when the workers and the firewall have it. An error: the firewall has not, and
  // is tried again.
  void look(Then then);
  // The devices that it knows have changed.
  void look_at_devices();
  // The moment by whose clock live flows are where the rules want them; for a successor, which goes
  // on from there.
  [[nodiscard]] std::chrono::sys_seconds flows_as_of() const;
  void go_on_from(std::chrono::sys_seconds moment) { flows_.as_of = moment; }
  void stop();

 private:
  // The clock is not heard of, or something stood in the way.
  static constexpr Milliseconds soon{1'000};

  [[nodiscard]] std::shared_ptr<const MachineHere> machine();
  void enter(const std::shared_ptr<const Snapshot>& next);
  // Those that end by the rules as they are now.
  void end_flows(const std::shared_ptr<const Snapshot>& now);

  struct LookAtFlows {
    std::shared_ptr<const Snapshot> last;  // whose windows they follow; null: none yet
    std::size_t under_way = 0;
    std::chrono::sys_seconds as_of{};  // while some are under way, or none was; none: the first's
  };
  // What has not followed yet.
  struct Behind {
    std::size_t workers = 0;  // so many snapshots are on their way to them
    bool rules = false;
    bool firewall = false;
  };
  void replace_firewall();
  void replaced(const Result<>& done);
  void answer(const Result<>& done);
  void wait();

  Loop& loop_;
  Log& log_;
  Parts parts_;
  std::function<May()> may_;
  Timer again_;
  std::unique_ptr<WallClockAlarm> alarm_;
  LookAtFlows flows_;
  std::vector<Then> waiting_;
  Behind behind_;
  bool is_replacing_ = false;
  bool is_on_ = false;
};

}  // namespace weir
