#include "config/section_kinds.h"

#include <array>

namespace weir {
namespace {

constexpr std::int64_t most_number = UINT32_MAX;
constexpr std::int64_t second = 1'000;  // in milliseconds
constexpr std::int64_t day = std::int64_t{24} * 3'600 * second;
constexpr std::int64_t longest_timeout = 30 * day;

constexpr std::array gateway_keys{
    Key{.name = "port",
        .kind = ValueKind::number,
        .standard = "50080",
        .sentence = "the one port that TPROXY sends to: TCP and UDP, IPv4 and IPv6",
        .least = 1,
        .most = UINT16_MAX},
    Key{.name = "default",
        .standard = "transparent",
        .sentence = "upstream of an intercepted flow that no rule matches"},
    Key{.name = "workers",
        .kind = ValueKind::number,
        .standard = "auto",
        .sentence = "threads that carry flows; auto is one per CPU",
        .least = 1,
        .most = 1024,
        .choices = "auto"},
    Key{.name = "busy-poll",
        .kind = ValueKind::number,
        .standard = "0",
        .sentence =
            "busy polling: microseconds for which a worker under load polls its sockets before "
            "it sleeps; requests are answered sooner and cost more processor time; with 0 "
            "wake-ups for bulk transfers are coalesced for up to 200 microseconds",
        .least = 0,
        .most = 1000},
    Key{.name = "user",
        .sentence = "user that weir becomes once started; it keeps the capabilities that "
                    "interception needs"},
    Key{.name = "include",
        .sentence =
            "pattern of further files, relative to this one; their sections count as if they stood "
            "here",
        .repeat = Key::Repeat::repeats},
};

constexpr std::array firewall_keys{
    Key{.name = "mark",
        .kind = ValueKind::mark,
        .standard = "0x1/0x1",
        .sentence = "firewall mark that TPROXY sets and the policy route matches"},
    Key{.name = "table",
        .kind = ValueKind::number,
        .standard = "100",
        .sentence = "routing table of the policy route; must be weir's alone",
        .least = 1,
        .most = most_number},
    Key{.name = "bypass-mark",
        .kind = ValueKind::mark,
        .standard = "0x2/0x2",
        .sentence = "mark of the gateway's own sockets, so that it never intercepts itself"},
    Key{.name = "interfaces",
        .kind = ValueKind::list,
        .standard = "auto",
        .sentence =
            "inbound interfaces to intercept; ppp* matches every name that begins with ppp, a "
            "bridge's port means the bridge; auto: all but those that carry a default "
            "route, or have carried one since the start; all: every interface"},
    Key{.name = "towards",
        .kind = ValueKind::list,
        .sentence =
            "outbound interfaces: weir intercepts only what routing sends out by one of them; "
            "the rest meets the FORWARD rules; none given: any"},
    Key{.name = "exclude",
        .kind = ValueKind::list,
        .sentence = "destinations that are never intercepted: addresses, prefixes or @FILE",
        .repeat = Key::Repeat::repeats},
    Key{.name = "local",
        .kind = ValueKind::yes_no,
        .standard = "no",
        .sentence = "also intercept what processes on the router send"},
    Key{.name = "exclude-user",
        .kind = ValueKind::list,
        .sentence = "with local = yes: users whose traffic is never intercepted, by name or number",
        .repeat = Key::Repeat::repeats},
    Key{.name = "exclude-cgroup",
        .kind = ValueKind::list,
        .sentence =
            "with local = yes: control groups (version 2) whose traffic is never "
            "intercepted, like system.slice/tor.service; weir follows one that is made anew",
        .repeat = Key::Repeat::repeats},
    Key{.name = "local-services",
        .kind = ValueKind::yes_no,
        .standard = "no",
        .sentence = "also intercept traffic that is addressed to the router itself"},
    Key{.name = "on-failure",
        .kind = ValueKind::word,
        .standard = "open",
        .sentence = "while weir is down, and for new flows while it drains: open lets traffic pass "
                    "unintercepted, closed refuses it",
        .choices = "open, closed"},
};

constexpr std::array rule_keys{
    Key{.name = "on",
        .kind = ValueKind::list,
        .sentence = "protocols and ports: tcp/80, udp/53, tcp/8000-8100, tcp/*, any/443",
        .repeat = Key::Repeat::repeats,
        .need = Key::Need::required},
    Key{.name = "client",
        .kind = ValueKind::list,
        .sentence =
            "source addresses that the rule matches: addresses, prefixes or @FILE; ! negates",
        .repeat = Key::Repeat::repeats},
    Key{.name = "destination",
        .kind = ValueKind::list,
        .sentence =
            "original destinations that the rule matches: addresses, prefixes or @FILE; ! negates",
        .repeat = Key::Repeat::repeats},
    Key{.name = "interface",
        .kind = ValueKind::list,
        .sentence = "inbound interfaces that the rule matches; a bridge's port means the bridge"},
    Key{.name = "use",
        .sentence = "the upstream, or a built-in: direct, transparent, bypass, reject, drop",
        .need = Key::Need::required},
    Key{.name = "max-flows",
        .kind = ValueKind::number,
        .sentence = "maximum number of live flows of this rule",
        .least = 1,
        .most = most_number},
    Key{.name = "max-flows-per-client",
        .kind = ValueKind::number,
        .sentence = "maximum number of live flows of this rule for each client",
        .least = 1,
        .most = most_number},
    Key{.name = "log",
        .kind = ValueKind::word,
        .sentence = "which of its flows leave a record; without this key, as in [log] flows",
        .choices = "all, errors, none"},
};

constexpr std::array upstream_keys{
    Key{.name = "type", .sentence = "the policy: how flows go on", .need = Key::Need::required},
};

constexpr std::array limits_keys{
    Key{.name = "max-flows",
        .kind = ValueKind::number,
        .standard = "auto",
        .sentence = "maximum number of live flows; auto is computed from the limit on open files",
        .least = 1,
        .most = most_number,
        .choices = "auto"},
    Key{.name = "max-flows-per-client",
        .kind = ValueKind::number,
        .standard = "auto",
        .sentence = "maximum number of live flows of one client; auto is a quarter of max-flows",
        .least = 1,
        .most = most_number,
        .choices = "auto"},
    Key{.name = "client-prefix-4",
        .kind = ValueKind::number,
        .standard = "32",
        .sentence =
            "how many bits of an IPv4 address make one client, beyond the router's own links",
        .least = 8,
        .most = 32},
    Key{.name = "client-prefix-6",
        .kind = ValueKind::number,
        .standard = "64",
        .sentence =
            "how many bits of an IPv6 address make one client, beyond the router's own links",
        .least = 16,
        .most = 128},
    Key{.name = "buffer",
        .kind = ValueKind::size,
        .standard = "64KiB",
        .sentence = "maximum number of bytes that weir holds for one direction of a flow",
        .least = std::int64_t{4} << 10,
        .most = std::int64_t{16} << 20},
};

constexpr std::array timeouts_keys{
    Key{.name = "connect",
        .kind = ValueKind::duration,
        .standard = "10s",
        .sentence = "a server has to accept a connection within this time",
        .least = 1,
        .most = longest_timeout},
    Key{.name = "handshake",
        .kind = ValueKind::duration,
        .standard = "10s",
        .sentence = "a connected proxy has to complete its handshake within this time",
        .least = 1,
        .most = longest_timeout},
    Key{.name = "tcp-idle",
        .kind = ValueKind::duration,
        .standard = "2h4m",
        .sentence =
            "a TCP flow ends after this time without a byte in either direction (RFC 5382, REQ-5)",
        .least = 1,
        .most = longest_timeout},
    Key{.name = "half-closed",
        .kind = ValueKind::duration,
        .standard = "4m",
        .sentence =
            "a TCP flow whose one side has finished ends after this time without a byte (RFC "
            "5382, REQ-5)",
        .least = 1,
        .most = longest_timeout},
    Key{.name = "keepalive",
        .kind = ValueKind::duration,
        .standard = "60s",
        .sentence =
            "after this time without a byte weir probes both peers of a TCP flow, every 10 s, "
            "three times; if a peer probes more often, weir probes the other one as often; "
            "data that stays unacknowledged for as long ends a flow, too",
        .least = 1'000,
        .most = longest_timeout},
    Key{.name = "udp-idle",
        .kind = ValueKind::duration,
        .standard = "5m",
        .sentence = "a UDP flow ends after this time without a datagram (RFC 4787, REQ-5)",
        .least = 1,
        .most = longest_timeout},
    Key{.name = "dns-idle",
        .kind = ValueKind::duration,
        .standard = "10s",
        .sentence = "a DNS flow (UDP, port 53) ends after this time without an answer",
        .least = 1,
        .most = longest_timeout},
    Key{.name = "drain",
        .kind = ValueKind::duration,
        .standard = "30s",
        .sentence = "when weir stops, live flows have this time to end by themselves",
        .least = 0,
        .most = longest_timeout},
};

constexpr std::array dns_keys{
    Key{.name = "servers",
        .kind = ValueKind::list,
        .standard = "system",
        .sentence = "resolvers for the names of servers: ADDRESS or ADDRESS:PORT; system is "
                    "/etc/resolv.conf"},
    Key{.name = "min-ttl",
        .kind = ValueKind::duration,
        .standard = "1s",
        .sentence = "weir keeps an answer at least this long",
        .least = 1,
        .most = longest_timeout},
    Key{.name = "max-ttl",
        .kind = ValueKind::duration,
        .standard = "1h",
        .sentence = "weir asks for an answer again after this time at the latest",
        .least = 1,
        .most = longest_timeout},
};

constexpr std::array log_keys{
    Key{.name = "level",
        .kind = ValueKind::word,
        .standard = "info",
        .sentence = "messages of this level and above are written",
        .choices = "debug, info, warning, error"},
    Key{.name = "format",
        .kind = ValueKind::word,
        .standard = "text",
        .sentence = "text, or JSON with one object a line",
        .choices = "text, json"},
    Key{.name = "target",
        .standard = "stderr",
        .sentence = "where messages and flow records go: stderr, journal, syslog, file:PATH"},
    Key{.name = "flows",
        .kind = ValueKind::word,
        .standard = "all",
        .sentence = "which flows leave a record",
        .choices = "all, errors, none"},
};

constexpr std::array admin_keys{
    Key{.name = "socket",
        .standard = "/run/weir/control.sock",
        .sentence = "control socket for weir status and the other commands"},
    Key{.name = "http",
        .sentence =
            "ADDRESS:PORT that serves the page, the API and metrics for reading; without this "
            "key, none does"},
    Key{.name = "http-host",
        .kind = ValueKind::list,
        .sentence = "host names under which http answers, besides addresses and localhost",
        .repeat = Key::Repeat::repeats},
};

constexpr auto named = SectionKind::Naming::required;
constexpr auto unnamed = SectionKind::Naming::none;

constexpr std::array kinds{
    SectionKind{"gateway", unnamed, "the process", gateway_keys},
    SectionKind{"firewall", unnamed, "what the firewall hands to weir", firewall_keys},
    SectionKind{"rule", named, "conditions and the upstream to use; the first match wins",
                rule_keys},
    SectionKind{"upstream", named, "a named policy: how flows go on", upstream_keys},
    SectionKind{"limits", unnamed, "how many flows and bytes weir accepts", limits_keys},
    SectionKind{"timeouts", unnamed, "time limits", timeouts_keys},
    SectionKind{"dns", unnamed, "how the names of servers are resolved", dns_keys},
    SectionKind{"log", unnamed, "messages and flow records", log_keys},
    SectionKind{"admin", unnamed, "the interfaces of a running weir", admin_keys},
};

}  // namespace

std::span<const SectionKind> section_kinds() { return kinds; }

const SectionKind* find_section_kind(std::string_view name) {
  for (const SectionKind& kind : kinds) {
    if (kind.name == name) {
      return &kind;
    }
  }
  return nullptr;
}

}  // namespace weir
