// What the admin interface can ask of the running gateway. The gateway implements it; the API, and
// nothing else, calls it. All on the main thread; answers that need the workers come by callback,
// later, on the main thread too.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "account/record.h"
#include "base/configuration.h"

namespace weir {

// The rules that the gateway keeps in place itself (`weir run --firewall`).
struct FirewallReport {
  std::string backend;  // empty: it keeps none
  std::uint64_t repairs = 0;
  std::string trouble;  // why they are not what they should be; empty: they are
};

struct StatusReport {
  std::string version;
  std::string file;
  std::int64_t pid = 0;
  std::int64_t uptime_ms = 0;
  int workers = 0;
  Port port = 0;
  std::uint64_t tcp_flows = 0;  // live
  std::uint64_t udp_flows = 0;
  std::uint64_t max_flows = 0;
  std::uint64_t flows_total = 0;
  std::uint64_t bytes_up = 0;
  std::uint64_t bytes_down = 0;
  std::uint64_t reloads = 0;
  std::uint64_t reloads_failed = 0;
  FirewallReport firewall;
  std::vector<std::pair<std::string, std::uint64_t>> reasons;  // every reason, zero ones too
};

struct RuleReport {
  std::string name;
  std::string use;
  std::string place;  // "weir.ini:12"
  // The firewall decides this rule alone: what it counted. The flows below are the gateway's.
  bool in_firewall = false;
  std::uint64_t firewall_packets = 0;
  std::uint64_t firewall_bytes = 0;
  std::uint64_t flows = 0;  // since start
  std::uint64_t live = 0;
  std::uint64_t bytes_up = 0;
  std::uint64_t bytes_down = 0;
};

struct ServerReport {
  std::string name;
  std::string host;
  Port port = 0;
  std::vector<std::string> addresses;
  std::uint64_t flows = 0;
  std::uint64_t live = 0;
  std::uint64_t failures = 0;
  std::uint64_t bytes_up = 0;
  std::uint64_t bytes_down = 0;
};

struct UpstreamReport {
  std::string name;
  std::string type;
  std::uint64_t flows = 0;
  std::uint64_t live = 0;
  std::uint64_t bytes_up = 0;
  std::uint64_t bytes_down = 0;
  std::vector<ServerReport> servers;
};

struct FlowFilter {
  std::optional<Protocol> protocol;
  std::string client;       // an address, an address:port or a prefix; empty: any
  std::string destination;  // likewise
  std::string rule;
  std::string upstream;
  std::uint64_t limit = 1000;
};

struct FlowList {
  std::vector<FlowRecord> flows;  // at most `limit`
  std::uint64_t total = 0;        // how many match
};

struct ReloadReport {
  bool ok = false;
  std::vector<std::string> errors;  // when not ok: "FILE:LINE: error: TEXT"
  std::vector<std::string> warnings;
  std::vector<std::string> rules_added, rules_removed, rules_changed;
  std::vector<std::string> servers_added, servers_removed, servers_changed;  // "UPSTREAM/SERVER"
  std::uint64_t flows_kept = 0;
  std::uint64_t flows_now_matching_another_rule = 0;
};

class Control {
 public:
  virtual ~Control() = default;
  [[nodiscard]] virtual StatusReport status() = 0;
  [[nodiscard]] virtual std::vector<RuleReport> rules() = 0;
  [[nodiscard]] virtual std::vector<UpstreamReport> upstreams() = 0;
  virtual void flows(const FlowFilter& filter, std::function<void(FlowList)> answer) = 0;
  virtual void reload(std::function<void(ReloadReport)> answer) = 0;
};

}  // namespace weir
