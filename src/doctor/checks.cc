#include "doctor/checks.h"

#include <array>

namespace weir::doctor {

namespace {

// In the order of a packet's path, so that the first complaint is usually the cause of the others.
constexpr std::array table{
    Check{"capabilities", examine_capabilities},
    Check{"kernel-tproxy", examine_kernel_tproxy},
    Check{"port", examine_port},
    Check{"reserved-port", examine_reserved_port},
    Check{"interfaces", examine_interfaces},
    Check{"own-traffic", examine_own_traffic},
    Check{"firewall-rules", examine_firewall_rules},
    Check{"firewall-counters", examine_firewall_counters},
    Check{"policy-rule", examine_policy_rule},
    Check{"policy-route", examine_policy_route},
    Check{"dnat", examine_dnat},
    Check{"routing", examine_routing},
    Check{"mark", examine_mark},
    Check{"table", examine_table},
    Check{"rp-filter", examine_rp_filter},
    Check{"forwarding", examine_forwarding},
    Check{"ipv6", examine_ipv6},
    Check{"bridge", examine_bridge},
    Check{"input-policy", examine_input_policy},
    Check{"forward-policy", examine_forward_policy},
    Check{"fwmark-accept", examine_fwmark_accept},
    Check{"redirects", examine_redirects},
    Check{"conntrack", examine_conntrack},
    Check{"early-demux", examine_early_demux},
    Check{"name-servers", examine_name_servers},
    Check{"servers", examine_servers},
    Check{"proxies", examine_proxies},
    Check{"reply-path", examine_reply_path},
    Check{"files", examine_files},
    Check{"clock", examine_clock},
    Check{"devices", examine_devices},
    Check{"host-names", examine_host_names},
};

}  // namespace

std::span<const Check> checks() { return table; }

}  // namespace weir::doctor
