// The packets that weir intercepts, as probes: for each family, each interface that clients come in
// by, and each range of ports that some rule hands to the gateway.
//
// No state; asks the kernel. Any thread.
#pragma once

#include <string>
#include <vector>

#include "doctor/probe.h"
#include "doctor/subject.h"

namespace weir::doctor {

// The interfaces that clients come in by: the configured ones that are there; with none named, all
// but those that a default route leaves by, unless there is no other.
[[nodiscard]] std::vector<std::string> client_interfaces(const Subject& subject);

[[nodiscard]] std::vector<Probe> client_probes(const Subject& subject);
// The same of one decision of the ruleset, whatever its verdict.
[[nodiscard]] std::vector<Probe> probes_of(const Subject& subject,
                                           const firewall::Decision& decision);

// The clients' interfaces by which the router's own default route leaves, too: a one-armed router.
[[nodiscard]] std::vector<std::string> one_armed_interfaces(const Subject& subject, Family family);

// Some address elsewhere, that no machine is likely to have.
[[nodiscard]] Address somewhere(Family family);

// "tcp/80", "udp/8000-8100"
[[nodiscard]] std::string ports_of(const Probe& probe);

}  // namespace weir::doctor
