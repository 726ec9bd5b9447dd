// `weir set-server UPSTREAM SERVER up|down|drain|weight=N`: what an operator wants of a server of
// the running gateway. It stays until it is set again, across reloads. Main thread.
#pragma once

#include <string>

#include "cli/live.h"

namespace weir {

struct SetServerArguments {
  LiveArguments live;
  std::string upstream;
  std::string server;
  std::string setting;
};

[[nodiscard]] int run_set_server(const SetServerArguments& arguments);

}  // namespace weir
