// Which rules of a snapshot ask for the host, and on which ports such a rule refuses what it takes:
// what flows ask before they wait for a name.
//
// A value, part of the snapshot; any thread.
#pragma once

#include <span>
#include <vector>

#include "base/configuration.h"
#include "weir/upstream.h"

namespace weir {

class HostRules {
 public:
  // To be called for each rule, with the upstream that it uses.
  void add(const RuleSettings& rule, const Upstream& upstream);

  // Whether there is one at all.
  [[nodiscard]] bool any() const { return any_; }
  // Whether one of that TCP port refuses or drops what it takes.
  [[nodiscard]] bool may_refuse(Port port) const;

 private:
  bool any_ = false;
  std::vector<PortRange> refused_;
};

}  // namespace weir
