#include "config/section_kinds.h"

#include <array>

namespace weir {
namespace {

constexpr std::int64_t max_number = UINT32_MAX;
constexpr std::int64_t second = 1'000;  // in milliseconds
constexpr std::int64_t day = std::int64_t{24} * 3'600 * second;
constexpr std::int64_t longest_timeout = 30 * day;

constexpr std::array gateway_keys{
    Key{.name = "port",
        .kind = ValueKind::number,
        .default_value = "50080",
        .description = "the one port that TPROXY sends to: TCP and UDP, IPv4 and IPv6",
        .min = 1,
        .max = UINT16_MAX},
    Key{.name = "default",
        .default_value = "transparent",
        .description = "upstream of an intercepted flow that no rule matches"},
    Key{.name = "workers",
        .kind = ValueKind::number,
        .default_value = "auto",
        .description = "threads that carry flows; auto is one per CPU",
        .min = 1,
        .max = 1024,
        .choices = "auto"},
    Key{.name = "busy-poll",
        .kind = ValueKind::number,
        .default_value = "0",
        .description =
            "busy polling: microseconds for which a worker under load polls its sockets before "
            "it sleeps; requests are answered sooner and cost more processor time; with 0 "
            "wake-ups for bulk transfers are coalesced for up to 200 microseconds",
        .min = 0,
        .max = 1000},
    Key{.name = "user",
        .description = "user that weir becomes once started; it keeps the capabilities that "
                       "interception needs"},
    Key{.name = "include",
        .description =
            "pattern of further files, relative to this one; their sections count as if they stood "
            "here",
        .repeat = Key::Repeat::repeats},
};

constexpr std::array firewall_keys{
    Key{.name = "mark",
        .kind = ValueKind::mark,
        .default_value = "0x1/0x1",
        .description = "firewall mark that TPROXY sets and the policy route matches"},
    Key{.name = "table",
        .kind = ValueKind::number,
        .default_value = "100",
        .description = "routing table of the policy route; must be weir's alone",
        .min = 1,
        .max = max_number},
    Key{.name = "bypass-mark",
        .kind = ValueKind::mark,
        .default_value = "0x2/0x2",
        .description = "mark of the gateway's own sockets, so that it never intercepts itself"},
    Key{.name = "interfaces",
        .kind = ValueKind::list,
        .default_value = "auto",
        .description =
            "inbound interfaces to intercept; ppp* matches every name that begins with ppp, a "
            "bridge's port means the bridge; auto: all but those that carry a default "
            "route, or have carried one since the start; all: every interface"},
    Key{.name = "towards",
        .kind = ValueKind::list,
        .description =
            "outbound interfaces: weir intercepts only what routing sends out by one of them; "
            "the rest meets the FORWARD rules; none given: any"},
    Key{.name = "exclude",
        .kind = ValueKind::list,
        .description = "destinations that are never intercepted: addresses, prefixes or @FILE",
        .repeat = Key::Repeat::repeats},
    Key{.name = "local",
        .kind = ValueKind::yes_no,
        .default_value = "no",
        .description = "also intercept what processes on the router send"},
    Key{.name = "exclude-user",
        .kind = ValueKind::list,
        .description =
            "with local = yes: users whose traffic is never intercepted, by name or number",
        .repeat = Key::Repeat::repeats},
    Key{.name = "exclude-cgroup",
        .kind = ValueKind::list,
        .description =
            "with local = yes: control groups (version 2) whose traffic is never "
            "intercepted, like system.slice/tor.service; weir follows one that is made anew",
        .repeat = Key::Repeat::repeats},
    Key{.name = "local-services",
        .kind = ValueKind::yes_no,
        .default_value = "no",
        .description = "also intercept traffic that is addressed to the router itself"},
    Key{.name = "on-failure",
        .kind = ValueKind::word,
        .default_value = "open",
        .description =
            "while weir is down, and for new flows while it drains: open lets traffic pass "
            "unintercepted, closed refuses it",
        .choices = "open, closed"},
    Key{.name = "max-set",
        .kind = ValueKind::number,
        .default_value = "100000",
        .description =
            "prefixes of one list, at most, that the firewall is given; a rule with a longer one "
            "is decided by the gateway",
        .min = 0,
        .max = 4'000'000},
};

constexpr std::array rule_keys{
    Key{.name = "use",
        .description = "the upstream, or a built-in: direct, transparent, bypass, reject, drop",
        .need = Key::Need::required},
    Key{.name = "max-flows",
        .kind = ValueKind::number,
        .description = "maximum number of live flows of this rule",
        .min = 1,
        .max = max_number},
    Key{.name = "max-flows-per-client",
        .kind = ValueKind::number,
        .description = "maximum number of live flows of this rule for each client",
        .min = 1,
        .max = max_number},
    Key{.name = "log",
        .kind = ValueKind::word,
        .description = "which of its flows leave a record; without this key, as in [log] flows",
        .choices = "all, errors, none"},
};

constexpr std::array upstream_keys{
    Key{.name = "type", .description = "the policy: how flows go on", .need = Key::Need::required},
};

constexpr std::array limits_keys{
    Key{.name = "max-flows",
        .kind = ValueKind::number,
        .default_value = "auto",
        .description =
            "maximum number of live flows; auto is computed from the limit on open files",
        .min = 1,
        .max = max_number,
        .choices = "auto"},
    Key{.name = "max-flows-per-client",
        .kind = ValueKind::number,
        .default_value = "auto",
        .description = "maximum number of live flows of one client; auto is a quarter of max-flows",
        .min = 1,
        .max = max_number,
        .choices = "auto"},
    Key{.name = "client-prefix-4",
        .kind = ValueKind::number,
        .default_value = "32",
        .description =
            "how many bits of an IPv4 address make one client, beyond the router's own links",
        .min = 8,
        .max = 32},
    Key{.name = "client-prefix-6",
        .kind = ValueKind::number,
        .default_value = "64",
        .description =
            "how many bits of an IPv6 address make one client, beyond the router's own links",
        .min = 16,
        .max = 128},
    Key{.name = "buffer",
        .kind = ValueKind::size,
        .default_value = "64KiB",
        .description = "maximum number of bytes that weir holds for one direction of a flow",
        .min = std::int64_t{4} << 10,
        .max = std::int64_t{16} << 20},
};

constexpr std::array timeouts_keys{
    Key{.name = "connect",
        .kind = ValueKind::duration,
        .default_value = "10s",
        .description = "a server has to accept a connection within this time",
        .min = 1,
        .max = longest_timeout},
    Key{.name = "handshake",
        .kind = ValueKind::duration,
        .default_value = "10s",
        .description = "a connected proxy has to complete its handshake within this time",
        .min = 1,
        .max = longest_timeout},
    Key{.name = "sniff",
        .kind = ValueKind::duration,
        .default_value = "300ms",
        .description =
            "where a rule asks for the host, a flow waits so long at most for its client to name "
            "one; then it has none",
        .min = 1,
        .max = 10'000},
    Key{.name = "tcp-idle",
        .kind = ValueKind::duration,
        .default_value = "2h4m",
        .description =
            "a TCP flow ends after this time without a byte in either direction (RFC 5382, REQ-5)",
        .min = 1,
        .max = longest_timeout},
    Key{.name = "half-closed",
        .kind = ValueKind::duration,
        .default_value = "4m",
        .description =
            "a TCP flow whose one side has finished ends after this time without a byte (RFC "
            "5382, REQ-5)",
        .min = 1,
        .max = longest_timeout},
    Key{.name = "keepalive",
        .kind = ValueKind::duration,
        .default_value = "60s",
        .description =
            "after this time without a byte weir probes both peers of a TCP flow, every 10 s, "
            "three times; if a peer probes more often, weir probes the other one as often; "
            "data that stays unacknowledged for as long ends a flow, too",
        .min = 1'000,
        .max = longest_timeout},
    Key{.name = "udp-idle",
        .kind = ValueKind::duration,
        .default_value = "5m",
        .description = "a UDP flow ends after this time without a datagram (RFC 4787, REQ-5)",
        .min = 1,
        .max = longest_timeout},
    Key{.name = "dns-idle",
        .kind = ValueKind::duration,
        .default_value = "10s",
        .description = "a DNS flow (UDP, port 53) ends after this time without an answer",
        .min = 1,
        .max = longest_timeout},
    Key{.name = "drain",
        .kind = ValueKind::duration,
        .default_value = "30s",
        .description = "when weir stops, live flows have this time to end by themselves",
        .min = 0,
        .max = longest_timeout},
};

constexpr std::array dns_keys{
    Key{.name = "servers",
        .kind = ValueKind::list,
        .default_value = "system",
        .description = "resolvers for the names of servers: ADDRESS or ADDRESS:PORT; system is "
                       "/etc/resolv.conf"},
    Key{.name = "min-ttl",
        .kind = ValueKind::duration,
        .default_value = "1s",
        .description = "weir keeps an answer at least this long",
        .min = 1,
        .max = longest_timeout},
    Key{.name = "max-ttl",
        .kind = ValueKind::duration,
        .default_value = "1h",
        .description = "weir asks for an answer again after this time at the latest",
        .min = 1,
        .max = longest_timeout},
};

constexpr std::array log_keys{
    Key{.name = "level",
        .kind = ValueKind::word,
        .default_value = "info",
        .description = "messages of this level and above are written",
        .choices = "debug, info, warning, error"},
    Key{.name = "format",
        .kind = ValueKind::word,
        .default_value = "text",
        .description = "text, or JSON with one object a line",
        .choices = "text, json"},
    Key{.name = "target",
        .default_value = "stderr",
        .description = "where messages and flow records go: stderr, journal, syslog, file:PATH"},
    Key{.name = "flows",
        .kind = ValueKind::word,
        .default_value = "all",
        .description = "which flows leave a record",
        .choices = "all, errors, none"},
};

constexpr std::array admin_keys{
    Key{.name = "socket",
        .default_value = "/run/weir/control.sock",
        .description = "control socket for weir status and the other commands"},
    Key{.name = "http",
        .description =
            "ADDRESS:PORT that serves the page, the API and metrics for reading; without this "
            "key, none does"},
    Key{.name = "http-host",
        .kind = ValueKind::list,
        .description = "host names under which http answers, besides addresses and localhost",
        .repeat = Key::Repeat::repeats},
};

constexpr std::array set_keys{
    Key{.name = "file",
        .description =
            "a list: addresses, prefixes, ranges and names, hosts files, and the lists of "
            "browsers, dnsmasq and CSV; or FILE.mmdb:DE,AT and FILE.mmdb:AS64500 of a MaxMind "
            "database",
        .repeat = Key::Repeat::repeats},
    Key{.name = "entries",
        .kind = ValueKind::list,
        .description =
            "addresses, prefixes, ranges and names that are in it, too; a set with neither file "
            "nor entries is empty until 'weir set NAME add' fills it",
        .at = Key::At::set},
    Key{.name = "on-bad-line",
        .kind = ValueKind::word,
        .default_value = "refuse",
        .description = "a line of a list that says nothing weir knows makes the list unusable, or "
                       "is skipped and counted",
        .choices = "refuse, skip"},
    Key{.name = "may-shrink",
        .kind = ValueKind::yes_no,
        .default_value = "no",
        .description =
            "yes: a reload may leave less than half of it; no: such a list was probably cut off"},
};

constexpr std::array devices_keys{
    Key{.name = "leases",
        .kind = ValueKind::list,
        .default_value = "auto",
        .description = "lease files of DHCP servers (dnsmasq, ISC dhcpd, Kea), which name devices; "
                       "auto: wherever these servers keep them",
        .repeat = Key::Repeat::repeats},
    Key{.name = "name",
        .description = "NAME MAC: what a device is called, whatever it calls itself; a device of "
                       "several interfaces has a line for each",
        .repeat = Key::Repeat::repeats},
};

constexpr auto named = SectionKind::Naming::required;
constexpr auto unnamed = SectionKind::Naming::none;

constexpr std::array kinds{
    SectionKind{"gateway", unnamed, "the process", gateway_keys},
    SectionKind{"firewall", unnamed, "what the firewall hands to weir", firewall_keys},
    SectionKind{"rule", named, "conditions and the upstream to use; the first match wins",
                rule_keys},
    SectionKind{"set", named, "a list, read once and shared by all rules that say @NAME", set_keys},
    SectionKind{"upstream", named, "a named policy: how flows go on", upstream_keys},
    SectionKind{"limits", unnamed, "how many flows and bytes weir accepts", limits_keys},
    SectionKind{"timeouts", unnamed, "time limits", timeouts_keys},
    SectionKind{"dns", unnamed, "how the names of servers are resolved", dns_keys},
    SectionKind{"log", unnamed, "messages and flow records", log_keys},
    SectionKind{"admin", unnamed, "the interfaces of a running weir", admin_keys},
    SectionKind{"devices", unnamed, "the names of clients' devices", devices_keys},
};

}  // namespace

std::span<const SectionKind> section_kinds() { return kinds; }

std::vector<Key> keys_of(const SectionKind& kind, ConditionTypes conditions) {
  std::vector<Key> out;
  if (kind.name == "rule") {
    for (const ConditionType* type : conditions) {
      out.insert(out.end(), type->keys.begin(), type->keys.end());
    }
  }
  out.insert(out.end(), kind.keys.begin(), kind.keys.end());
  return out;
}

const SectionKind* find_section_kind(std::string_view name) {
  for (const SectionKind& kind : kinds) {
    if (kind.name == name) {
      return &kind;
    }
  }
  return nullptr;
}

}  // namespace weir
