// What systemd wants to hear: that we serve, reload, stop and are alive (sd_notify(3); a datagram
// with a few words to the socket that NOTIFY_SOCKET names). Without systemd nothing is said.
//
// The protocol is ten lines, documented as stable: no reason to need libsystemd.
//
// Main thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "weir/units.h"

namespace weir {

class ServiceManager {
 public:
  // Reads the environment, and takes out of it what is not for the programs that we start.
  static ServiceManager from_environment();

  // `status` is one line for `systemctl status`.
  void ready(std::string_view status) const;
  void reloading() const;
  // It will take at most so long.
  void stopping(Milliseconds most, std::string_view status) const;
  void alive() const;

  // How often alive() is expected to be said, with as much again to spare; none: never.
  [[nodiscard]] std::optional<Milliseconds> watchdog() const { return watchdog_; }

 private:
  void say(const std::string& words) const;

  std::string address_;  // of the socket; '@' at its beginning: abstract
  Descriptor socket_;
  std::optional<Milliseconds> watchdog_;
};

}  // namespace weir
