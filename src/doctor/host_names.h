// Whether weir learns what clients look up, where rules ask for hosts: by which ways answers reach
// them past weir. Pure; any thread.
#pragma once

#include <span>
#include <vector>

#include "doctor/addresses.h"
#include "doctor/finding.h"
#include "doctor/subject.h"

namespace weir::doctor {

// Of addresses of this router's, by which clients reach it, those at which one of the sockets
// hears.
[[nodiscard]] std::vector<InterfaceAddress> answering_addresses(
    std::span<const InterfaceAddress> for_clients, std::span<const Address> hearing);

// `for_clients`: this router's addresses on the links of clients; `answering`: those of them at
// which a resolver of its own answers.
[[nodiscard]] Findings judge_host_names(const Subject& subject,
                                        std::span<const InterfaceAddress> for_clients,
                                        std::span<const InterfaceAddress> answering);

}  // namespace weir::doctor
