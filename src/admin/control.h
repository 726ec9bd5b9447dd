// What the admin interface can ask of the running gateway. Reports (src/gateway) implements it, for
// as long as the gateway lives; the API, and nothing else, calls it. All on the main thread;
// answers that need the workers come by callback, later, on the main thread too.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "account/flow_filter.h"
#include "account/record.h"
#include "account/top_talkers.h"
#include "account/worker_report.h"
#include "base/configuration.h"
#include "base/configuration_changes.h"
#include "base/histogram.h"
#include "base/traffic.h"
#include "weir/result.h"
#include "weir/server_health.h"
#include "weir/units.h"

namespace weir {

// The rules that the gateway keeps in place itself (`weir run --firewall`).
struct FirewallReport {
  std::string backend;  // empty: it has none
  bool kept = true;     // false: it was told to keep them no longer
  std::uint64_t repairs = 0;
  std::string trouble;               // why they are not what they should be; empty: they are
  std::vector<std::string> outside;  // interfaces that lead outside, where no client comes in
};

struct StatusReport : Traffic {
  std::string version;
  std::string file;
  std::int64_t pid = 0;
  std::int64_t uptime_ms = 0;
  int workers = 0;
  Port port = 0;
  bool draining = false;
  LogLevel log_level = LogLevel::info;  // in force; the file may say another
  std::uint64_t tcp_flows = 0;          // live
  std::uint64_t udp_flows = 0;
  std::uint64_t max_flows = 0;
  std::uint64_t flows_total = 0;
  std::uint64_t learnt_names = 0;  // that clients have looked up
  std::uint64_t reloads = 0;
  std::uint64_t reloads_failed = 0;
  FirewallReport firewall;
  std::vector<std::pair<std::string, std::uint64_t>> reasons;  // every reason, zero ones too
};

// How long the flows of a rule or an upstream took from their opening until then.
struct Latencies {
  Histogram::Sum connect;
  Histogram::Sum handshake;
  Histogram::Sum first_byte;
};

struct RuleReport : FlowCounts {
  std::string name;
  std::string use;
  std::string location;      // "weir.ini:12"
  std::string clock_state;   // by the clock: "matches now, until 07:00"; "": it has no `when`
  std::string changed_sets;  // at run time: "@paused: 1 added, 2 removed"; "": none of its sets is
  // Why the gateway decides what the firewall could; "": it does not, or it is not so.
  std::string left_to_gateway;
  // The firewall decides this rule alone: what it counted. The flows are the gateway's.
  bool in_firewall = false;
  std::uint64_t firewall_packets = 0;
  std::uint64_t firewall_bytes = 0;
  Latencies latencies;
};

struct ServerReport : FlowCounts {
  std::string name;
  std::string host;
  Port port = 0;
  std::vector<std::string> addresses;
  std::string state = "up";       // up, down, drain, ejected
  std::string why;                // it is not up
  std::int64_t since_ms = -1;     // in this state; -1: since start
  std::int64_t check_us = -1;     // the last check took; -1: none yet
  std::int64_t resolved_ms = -1;  // since its name was last answered; -1: never, or no name
  int weight = 1;
  bool is_backup = false;
  std::uint64_t max_flows = 0;  // 0: any number
  std::uint64_t failures = 0;
};

// A list of servers that stands in the DNS.
struct ServiceReport {
  std::string name;
  std::size_t targets = 0;
  std::int64_t resolved_ms = -1;  // since it was last answered; -1: never
};

struct UpstreamReport : FlowCounts {
  std::string name;
  std::string type;
  Latencies latencies;
  std::optional<std::uint64_t> checksum;  // of a table that gateways can compare
  std::vector<std::string> members;       // of a group
  std::vector<ServiceReport> services;
  std::vector<ServerReport> servers;
};

struct FlowList {
  std::vector<FlowRecord> flows;  // at most `limit`
  std::uint64_t total = 0;        // how many match
  mutable std::string json;       // made for the first request that needs it; main thread
};

struct ReloadReport : ConfigurationChanges {
  bool ok = false;
  std::vector<std::string> errors;  // when not ok: "FILE:LINE: error: TEXT"
  std::vector<std::string> warnings;
  std::uint64_t flows_kept = 0;
  std::uint64_t flows_now_matching_another_rule = 0;
};

// A set, and what is added to it and removed from it at run time.
struct SetReport {
  struct Item {
    std::string item;
    bool is_added = true;  // false: removed
    std::uint32_t uid = 0;
    std::optional<Milliseconds> left;  // until it is over; none: it stays until the next restart
  };
  std::string name;  // "ads"; "@FILE" of a list that has no section
  std::vector<std::string> files;
  std::uint64_t prefixes = 0;  // in its lists and entries
  std::uint64_t names = 0;
  std::uint64_t skipped_lines = 0;
  std::string kept_for;  // why it is what it was before the last reload; "": it is not
  std::vector<Item> live;
};

// What an operator wants in a set, or out of it.
struct SetChange {
  std::vector<std::string> add;
  std::vector<std::string> remove;
  std::optional<Milliseconds> duration;  // none: until the next restart
  std::uint32_t uid = 0;                 // of the operator
  bool force = false;
};

struct SetOutcome {
  enum class Kind : std::uint8_t {
    done,
    invalid,  // an item cannot be read
    unknown,  // there is no such set
    refused,  // by what is in the set, or because the gateway ends
  };
  Kind kind = Kind::done;
  std::vector<std::string> errors;  // of all but `done`
  SetReport set;                    // as it is now
  std::string trouble;  // why the firewall does not have it yet; it is tried again. "": it has
};

// What an operator wants of a server; what is not given stays.
struct ServerChange {
  std::optional<ServerHealth::AdminState> admin_state;
  std::optional<int> weight;  // 1 to 256
};

// What can be asked of sets; SetChanges (src/gateway) implements it. Main thread.
class SetControl {
 public:
  using Answer = std::function<void(const SetOutcome&)>;

  virtual ~SetControl() = default;
  // In the order of the configuration.
  [[nodiscard]] virtual std::vector<SetReport> list() const = 0;
  // Answers when the workers and the firewall decide new flows by it.
  virtual void change(const std::string& name, const SetChange& change, const Answer& answer) = 0;
};

class Control {
 public:
  // `sets` outlives it.
  explicit Control(SetControl& sets) : sets_(sets) {}
  virtual ~Control() = default;
  [[nodiscard]] SetControl& sets() const { return sets_; }
  [[nodiscard]] virtual StatusReport status() = 0;
  // How old the firewall's counts may be, since with iptables reading them starts a program; they
  // are older where that takes more than a second.
  using RulesAnswer = std::function<void(const std::vector<RuleReport>&)>;
  virtual void rules(std::chrono::seconds oldest, RulesAnswer answer) = 0;
  [[nodiscard]] virtual std::vector<UpstreamReport> upstreams() = 0;
  [[nodiscard]] virtual std::vector<WorkerReport> workers() = 0;
  // Null: so many lists are being made that this one is not.
  using FlowsAnswer = std::function<void(const std::shared_ptr<const FlowList>&)>;
  virtual void flows(const FlowFilter& filter, FlowsAnswer answer) = 0;
  virtual void top_talkers(std::function<void(std::shared_ptr<const TopTalkers>)> answer) = 0;
  // Ends a live flow; false: there is none of that name.
  virtual void close_flow(const std::string& id, std::function<void(bool)> answer) = 0;
  // Takes no new flows, and ends the gateway when the last one is gone or timeouts.drain is
  // over. Asking again changes nothing.
  virtual void drain() = 0;
  virtual void set_log_level(LogLevel level) = 0;  // until the next reload
  // An error: there is no such upstream, or no such server.
  virtual Result<> set_server(const std::string& upstream, const std::string& server,
                              const ServerChange& change) = 0;
  // The rules are kept no longer, and stand as they are; told again, they are still not.
  virtual void release_firewall(std::function<void(const Result<>&)> answer) = 0;
  virtual void reload(std::function<void(ReloadReport)> answer) = 0;

 private:
  SetControl& sets_;
};

}  // namespace weir
