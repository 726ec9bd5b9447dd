// `weir set-server UPSTREAM SERVER up|down|drain|weight=N`: what an operator wants of a server of
// the running gateway. It stays until the next such wish, across reloads.
#pragma once

#include <string>

namespace weir {

struct SetServerArguments {
  std::string socket = "/run/weir/control.sock";
  bool json = false;
  std::string upstream;
  std::string server;
  std::string wish;
};

[[nodiscard]] int run_set_server(const SetServerArguments& arguments);

}  // namespace weir
