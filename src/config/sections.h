// From Settings to the values of a Configuration: what only the section itself can know about its
// keys. Problems are reported; the value then stays at its default.
//
// No state; the thread that loads.
#pragma once

#include <string_view>

#include "base/configuration.h"
#include "config/files.h"
#include "config/findings.h"
#include "weir/settings.h"

namespace weir {

[[nodiscard]] GatewaySettings gateway_section(const Settings& settings);
[[nodiscard]] FirewallSettings firewall_section(const Settings& settings, const Files& files,
                                                Findings& findings);
[[nodiscard]] RuleSettings rule_section(const Settings& settings, ConditionTypes conditions,
                                        Findings& findings);
[[nodiscard]] Limits limits_section(const Settings& settings);
[[nodiscard]] Timeouts timeouts_section(const Settings& settings);
[[nodiscard]] DnsSettings dns_section(const Settings& settings, Findings& findings);
[[nodiscard]] LogSettings log_section(const Settings& settings, Findings& findings);
[[nodiscard]] AdminSettings admin_section(const Settings& settings, Findings& findings);
[[nodiscard]] DeviceSettings devices_section(const Settings& settings, Findings& findings);

// all, errors, none: a word that [log] and [rule] share. REQUIRES: given, or with a default.
[[nodiscard]] LogFlows log_flows_of(const Settings& settings, std::string_view key);

}  // namespace weir
