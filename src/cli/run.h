// `weir run`: serve in the foreground until a signal ends it. Main thread.
#pragma once

#include <string>

#include "gateway/gateway.h"

namespace weir {

struct RunArguments {
  std::string file;
  UseFirewall firewall = UseFirewall::no;
  std::string backend;  // nft or iptables; empty: what is installed
  bool takeover = false;
};

[[nodiscard]] int run_gateway(const RunArguments& arguments);

}  // namespace weir
