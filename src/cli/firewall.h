// `weir firewall show|apply|remove`: the rules and policy routes that a configuration implies, as a
// script to read, installed, or taken away. Main thread.
#pragma once

#include <string>

namespace weir {

struct FirewallArguments {
  std::string action;       // show, apply or remove
  std::string file;         // not read by `remove`, which knows weir's own whatever made it
  bool on_failure = false;  // of `remove`: only if the configuration fails open
  bool force = false;   // of `remove`: also rules that a gateway keeps, which then lets go of them
  bool json = false;    // of `show`: what the rules have to do, as data
  std::string backend;  // nft or iptables; empty: what is installed, and for `remove` both
};

// Returns the exit status.
[[nodiscard]] int run_firewall(const FirewallArguments& arguments);

}  // namespace weir
