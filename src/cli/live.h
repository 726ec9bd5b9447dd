// The commands that talk to the running gateway. Each asks the control socket once and prints the
// answer: as lines for people, or with --json the API's own text. They return the program's exit
// status (0 done, 1 failed, 2 bad usage).
//
// Main thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weir/result.h"

namespace weir {

// Filters of `weir flows`, as given; empty ones ask for everything. The gateway checks them.
struct FlowsArguments {
  std::string protocol;
  std::string client;
  std::string destination;
  std::string rule;
  std::string upstream;
  std::string limit;
};

struct LiveArguments {
  std::string socket;  // empty: that of `config`
  std::string config;  // empty: the standard socket
  bool json = false;
  FlowsArguments flows;          // of `flows` only
  std::vector<std::string> ids;  // of `close`
  std::string level;             // of `log-level`
};

// The control socket to talk to.
[[nodiscard]] Result<std::string> control_socket(const LiveArguments& arguments);

[[nodiscard]] int run_status(const LiveArguments& arguments);
[[nodiscard]] int run_flows(const LiveArguments& arguments);
[[nodiscard]] int run_upstreams(const LiveArguments& arguments);
[[nodiscard]] int run_rules(const LiveArguments& arguments);
// Waits until the gateway has applied its file, and prints the report or the errors.
[[nodiscard]] int run_reload(const LiveArguments& arguments);

// Ends flows by their ids; 1 if one of them was not there.
[[nodiscard]] int run_close(const LiveArguments& arguments);
// Names of rules, upstreams, servers and sets, or ids of flows, one a line.
[[nodiscard]] int run_names(const LiveArguments& arguments, std::string_view kind);
[[nodiscard]] int run_drain(const LiveArguments& arguments);
[[nodiscard]] int run_log_level(const LiveArguments& arguments);

}  // namespace weir
