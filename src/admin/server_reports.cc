#include "admin/server_reports.h"

#include <chrono>

#include "base/server_counts.h"
#include "loop/loop.h"

namespace weir {
namespace {

std::int64_t age_ms(Instant since) {
  return since == Instant{} ? -1
                            : std::chrono::duration_cast<Milliseconds>(clock_now() - since).count();
}

ServerReport report_of(const Server& server, const ServerSet::Terms& terms) {
  ServerReport out;
  static_cast<FlowCounts&>(out) = server.counts().sum();
  out.name = server.identity().name;
  out.host = server.identity().host;
  out.port = server.identity().port;
  const AddressSet addresses = server.addresses();
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    out.addresses.push_back(addresses[i].text());
  }
  out.state = name_of(server.status.state);
  out.why = server.status.why;
  out.since_ms = age_ms(server.status.since);
  out.check_us = server.status.check_us;
  if (server.is_named()) {
    out.resolved_ms = age_ms(server.status.resolved);
  }
  if (addresses.size() == 0 && server.status.state == ServerHealth::State::up) {
    out.state = name_of(ServerHealth::State::down);
    out.why = "its name has no address yet";
  }
  out.weight = terms.weight;
  out.is_backup = terms.is_backup;
  out.max_flows = terms.max_flows;
  out.failures = server.failures_total.load(std::memory_order_relaxed);
  return out;
}

}  // namespace

std::vector<ServerReport> server_reports(const Upstream& upstream) {
  std::vector<ServerReport> out;
  const auto servers = upstream.servers();
  for (std::size_t i = 0; i < servers.size(); ++i) {
    out.push_back(report_of(*servers[i], upstream.server_set()->terms_of(i)));
  }
  return out;
}

std::vector<ServiceReport> service_reports(const ServerSet& set) {
  std::vector<ServiceReport> out;
  for (const auto& service : set.services()) {
    out.push_back({.name = service->name(),
                   .targets = service->targets().size(),
                   .resolved_ms = age_ms(service->resolved)});
  }
  return out;
}

}  // namespace weir
