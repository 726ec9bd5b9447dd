// What systemd wants to hear: that we serve, reload, stop and are alive (sd_notify(3); a datagram
// with a few words to the socket that NOTIFY_SOCKET names). Without systemd nothing is said.
//
// systemd also keeps our listeners (its descriptor store) and hands them to the process that it
// starts after us, so that a restart refuses no client; or it has bound them itself (weir.socket).
//
// The protocols are a few lines each, documented as stable: no reason to need libsystemd.
//
// One, in the Gateway; main thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "intercept/listeners.h"
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
  void stopping(Milliseconds max, std::string_view status) const;
  void alive() const;

  // That process is the service from now on: we say nothing more.
  void succeeded_by(pid_t successor);
  // The process that we take over from has told the manager at `address` all that so far.
  void inherit(const std::string& address, std::optional<Milliseconds> watchdog);
  [[nodiscard]] const std::string& address() const { return address_; }

  // Descriptors for the process that is started after us, under a name: at most 250 of them. Those
  // that are kept already stay once.
  void keep(std::string_view name, std::span<const int> descriptors) const;
  void forget(std::string_view name) const;
  // What was kept, or bound for us (LISTEN_FDS). Once.
  [[nodiscard]] std::vector<PassedSocket> take_passed() { return std::move(passed_); }

  // How often alive() is expected, with as much again to spare; none: never.
  [[nodiscard]] std::optional<Milliseconds> watchdog() const { return watchdog_; }

 private:
  void say(const std::string& words, std::span<const int> descriptors = {}) const;
  void open();

  std::string address_;  // of the socket; '@' at its beginning: abstract
  Descriptor socket_;
  std::optional<Milliseconds> watchdog_;
  std::vector<PassedSocket> passed_;
};

}  // namespace weir
