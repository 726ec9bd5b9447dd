// The devices that this router knows, as one table: made anew whenever the neighbour table or a
// lease file changes, a lease ends, or another [devices] is in force; given to the workers, and to
// the rules of the firewall.
//
// One, in the Gateway; main thread, on its loop. Making a table takes time with its length (a
// millisecond for a thousand devices), of which the main thread gives no more than a twentieth.
#pragma once

#include <functional>
#include <memory>

#include "base/configuration.h"
#include "base/log.h"
#include "devices/device_table.h"
#include "devices/lease_watch.h"
#include "gateway/workers.h"
#include "intercept/neighbours.h"
#include "loop/loop.h"
#include "loop/wall_clock_alarm.h"

namespace weir {

// Now, by the files and the neighbour table of this machine, read once: for commands.
[[nodiscard]] std::shared_ptr<const DeviceTable> read_devices(const DeviceSettings& settings);

class KnownDevices {
 public:
  // `on_change`: another table is there.
  KnownDevices(Loop& loop, Log& log, Workers& workers, std::function<void()> on_change);

  // That is in force now: its files are watched.
  void follow(const DeviceSettings& settings);
  void use(std::shared_ptr<const Neighbours> neighbours);
  void stop();

  // Never null.
  [[nodiscard]] const std::shared_ptr<const DeviceTable>& table() const { return table_; }
  // The table by settings that are not in force yet.
  [[nodiscard]] std::shared_ptr<const DeviceTable> table_for(const DeviceSettings& settings) const;

 private:
  // The clock is not heard of.
  static constexpr Milliseconds soon{1'000};
  static constexpr int share = 20;

  void watch_files();
  void changed();
  void make();
  void wait();

  Loop& loop_;
  Log& log_;
  Workers& workers_;
  std::function<void()> on_change_;
  DeviceSettings settings_;
  std::shared_ptr<const LeaseBook> book_;
  std::shared_ptr<const Neighbours> neighbours_;
  std::shared_ptr<const DeviceTable> table_ = std::make_shared<const DeviceTable>();
  struct Watching {
    std::unique_ptr<LeaseWatch> files;
    std::unique_ptr<WallClockAlarm> lease_ends;
    bool is_on = false;
  } watching_;
  Timer again_;
  Instant not_before_{};
};

}  // namespace weir
