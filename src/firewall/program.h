// Runs a program to its end and keeps what it said: how weir calls sh and iptables-save.
// Blocks the caller for as long, which is milliseconds, and 20 s at the most: a program that takes
// longer (iptables waits for a lock for ever) is killed, with all that it has started. Any thread.
#pragma once

#include <string>
#include <vector>

#include "weir/result.h"
#include "weir/units.h"

namespace weir::firewall {

struct Ended {
  int status = 0;      // exit status; 128 + number when a signal ended it
  std::string output;  // standard output
  std::string errors;  // standard error
};

// Less than the service manager waits for a sign of life.
inline constexpr Milliseconds longest_run{20'000};

// `arguments[0]` is looked up in PATH and the system folders. An error when it cannot be started,
// or did not end in time.
[[nodiscard]] Result<Ended> run_program(const std::vector<std::string>& arguments,
                                        const std::string& input,
                                        Milliseconds timeout = longest_run);

// The first line that says something, without what precedes the message proper.
[[nodiscard]] std::string first_line(const std::string& text);

[[nodiscard]] bool is_installed(const std::string& program);

// Whether this process has CAP_NET_ADMIN.
[[nodiscard]] bool may_change_the_network();

}  // namespace weir::firewall
