// What weir carries is input and output of this machine: a filter at the forward hook that would
// refuse it never meets it, and a client reaches what the operator forbade. Which rules of weir's
// pass by which forward rules, and weir's line that lets these apply again. For the doctor and for
// `weir check`.
//
// Plain values; any thread.
#pragma once

#include <string>
#include <vector>

#include "base/configuration.h"
#include "doctor/addresses.h"
#include "doctor/filter.h"
#include "doctor/probe.h"
#include "doctor/subject.h"
#include "firewall/ruleset.h"

namespace weir::doctor {

struct Evasion {
  // Of weir's, the first one concerned; null: [gateway] default. The configuration owns it.
  const RuleSettings* rule = nullptr;
  std::string text;
  std::string fix;
};

// What a decision hands to the gateway, as it would be forwarded. Of a probe without a bound to its
// destination, `outbound` is where the default route leads.
struct Carried {
  const firewall::Decision* decision = nullptr;
  std::vector<Probe> probes;
};

// The probe as it would be forwarded: by the default route, and to the other networks that are
// connected here. The first one is the default route, where there is one. Asks the kernel's routes:
// microseconds each.
[[nodiscard]] std::vector<Probe> routed_probes(const Probe& probe,
                                               const std::vector<InterfaceAddress>& links);

// "filter FORWARD has the policy drop", or the step as its tool prints it. Blocking with nft.
[[nodiscard]] std::string said(const Filter& filter, const BaseChain& base, const Step* step);

// Asks nothing but the texts of nft's steps.
[[nodiscard]] std::vector<Evasion> evasions_among(const Subject& subject,
                                                  const std::vector<Filter>& filters,
                                                  const std::vector<Carried>& carried);

// On this machine. Reads the subject's configuration and ruleset. Without the privilege or the
// tools to read filters there are none. Blocking, for milliseconds.
[[nodiscard]] std::vector<Evasion> evasions(const Subject& subject,
                                            const std::vector<Filter>& filters,
                                            const std::vector<InterfaceAddress>& links);

}  // namespace weir::doctor
