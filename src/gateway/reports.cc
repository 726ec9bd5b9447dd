// What the gateway tells of itself: counters summed over the workers, and the list of live flows,
// which the workers have to be asked for.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "gateway/gateway.h"
#include "gateway/server_reports.h"

namespace weir {
namespace {

Latencies latencies_of(const Tally& tally) {
  return {.connect = tally.sum(Latency::connect),
          .handshake = tally.sum(Latency::handshake),
          .first_byte = tally.sum(Latency::first_byte)};
}

}  // namespace

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
  out.draining = draining_;
  out.log_level = log_->level();
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
    out.packets_up += sum.packets_up;
    out.packets_down += sum.packets_down;
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
  if (const Instant now = clock_now(); firewall_counts_.is_stale(now)) {
    const StartingProgram guard(*this);
    firewall_counts_.read(*snapshot_, now);
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
    report.packets_up = sum.packets_up;
    report.packets_down = sum.packets_down;
    report.latencies = latencies_of(*entry.tally);
    if (const auto counted = firewall_counts_.of(entry.name)) {
      report.in_firewall = true;
      report.firewall_packets = counted->packets;
      report.firewall_bytes = counted->bytes;
    }
    out.push_back(std::move(report));
  }
  return out;
}

std::vector<UpstreamReport> Gateway::upstreams() {
  checker_->observe();
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
    report.packets_up = sum.packets_up;
    report.packets_down = sum.packets_down;
    report.latencies = latencies_of(*tally);
    report.servers = server_reports(*upstream);
    if (const ServerSet* set = upstream->server_set()) {
      report.checksum = set->checksum();
      report.services = service_reports(*set);
    }
    for (const auto& member : upstream->through()) {
      report.members.push_back(member->name());
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

std::vector<WorkerReport> Gateway::workers() {
  std::vector<WorkerReport> out;
  out.reserve(workers_.size());
  for (const auto& worker : workers_) {
    out.push_back(worker->report());
  }
  return out;
}

void Gateway::busiest(std::function<void(std::shared_ptr<const Busiest>)> answer) {
  if (busiest_ && clock_now() - busiest_at_ < busiest_is_fresh) {
    answer(busiest_);
    return;
  }
  asking_busiest_.push_back(std::move(answer));
  if (asking_busiest_.size() > 1) {
    return;  // the workers are being asked
  }
  auto parts = std::make_shared<std::vector<BusyLook::Part>>();
  for (const auto& worker : workers_) {
    worker->post([this, parts](Worker& self) {
      auto part = std::make_shared<BusyLook::Part>(self.busiest());
      mailbox_->post([this, parts, part]() {
        parts->push_back(std::move(*part));
        if (parts->size() == workers_.size()) {
          busiest_ = std::make_shared<Busiest>(BusyLook::merge(std::move(*parts)));
          busiest_at_ = clock_now();
          for (const auto& ask : std::exchange(asking_busiest_, {})) {
            ask(busiest_);
          }
        }
      });
    });
  }
}

void Gateway::close_flow(const std::string& id, std::function<void(bool)> answer) {
  struct Search {
    std::size_t outstanding;
    bool found = false;
    std::function<void(bool)> answer;
  };
  auto search = std::make_shared<Search>(
      Search{.outstanding = workers_.size(), .found = false, .answer = std::move(answer)});
  for (const auto& worker : workers_) {
    worker->post([this, id, search](Worker& self) {
      const bool closed = self.close_flow(id);
      mailbox_->post([search, closed]() {
        search->found = search->found || closed;
        if (--search->outstanding == 0) {
          search->answer(search->found);
        }
      });
    });
  }
}

void Gateway::set_log_level(LogLevel level) {
  log_->set_level(level);
  log_->info(std::string("log level is now ") + std::string(name_of(level)));
}

}  // namespace weir
