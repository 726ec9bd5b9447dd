// A valid configuration as plain values: what src/config makes of the files, and what every later
// stage reads. Immutable once made. Sections that a policy describes ([upstream]) stay Settings;
// the policy's factory reads them.
//
// Held by the Snapshot; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/address_match.h"
#include "base/condition.h"
#include "base/named_mac.h"
#include "base/prefix.h"
#include "base/set_settings.h"
#include "weir/endpoint.h"
#include "weir/result.h"
#include "weir/settings.h"
#include "weir/units.h"

namespace weir {

struct GatewaySettings {
  Port port = 50080;
  std::string default_use = "transparent";
  SourceLocation default_location;
  // The file says it itself: then it also decides for ports that only the firewall looks at.
  bool default_given = false;
  int workers = 0;  // 0: one per CPU
  std::chrono::microseconds busy_poll{0};
  std::string user;  // to become after start; empty: stay
};

// A user of this machine, by name or number.
struct UserSetting {
  std::string text;  // as it was written
  std::uint32_t id = 0;
  friend bool operator==(const UserSetting&, const UserSetting&) = default;
};

enum class OnFailure : std::uint8_t { open, closed };

// Where clients may come in.
enum class Inbound : std::uint8_t {
  not_outside,  // by every interface but those that carry, or carried, a default route
  everywhere,
  named,
};

struct FirewallSettings {
  Mark mark{0x1, 0x1};
  std::uint32_t table = 100;
  Mark bypass_mark{0x2, 0x2};
  Inbound inbound = Inbound::not_outside;
  std::vector<std::string> interfaces;  // named; `ppp*` is every one that begins so
  std::vector<std::string> towards;     // outbound ones; empty: all
  std::vector<Prefix> exclude;
  bool local = false;  // what the router itself sends
  // The processes whose traffic is not intercepted then.
  std::vector<UserSetting> exclude_users;
  std::vector<std::string>
      exclude_cgroups;  // from the hierarchy's root: "system.slice/tor.service"
  bool local_services = false;
  OnFailure on_failure = OnFailure::open;
  // Lists of more prefixes are the gateway's to ask (firewall/narrowing.h).
  std::size_t max_set = 100'000;
};

// `tcp/8000-8100`; `any/53` is two of them.
struct PortRange {
  Protocol protocol = Protocol::tcp;
  Port first = 0;
  Port last = 0;
  friend bool operator==(const PortRange&, const PortRange&) = default;
};
[[nodiscard]] std::string text_of(const PortRange& range);  // "tcp/80", "udp/*"

enum class LogFlows : std::uint8_t { all, errors, none };

// [rule NAME]
struct RuleSettings {
  std::string name;
  SourceLocation location;
  // All of them hold for each of its flows. In the order of their rows; of each row one at most.
  std::vector<RuleCondition> conditions;
  std::string use;
  SourceLocation use_location;
  std::optional<std::uint64_t> max_flows;
  std::optional<std::uint64_t> max_flows_per_client;
  std::optional<LogFlows> log;  // none given: log.flows

  // Null: it has none of that row.
  [[nodiscard]] const RuleCondition* find(const ConditionType& type) const;
  // In place of the one of the same row, if there is one.
  void set(RuleCondition condition);
  // Every flow on its ports is its.
  [[nodiscard]] bool takes_all() const;
  [[nodiscard]] bool admits(Family family) const;
  [[nodiscard]] RuleSettings fitted(const Machine& machine) const;

  // What the conditions say that checks and warnings have to know by name; empty: it is not said.
  [[nodiscard]] const std::vector<PortRange>& on() const;
  [[nodiscard]] const AddressCondition& client() const;
  [[nodiscard]] const AddressCondition& destination() const;
  [[nodiscard]] const std::vector<std::string>& interfaces() const;
};

struct Limits {
  std::uint64_t max_flows = 0;             // 0: auto, from the limit on open files
  std::uint64_t max_flows_per_client = 0;  // 0: a quarter of max_flows
  // How much of an address tells one client from the next, where no device is known to have it.
  std::uint8_t client_prefix_4 = 32;
  std::uint8_t client_prefix_6 = 64;
  std::uint64_t buffer = std::uint64_t{64} * 1024;  // bytes per direction of a flow
};

struct Timeouts {
  Milliseconds connect{10'000};
  Milliseconds handshake{10'000};
  Milliseconds sniff{300};
  Milliseconds tcp_idle{(2 * 60 + 4) * 60'000};
  Milliseconds half_closed{4 * 60'000};
  Milliseconds keepalive{60'000};
  Milliseconds udp_idle{5 * 60'000};
  Milliseconds dns_idle{10'000};
  Milliseconds drain{30'000};
};

struct DnsSettings {
  std::vector<Endpoint> servers;  // empty: the system's
  Milliseconds min_ttl{1'000};
  Milliseconds max_ttl{3'600'000};
};

enum class LogLevel : std::uint8_t { debug, info, warning, error };
enum class LogFormat : std::uint8_t { text, json };
enum class LogTarget : std::uint8_t { standard_error, journal, syslog, file };

struct LogSettings {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
  LogTarget target = LogTarget::standard_error;
  std::string path;  // of target `file`
  LogFlows flows = LogFlows::all;
  friend bool operator==(const LogSettings&, const LogSettings&) = default;
};

struct AdminSettings {
  std::string socket = "/run/weir/control.sock";
  std::optional<Endpoint> http;  // read-only, over TCP; none: off
  // Names that `http` may be asked by, besides addresses and localhost; in lower case.
  std::vector<std::string> http_hosts;
};

// What clients' devices are known by.
struct DeviceSettings {
  std::vector<std::string> leases;  // lease files; empty: wherever DHCP servers keep them
  std::vector<NamedMac> names;
  friend bool operator==(const DeviceSettings&, const DeviceSettings&) = default;
};

class SetTable;  // sets/set_table.h

struct Configuration {
  std::string file;
  GatewaySettings gateway;
  FirewallSettings firewall;
  std::vector<RuleSettings> rules;  // in file order
  std::vector<Settings> upstreams;  // in file order; `type` names a row of the registry
  std::vector<SetSettings> sets;    // that rules name: those of sections, then files
  std::shared_ptr<const SetTable> set_table = nullptr;  // what is in them; null: it is not read
  Limits limits;
  Timeouts timeouts;
  DnsSettings dns;
  LogSettings log;
  AdminSettings admin;
  DeviceSettings devices;

  // The same, with its rules as they are on this machine.
  [[nodiscard]] Configuration fitted(const Machine& machine) const;
};

// One finding about a configuration. Errors make it unusable; warnings don't.
struct Diagnostic {
  enum class Severity : std::uint8_t { error, warning } severity = Severity::error;
  SourceLocation location;
  std::string text;
  // "FILE:LINE: error: TEXT"
  [[nodiscard]] std::string line() const;
};

// The name under which flows go that no rule matches.
inline constexpr const char* default_rule_name = "(default)";

}  // namespace weir
