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
        .sentence = "threads that serve; auto is one per CPU",
        .least = 1,
        .most = 1024,
        .choices = "auto"},
    Key{.name = "busy-poll",
        .kind = ValueKind::number,
        .standard = "0",
        .sentence = "microseconds that a worker under load looks for more to do before it sleeps: "
                    "shorter delays, for a busier processor; with 0 bulk is let gather for up to "
                    "200 microseconds",
        .least = 0,
        .most = 1000},
    Key{.name = "user",
        .sentence = "user to become once started; keeps the capabilities that interception needs"},
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
        .sentence = "inbound interfaces to intercept; none given: all of them"},
    Key{.name = "exclude",
        .kind = ValueKind::list,
        .sentence = "destinations that are never intercepted: addresses, prefixes or @FILE",
        .repeat = Key::Repeat::repeats},
    Key{.name = "local",
        .kind = ValueKind::yes_no,
        .standard = "no",
        .sentence = "also intercept what processes on the router send"},
    Key{.name = "local-services",
        .kind = ValueKind::yes_no,
        .standard = "no",
        .sentence = "also intercept what is addressed to the router itself"},
    Key{.name = "on-failure",
        .kind = ValueKind::word,
        .standard = "open",
        .sentence = "while weir is down, and for what is new while it drains: open lets traffic "
                    "pass unintercepted, closed refuses it",
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
        .sentence = "who may call: addresses, prefixes or @FILE; ! negates",
        .repeat = Key::Repeat::repeats},
    Key{.name = "destination",
        .kind = ValueKind::list,
        .sentence = "where it was going: addresses, prefixes or @FILE; ! negates",
        .repeat = Key::Repeat::repeats},
    Key{.name = "interface",
        .kind = ValueKind::list,
        .sentence = "inbound interfaces it may come from"},
    Key{.name = "use",
        .sentence = "the upstream, or a built-in: direct, transparent, bypass, reject, drop",
        .need = Key::Need::required},
    Key{.name = "max-flows",
        .kind = ValueKind::number,
        .sentence = "most flows at a time by this rule",
        .least = 1,
        .most = most_number},
    Key{.name = "max-flows-per-client",
        .kind = ValueKind::number,
        .sentence = "most flows at a time by this rule for one client address",
        .least = 1,
        .most = most_number},
    Key{.name = "log",
        .kind = ValueKind::word,
        .sentence = "which of its flows leave a record; as in [log] unless given",
        .choices = "all, errors, none"},
};

constexpr std::array upstream_keys{
    Key{.name = "type", .sentence = "the policy: how flows go on", .need = Key::Need::required},
};

constexpr std::array limits_keys{
    Key{.name = "max-flows",
        .kind = ValueKind::number,
        .standard = "auto",
        .sentence = "most flows at a time; auto comes from the limit on open files",
        .least = 1,
        .most = most_number,
        .choices = "auto"},
    Key{.name = "max-flows-per-client",
        .kind = ValueKind::number,
        .standard = "auto",
        .sentence = "most flows at a time of one client address; auto is a quarter of max-flows",
        .least = 1,
        .most = most_number,
        .choices = "auto"},
    Key{.name = "buffer",
        .kind = ValueKind::size,
        .standard = "64KiB",
        .sentence = "most bytes that are held for one direction of a flow",
        .least = std::int64_t{4} << 10,
        .most = std::int64_t{16} << 20},
};

constexpr std::array timeouts_keys{
    Key{.name = "connect",
        .kind = ValueKind::duration,
        .standard = "10s",
        .sentence = "until a server has accepted a connection",
        .least = 1,
        .most = longest_timeout},
    Key{.name = "handshake",
        .kind = ValueKind::duration,
        .standard = "10s",
        .sentence = "for what is said to a proxy before payload",
        .least = 1,
        .most = longest_timeout},
    Key{.name = "tcp-idle",
        .kind = ValueKind::duration,
        .standard = "2h4m",
        .sentence = "TCP without a byte in either direction (RFC 5382, REQ-5)",
        .least = 1,
        .most = longest_timeout},
    Key{.name = "half-closed",
        .kind = ValueKind::duration,
        .standard = "4m",
        .sentence = "TCP without a byte after one side has finished (RFC 5382, REQ-5)",
        .least = 1,
        .most = longest_timeout},
    Key{.name = "udp-idle",
        .kind = ValueKind::duration,
        .standard = "5m",
        .sentence = "UDP without a datagram (RFC 4787, REQ-5)",
        .least = 1,
        .most = longest_timeout},
    Key{.name = "dns-idle",
        .kind = ValueKind::duration,
        .standard = "10s",
        .sentence = "UDP to port 53 without an answer",
        .least = 1,
        .most = longest_timeout},
    Key{.name = "drain",
        .kind = ValueKind::duration,
        .standard = "30s",
        .sentence = "for flows to end by themselves when weir stops",
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
        .sentence = "an answer is kept at least this long",
        .least = 1,
        .most = longest_timeout},
    Key{.name = "max-ttl",
        .kind = ValueKind::duration,
        .standard = "1h",
        .sentence = "an answer is asked for again after this at the latest",
        .least = 1,
        .most = longest_timeout},
};

constexpr std::array log_keys{
    Key{.name = "level",
        .kind = ValueKind::word,
        .standard = "info",
        .sentence = "the least important messages that are written",
        .choices = "debug, info, warning, error"},
    Key{.name = "format",
        .kind = ValueKind::word,
        .standard = "text",
        .sentence = "lines for people or objects for machines",
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
        .sentence = "control socket that weir status and its kin talk to"},
    Key{.name = "http",
        .sentence = "ADDRESS:PORT that serves the page, the API and metrics for reading; none "
                    "given: off"},
};

constexpr auto named = SectionKind::Naming::required;
constexpr auto unnamed = SectionKind::Naming::none;

constexpr std::array kinds{
    SectionKind{"gateway", unnamed, "the process", gateway_keys},
    SectionKind{"firewall", unnamed, "what the firewall hands to weir", firewall_keys},
    SectionKind{"rule", named, "conditions and the upstream to use; the first match wins",
                rule_keys},
    SectionKind{"upstream", named, "a named policy: how flows go on", upstream_keys},
    SectionKind{"limits", unnamed, "how much weir takes on", limits_keys},
    SectionKind{"timeouts", unnamed, "how long weir waits", timeouts_keys},
    SectionKind{"dns", unnamed, "how the names of servers are resolved", dns_keys},
    SectionKind{"log", unnamed, "messages and flow records", log_keys},
    SectionKind{"admin", unnamed, "how a running weir is asked", admin_keys},
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
