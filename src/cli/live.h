// The commands that talk to the running gateway: `status`, `flows`, `upstreams`, `rules`, `reload`.
// Each asks the control socket once and prints the answer: as lines for people, or with --json the
// API's own text. They return the program's exit status (0 done, 1 failed, 2 bad usage).
#pragma once

#include <string>

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
  std::string socket = "/run/weir/control.sock";
  bool json = false;
  FlowsArguments flows;  // of `flows` only
};

[[nodiscard]] int run_status(const LiveArguments& arguments);
[[nodiscard]] int run_flows(const LiveArguments& arguments);
[[nodiscard]] int run_upstreams(const LiveArguments& arguments);
[[nodiscard]] int run_rules(const LiveArguments& arguments);
// Waits until the gateway has applied its file, and prints the report or the errors.
[[nodiscard]] int run_reload(const LiveArguments& arguments);

}  // namespace weir
