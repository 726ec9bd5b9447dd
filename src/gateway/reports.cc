// What the gateway tells of itself: counters summed over the workers, and the list of live flows,
// which the workers have to be asked for.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "gateway/gateway.h"

namespace weir {

StatusReport Gateway::status() {
  const auto& from = snapshot_->configuration();
  StatusReport out;
  out.version = WEIR_VERSION;
  out.file = from.file;
  out.pid = getpid();
  out.uptime_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock_now() - started_).count();
  out.workers = static_cast<int>(workers_.size());
  out.port = from.gateway.port;
  out.tcp_flows = admission_.live(Protocol::tcp);
  out.udp_flows = admission_.live(Protocol::udp);
  out.max_flows = snapshot_->limits().max_flows;
  out.reloads = reloads_;
  out.reloads_failed = reloads_failed_;
  if (keeper_) {
    const auto firewall = keeper_->status();
    out.firewall = {.backend = std::string(name_of(firewall.backend)),
                    .repairs = firewall.repairs,
                    .trouble = firewall.trouble};
  }
  rule_tallies_.each([&](const std::string&, const Tally& tally) {
    const auto sum = tally.sum();
    out.flows_total += sum.flows;
    out.bytes_up += sum.bytes_up;
    out.bytes_down += sum.bytes_down;
  });
  for (std::size_t i = 0; i < static_cast<std::size_t>(Reason::count); ++i) {
    const auto reason = static_cast<Reason>(i);
    std::uint64_t sum = 0;
    for (const auto& worker : workers_) {
      sum += worker->reasons().get(reason);
    }
    out.reasons.emplace_back(name_of(reason), sum);
  }
  return out;
}

std::vector<RuleReport> Gateway::rules() {
  const auto& from = snapshot_->configuration();
  const auto entries = snapshot_->entries();
  // What the firewall decided alone is counted by the kernel.
  const StartingProgram guard(*this);
  std::vector<firewall::RuleCounter> counters;
  for (const auto backend : {firewall::Backend::nft, firewall::Backend::iptables}) {
    const auto there = firewall::applied(backend);
    if (there.ok() && there.value()) {
      if (auto read = firewall::read_counters(firewall_rules(*snapshot_), backend); read.ok()) {
        counters = std::move(read).value();
      }
      break;
    }
  }
  std::vector<RuleReport> out;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const RuleEntry& entry = entries[i];
    const bool is_default = i + 1 == entries.size();
    const Place place = is_default ? from.gateway.default_place : from.rules[i].place;
    RuleReport report;
    report.name = entry.name;
    report.use = entry.upstream->name();
    report.place = place.line == 0 ? place.file : place.file + ":" + std::to_string(place.line);
    const auto sum = entry.tally->sum();
    report.flows = sum.flows;
    report.live = entry.tally->live.load(std::memory_order_relaxed);
    report.bytes_up = sum.bytes_up;
    report.bytes_down = sum.bytes_down;
    const auto counted = std::find_if(counters.begin(), counters.end(), [&](const auto& counter) {
      return counter.row == (is_default ? 0 : i + 1) &&
             counter.verdict != firewall::Verdict::intercept;
    });
    if (counted != counters.end()) {
      report.in_firewall = true;
      report.firewall_packets = counted->packets;
      report.firewall_bytes = counted->bytes;
    }
    out.push_back(std::move(report));
  }
  return out;
}

std::vector<UpstreamReport> Gateway::upstreams() {
  std::vector<UpstreamReport> out;
  for (const auto& upstream : snapshot_->upstreams()) {
    const auto tally = upstream_tallies_.get(upstream->name());
    const auto sum = tally->sum();
    UpstreamReport report;
    report.name = upstream->name();
    report.type = upstream->profile().type;
    report.flows = sum.flows;
    report.live = tally->live.load(std::memory_order_relaxed);
    report.bytes_up = sum.bytes_up;
    report.bytes_down = sum.bytes_down;
    for (const auto& server : upstream->servers()) {
      ServerReport line;
      line.name = server->identity().name;
      line.host = server->identity().host;
      line.port = server->identity().port;
      const AddressSet addresses = server->addresses();
      for (std::size_t i = 0; i < addresses.size(); ++i) {
        line.addresses.push_back(addresses[i].text());
      }
      line.flows = server->flows_total.load(std::memory_order_relaxed);
      line.live = server->flows_active.load(std::memory_order_relaxed);
      line.failures = server->failures_total.load(std::memory_order_relaxed);
      line.bytes_up = server->bytes_up.load(std::memory_order_relaxed);
      line.bytes_down = server->bytes_down.load(std::memory_order_relaxed);
      report.servers.push_back(std::move(line));
    }
    out.push_back(std::move(report));
  }
  return out;
}

void Gateway::flows(const FlowFilter& filter, std::function<void(FlowList)> answer) {
  auto gathered = std::make_shared<FlowList>();
  auto outstanding = std::make_shared<std::size_t>(workers_.size());
  auto reply = std::make_shared<std::function<void(FlowList)>>(std::move(answer));
  for (const auto& worker : workers_) {
    worker->post([this, filter, gathered, outstanding, reply](Worker& self) {
      auto part = std::make_shared<FlowList>();
      self.list(filter, *part);
      mailbox_->post([filter, gathered, outstanding, reply, part]() {
        gathered->total += part->total;
        for (auto& record : part->flows) {
          if (gathered->flows.size() < filter.limit) {
            gathered->flows.push_back(std::move(record));
          }
        }
        if (--*outstanding == 0) {
          (*reply)(std::move(*gathered));
        }
      });
    });
  }
}

}  // namespace weir
