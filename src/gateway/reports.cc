#include "gateway/reports.h"

#include <unistd.h>

#include <cstddef>
#include <utility>

#include "admin/server_reports.h"
#include "base/connection_tracking.h"
#include "firewall/name_rules.h"
#include "firewall/redirects.h"
#include "sets/set_table.h"

namespace weir {
namespace {

Latencies latencies_of(const FlowCounters& counters) {
  return {.connect = counters.sum(Latency::connect),
          .handshake = counters.sum(Latency::handshake),
          .first_byte = counters.sum(Latency::first_byte)};
}

// What was added to the sets that a rule names, and removed from them.
std::string changed_sets(const RuleSettings& rule, const SetTable* sets) {
  std::string out;
  for (const AddressCondition* list : {&rule.client(), &rule.destination()}) {
    for (const auto* items : {&list->include_items, &list->exclude_items}) {
      for (const AddressItem& item : *items) {
        const std::string text = item.text();
        if (sets == nullptr || !text.starts_with('@')) {
          continue;
        }
        const LoadedSet* named = sets->find(std::string_view(text).substr(1));
        const LoadedSet* set = named == nullptr ? sets->find(text) : named;
        const LiveOverlay* live = set == nullptr ? nullptr : set->view->live();
        if (live != nullptr) {
          const std::size_t added = live->added.size() + live->added_names.size();
          out += (out.empty() ? "" : "; ") + text + ": " + std::to_string(added) + " added, " +
                 std::to_string(live->items.size() - added) + " removed";
        }
      }
    }
  }
  return out;
}

}  // namespace

Reports::Reports(Log& log, const Parts& parts, std::function<bool()> is_draining,
                 std::function<void()> drain)
    : Control(parts.sets),
      log_(log),
      parts_(parts),
      is_draining_(std::move(is_draining)),
      drain_(std::move(drain)),
      started_(clock_now()) {}

StatusReport Reports::status() {
  const auto& from = parts_.in_force.configuration();
  StatusReport out;
  out.version = WEIR_VERSION;
  out.file = from.file;
  out.pid = getpid();
  out.uptime_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock_now() - started_).count();
  out.workers = static_cast<int>(parts_.workers.all().size());
  out.port = from.gateway.port;
  out.tcp_flows = parts_.workers.live(Protocol::tcp);
  out.udp_flows = parts_.workers.live(Protocol::udp);
  out.max_flows = parts_.in_force.snapshot()->limits().max_flows;
  out.learnt_names = parts_.names.size(clock_now());
  out.draining = is_draining_();
  out.log_level = log_.level();
  out.reloads = parts_.reload.count().done;
  out.reloads_failed = parts_.reload.count().refused;
  out.firewall = parts_.firewall.report();
  const CounterRegistry& by_rule = parts_.in_force.counters().rules;
  FlowCounts sum = by_rule.of_the_gone();
  by_rule.each([&](const std::string&, const FlowCounters& counters) { sum += counters.sum(); });
  out.flows_total = sum.flows;
  static_cast<Traffic&>(out) = static_cast<const Traffic&>(sum);
  for (std::size_t i = 0; i < static_cast<std::size_t>(Reason::count); ++i) {
    const auto reason = static_cast<Reason>(i);
    out.reasons.emplace_back(name_of(reason), parts_.workers.count(reason));
  }
  // No worker sees these packets, and they need not be weir's: the kernel counts them.
  if (const auto table = read_connection_tracking()) {
    out.reasons.emplace_back("conntrack-full", table->dropped);
  }
  return out;
}

void Reports::rules(std::chrono::seconds oldest, RulesAnswer answer) {
  parts_.firewall_counts.ask(
      oldest, [this, answer = std::move(answer)](const firewall::Counts& in_firewall) {
        answer(rules_with(in_firewall));
      });
}

std::vector<RuleReport> Reports::rules_with(const firewall::Counts& in_firewall) const {
  const auto& from = parts_.in_force.configuration();
  const auto entries = parts_.in_force.snapshot()->entries();
  // With the lists as they are loaded.
  const Configuration fitted = parts_.in_force.snapshot()->rules().for_firewall();
  const auto left = firewall::left_to_gateway(fitted);
  std::vector<RuleReport> out;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const RuleEntry& entry = entries[i];
    const bool is_default = i + 1 == entries.size();
    const SourceLocation location =
        is_default ? from.gateway.default_location : from.rules[i].location;
    RuleReport report;
    report.name = entry.name;
    report.use = entry.upstream->name();
    report.location = text_of(location);
    if (!is_default) {
      const FittedRules& rules = parts_.in_force.snapshot()->rules();
      report.clock_state = rules.clock_state(i);
      report.changed_sets = changed_sets(from.rules[i], rules.machine().sets.get());
      if (entry.upstream->offload() != Upstream::Offload::none) {
        report.left_to_gateway = left[i].text();
      }
    }
    static_cast<FlowCounts&>(report) = entry.counters->sum();
    report.latencies = latencies_of(*entry.counters);
    if (const auto counted = in_firewall.find(entry.name); counted != in_firewall.end()) {
      report.in_firewall = true;
      report.firewall_packets = counted->second.packets;
      report.firewall_bytes = counted->second.bytes;
    }
    out.push_back(std::move(report));
  }
  // No rule of the file, but something that the firewall drops by itself.
  if (const auto counted = in_firewall.find(std::string(firewall::redirect_row));
      counted != in_firewall.end()) {
    RuleReport report;
    report.name = firewall::redirect_row;
    report.use = "drop";
    report.in_firewall = true;
    report.firewall_packets = counted->second.packets;
    report.firewall_bytes = counted->second.bytes;
    out.push_back(std::move(report));
  }
  return out;
}

std::vector<UpstreamReport> Reports::upstreams() {
  parts_.in_force.checker()->observe();
  std::vector<UpstreamReport> out;
  for (const auto& upstream : parts_.in_force.snapshot()->upstreams()) {
    const auto counters = parts_.in_force.counters().upstreams.get(upstream->name());
    UpstreamReport report;
    report.name = upstream->name();
    report.type = upstream->profile().type;
    static_cast<FlowCounts&>(report) = counters->sum();
    report.latencies = latencies_of(*counters);
    report.servers = server_reports(*upstream);
    if (const ServerSet* set = upstream->server_set()) {
      report.checksum = set->checksum();
      report.services = service_reports(*set);
    }
    for (const auto& member : upstream->dependencies()) {
      report.members.push_back(member->name());
    }
    out.push_back(std::move(report));
  }
  return out;
}

void Reports::flows(const FlowFilter& filter, FlowsAnswer answer) {
  parts_.live_flows.list(filter, std::move(answer));
}

std::vector<WorkerReport> Reports::workers() {
  std::vector<WorkerReport> out;
  out.reserve(parts_.workers.all().size());
  for (const auto& worker : parts_.workers.all()) {
    out.push_back(worker->report());
  }
  return out;
}

void Reports::top_talkers(std::function<void(std::shared_ptr<const TopTalkers>)> answer) {
  parts_.live_flows.top_talkers(std::move(answer));
}

void Reports::close_flow(const std::string& id, std::function<void(bool)> answer) {
  parts_.live_flows.close(id, std::move(answer));
}

Result<> Reports::set_server(const std::string& upstream, const std::string& server,
                             const ServerChange& change) {
  return parts_.in_force.set_server(upstream, server, change);
}

void Reports::release_firewall(std::function<void(const Result<>&)> answer) {
  parts_.firewall.release(std::move(answer));
}

void Reports::reload(std::function<void(ReloadReport)> answer) {
  parts_.reload.ask(std::move(answer));
}

void Reports::set_log_level(LogLevel level) {
  log_.set_level(level);
  log_.info(std::string("log level is now ") + std::string(name_of(level)));
}

}  // namespace weir
