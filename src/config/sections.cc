#include "config/sections.h"

#include <sys/un.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/prefix_set.h"
#include "config/items.h"
#include "config/paths.h"
#include "config/processes.h"

namespace weir {

GatewaySettings gateway_section(const Settings& settings) {
  GatewaySettings out;
  out.port = static_cast<Port>(settings.number("port"));
  out.default_use = settings.text("default");
  out.default_location = settings.location_of("default");
  out.default_given = settings.given("default");
  out.workers = static_cast<int>(settings.number("workers"));
  out.busy_poll = std::chrono::microseconds(settings.number("busy-poll"));
  out.user = settings.text_or_empty("user");
  return out;
}

namespace {

// `auto` and `all` stand alone; else interfaces are named.
void read_inbound(FirewallSettings& out, const Settings& settings, Findings& findings) {
  out.interfaces = interfaces_of(settings, "interfaces", findings);
  const auto is_word = [](const std::string& name) { return name == "auto" || name == "all"; };
  const auto word = std::find_if(out.interfaces.begin(), out.interfaces.end(), is_word);
  if (word == out.interfaces.end()) {
    out.inbound = out.interfaces.empty() ? Inbound::not_outside : Inbound::named;
    return;
  }
  if (out.interfaces.size() > 1) {
    findings.error(settings.location_of("interfaces"),
                   "'interfaces': '" + *word + "' cannot stand beside names of interfaces");
  }
  out.inbound = *word == "all" ? Inbound::everywhere : Inbound::not_outside;
  out.interfaces.clear();
}

}  // namespace

FirewallSettings firewall_section(const Settings& settings, const Files& files,
                                  Findings& findings) {
  FirewallSettings out;
  out.mark = settings.mark("mark");
  out.bypass_mark = settings.mark("bypass-mark");
  out.table = static_cast<std::uint32_t>(settings.number("table"));
  constexpr std::uint32_t first_reserved = 253;  // default, main, local
  constexpr std::uint32_t last_reserved = 255;
  if (out.table >= first_reserved && out.table <= last_reserved) {
    findings.error(settings.location_of("table"),
                   "'table': " + std::to_string(out.table) +
                       " is one of the kernel's own tables: choose another number");
  }
  read_inbound(out, settings, findings);
  out.towards = interfaces_of(settings, "towards", findings);
  out.exclude = prefixes_of(settings, "exclude", findings);
  const PrefixSet excluded(out.exclude);
  for (const Family family : {Family::v4, Family::v6}) {
    if (excluded.covers(family)) {
      findings.warning(settings.location_of("exclude"),
                       std::string("all of ") + (family == Family::v4 ? "IPv4" : "IPv6") +
                           " is excluded: weir will intercept nothing of it");
    }
  }
  out.local = settings.yes("local");
  out.exclude_users = users_of(settings, "exclude-user", files, findings);
  out.exclude_cgroups = cgroups_of(settings, "exclude-cgroup", findings);
  for (const std::string_view key : {"exclude-user", "exclude-cgroup"}) {
    if (!out.local && settings.given(key)) {
      findings.warning(settings.location_of(key),
                       "'" + std::string(key) +
                           "' has no effect with local = no: weir intercepts nothing that the "
                           "router itself sends");
    }
  }
  out.local_services = settings.yes("local-services");
  out.on_failure = settings.text("on-failure") == "open" ? OnFailure::open : OnFailure::closed;
  out.max_set = static_cast<std::size_t>(settings.number("max-set"));
  return out;
}

Limits limits_section(const Settings& settings) {
  Limits out;
  out.max_flows = static_cast<std::uint64_t>(settings.number("max-flows"));
  out.max_flows_per_client = static_cast<std::uint64_t>(settings.number("max-flows-per-client"));
  out.client_prefix_4 = static_cast<std::uint8_t>(settings.number("client-prefix-4"));
  out.client_prefix_6 = static_cast<std::uint8_t>(settings.number("client-prefix-6"));
  out.buffer = static_cast<std::uint64_t>(settings.number("buffer"));
  return out;
}

Timeouts timeouts_section(const Settings& settings) {
  return {.connect = settings.duration("connect"),
          .handshake = settings.duration("handshake"),
          .sniff = settings.duration("sniff"),
          .tcp_idle = settings.duration("tcp-idle"),
          .half_closed = settings.duration("half-closed"),
          .keepalive = settings.duration("keepalive"),
          .udp_idle = settings.duration("udp-idle"),
          .dns_idle = settings.duration("dns-idle"),
          .drain = settings.duration("drain")};
}

DnsSettings dns_section(const Settings& settings, Findings& findings) {
  constexpr Port dns_port = 53;
  DnsSettings out;
  for (const Value& list : settings.all("servers")) {
    for (const Value& item : list.items) {
      if (item.text == "system") {
        if (list.items.size() > 1) {
          findings.error(item.location, "'servers': 'system' cannot stand beside other servers");
        }
      } else if (const auto address = Address::parse(item.text); address.ok()) {
        out.servers.push_back({address.value(), dns_port});
      } else if (const auto endpoint = Endpoint::parse(item.text); endpoint.ok()) {
        out.servers.push_back(endpoint.value());
      } else {
        findings.error(item.location, "'servers': '" + item.text +
                                          "' is not system, ADDRESS or ADDRESS:PORT (IPv6: "
                                          "[ADDRESS]:PORT)");
      }
    }
  }
  out.min_ttl = settings.duration("min-ttl");
  out.max_ttl = settings.duration("max-ttl");
  return out;
}

constexpr std::string_view host_letters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

AdminSettings admin_section(const Settings& settings, Findings& findings) {
  constexpr std::size_t longest_socket = sizeof(sockaddr_un::sun_path) - 1;
  AdminSettings out{.socket = settings.text("socket"), .http = {}, .http_hosts = {}};
  check_absolute(out.socket, "socket", settings.location_of("socket"), findings);
  if (out.socket.size() > longest_socket) {
    findings.error(settings.location_of("socket"),
                   "'socket': the path is " + std::to_string(out.socket.size()) +
                       " bytes long, the kernel allows " + std::to_string(longest_socket));
  }
  if (const auto http = settings.text_or_empty("http"); settings.given("http")) {
    const auto endpoint = Endpoint::parse(http);
    if (!endpoint || endpoint.value().port == 0) {
      findings.error(settings.location_of("http"),
                     "'http': '" + http +
                         "' is not ADDRESS:PORT (IPv6: [ADDRESS]:PORT), such as 127.0.0.1:9080");
    } else {
      out.http = endpoint.value();
    }
  }
  for (const Value& list : settings.all("http-host")) {
    for (const Value& item : list.items) {
      if (item.text.find_first_not_of(host_letters) != std::string::npos) {
        findings.error(item.location, "'http-host': '" + item.text +
                                          "' is not a name, such as router.lan (without a port)");
      }
      std::string name = item.text;
      std::transform(name.begin(), name.end(), name.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      });
      out.http_hosts.push_back(std::move(name));
    }
  }
  return out;
}

namespace {

void add_lease_file(const Value& item, bool stands_alone, DeviceSettings& out, Findings& findings) {
  if (item.text == "auto") {
    if (!stands_alone) {
      findings.error(item.location, "'leases': 'auto' cannot stand beside names of files");
    }
    return;
  }
  check_absolute(item.text, "leases", item.location, findings);
  if (std::find(out.leases.begin(), out.leases.end(), item.text) != out.leases.end()) {
    findings.warning(item.location, "'leases': '" + item.text + "' is named twice");
  } else {
    out.leases.push_back(item.text);
  }
}

}  // namespace

DeviceSettings devices_section(const Settings& settings, Findings& findings) {
  DeviceSettings out;
  const auto& lists = settings.all("leases");
  for (const Value& list : lists) {
    for (const Value& item : list.items) {
      add_lease_file(item, lists.size() == 1 && list.items.size() == 1, out, findings);
    }
  }
  for (const Value& line : settings.all("name")) {
    auto named = parse_named_mac(line.text);
    if (!named) {
      findings.error(line.location, "'name': " + named.error().text());
    } else if (std::find(out.names.begin(), out.names.end(), named.value()) != out.names.end()) {
      findings.warning(line.location, "'name': '" + line.text + "' is given twice");
    } else {
      out.names.push_back(std::move(named).value());
    }
  }
  return out;
}

}  // namespace weir
