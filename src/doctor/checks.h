// The checks of `weir doctor`: an explicit table, one file a check. Adding one is a file, a
// declaration and a row. A check reads the machine and changes nothing on it.
//
// Each returns at least one finding, all under its own name unless it says otherwise; nothing to
// complain about is one finding `ok`.
//
// Main thread of the command; a check may block for seconds.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "doctor/finding.h"
#include "doctor/subject.h"

namespace weir::doctor {

struct Check {
  std::string_view name;
  Findings (*examine)(const Subject& subject);
};

[[nodiscard]] std::span<const Check> checks();

[[nodiscard]] Findings examine_capabilities(const Subject& subject);
[[nodiscard]] Findings examine_kernel_tproxy(const Subject& subject);
[[nodiscard]] Findings examine_port(const Subject& subject);
[[nodiscard]] Findings examine_firewall_rules(const Subject& subject);
[[nodiscard]] Findings examine_firewall_counters(const Subject& subject);
[[nodiscard]] Findings examine_policy_rule(const Subject& subject);
[[nodiscard]] Findings examine_policy_route(const Subject& subject);
[[nodiscard]] Findings examine_dnat(const Subject& subject);
[[nodiscard]] Findings examine_mark(const Subject& subject);
[[nodiscard]] Findings examine_table(const Subject& subject);
[[nodiscard]] Findings examine_rp_filter(const Subject& subject);
[[nodiscard]] Findings examine_forwarding(const Subject& subject);
[[nodiscard]] Findings examine_ipv6(const Subject& subject);
[[nodiscard]] Findings examine_bridge(const Subject& subject);
[[nodiscard]] Findings examine_input_policy(const Subject& subject);
[[nodiscard]] Findings examine_forward_policy(const Subject& subject);
[[nodiscard]] Findings examine_conntrack(const Subject& subject);
[[nodiscard]] Findings examine_proxies(const Subject& subject);
[[nodiscard]] Findings examine_redirects(const Subject& subject);
[[nodiscard]] Findings examine_reserved_port(const Subject& subject);
[[nodiscard]] Findings examine_routing(const Subject& subject);
[[nodiscard]] Findings examine_fwmark_accept(const Subject& subject);
[[nodiscard]] Findings examine_early_demux(const Subject& subject);
[[nodiscard]] Findings examine_interfaces(const Subject& subject);
[[nodiscard]] Findings examine_own_traffic(const Subject& subject);
[[nodiscard]] Findings examine_reply_path(const Subject& subject);
[[nodiscard]] Findings examine_name_servers(const Subject& subject);
[[nodiscard]] Findings examine_servers(const Subject& subject);
[[nodiscard]] Findings examine_files(const Subject& subject);
[[nodiscard]] Findings examine_clock(const Subject& subject);
[[nodiscard]] Findings examine_devices(const Subject& subject);
[[nodiscard]] Findings examine_host_names(const Subject& subject);

// For examine_interfaces: a server of an upstream whose own flows come in where clients' do.
[[nodiscard]] Finding server_in_the_lan(const Upstream& upstream, const Server& server,
                                        const std::string& interface);

}  // namespace weir::doctor
