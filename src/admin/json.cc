#include "admin/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/escape.h"
#include "base/json.h"
#include "base/log.h"
#include "base/wall_time.h"

namespace weir {
namespace {

std::string line(const Json& json) { return json_text(json) + '\n'; }

Json traffic_of(const Traffic& traffic) {
  return {{"bytes_up", traffic.bytes_up},
          {"bytes_down", traffic.bytes_down},
          {"packets_up", traffic.packets_up},
          {"packets_down", traffic.packets_down}};
}

Json flows_of(const FlowCounts& counts) {
  return {{"flows", counts.live}, {"flows_total", counts.flows}};
}

Json object_of(const RuleReport& rule) {
  Json out{{"name", rule.name},
           {"use", rule.use},
           {"place", rule.location},
           {"when", rule.clock_state},
           {"changed_sets", rule.changed_sets},
           {"in_firewall", rule.in_firewall},
           {"left_to_gateway", rule.left_to_gateway},
           {"firewall_packets", rule.firewall_packets},
           {"firewall_bytes", rule.firewall_bytes}};
  out.merge(flows_of(rule));
  out.merge(traffic_of(rule));
  return out;
}

Json known(std::int64_t number) { return number < 0 ? Json() : Json(number); }

Json object_of(const ServerReport& server) {
  Json out{{"name", server.name},
           {"host", server.host},
           {"port", server.port == 0 ? Json() : Json(server.port)},
           {"addresses", server.addresses},
           {"state", server.state},
           {"why", server.why},
           {"since_ms", known(server.since_ms)},
           {"check_ms",
            server.check_us < 0 ? Json() : Json(static_cast<double>(server.check_us) / 1000)},
           {"resolved_ms_ago", known(server.resolved_ms)},
           {"weight", server.weight},
           {"backup", server.is_backup},
           {"max_flows", server.max_flows == 0 ? Json() : Json(server.max_flows)}};
  out.merge(flows_of(server));
  out.set("failures_total", server.failures);
  out.merge(traffic_of(server));
  return out;
}

Json object_of(const ServiceReport& service) {
  return {{"name", service.name},
          {"targets", service.targets},
          {"resolved_ms_ago", known(service.resolved_ms)}};
}

Json object_of(const UpstreamReport& upstream) {
  Json services(Json::Kind::array);
  for (const auto& service : upstream.services) {
    services.push(object_of(service));
  }
  Json servers(Json::Kind::array);
  for (const auto& server : upstream.servers) {
    servers.push(object_of(server));
  }
  Json out{{"name", upstream.name}, {"type", upstream.type}};
  out.merge(flows_of(upstream));
  out.merge(traffic_of(upstream));
  out.merge(
      {{"checksum", upstream.checksum ? Json(fmt::format("{:016x}", *upstream.checksum)) : Json()},
       {"members", upstream.members},
       {"services", std::move(services)},
       {"servers", std::move(servers)}});
  return out;
}

Json object_of(const SetReport::Item& item, WallTime now) {
  Json until;
  if (item.left) {
    std::string text;
    append_rfc3339(text, now + *item.left);
    until = Json(std::move(text));
  }
  return {{"item", item.item},
          {"change", item.is_added ? "added" : "removed"},
          {"uid", item.uid},
          {"until", std::move(until)},
          {"left_ms", item.left ? Json(item.left->count()) : Json()}};
}

Json object_of(const SetReport& set, SetContent content) {
  const auto added = static_cast<std::uint64_t>(std::count_if(
      set.live.begin(), set.live.end(), [](const auto& item) { return item.is_added; }));
  Json out{{"name", set.name},
           {"files", set.files},
           {"prefixes", set.prefixes},
           {"names", set.names},
           {"skipped_lines", set.skipped_lines},
           {"added", added},
           {"removed", set.live.size() - added}};
  if (content == SetContent::shown) {
    Json live(Json::Kind::array);
    for (const auto& item : set.live) {
      live.push(object_of(item, wall_now()));
    }
    out.set("kept_for", set.kept_for);
    out.set("live", std::move(live));
  }
  return out;
}

template <typename Report>
std::string list_of(const char* key, const std::vector<Report>& reports) {
  Json list(Json::Kind::array);
  for (const auto& report : reports) {
    list.push(object_of(report));
  }
  return line({{key, std::move(list)}});
}

}  // namespace

std::string json_of(const StatusReport& status) {
  Json events(Json::Kind::object);
  for (const auto& [reason, count] : status.reasons) {
    events.set(reason, count);
  }
  Json out{{"version", status.version},
           {"file", status.file},
           {"pid", status.pid},
           {"uptime_ms", status.uptime_ms},
           {"workers", status.workers},
           {"port", status.port},
           {"draining", status.draining},
           {"log_level", name_of(status.log_level)},
           {"tcp_flows", status.tcp_flows},
           {"udp_flows", status.udp_flows},
           {"max_flows", status.max_flows},
           {"flows_total", status.flows_total}};
  out.merge(traffic_of(status));
  out.merge({{"reloads", status.reloads},
             {"reloads_failed", status.reloads_failed},
             {"events", std::move(events)}});
  if (!status.firewall.backend.empty()) {
    out.set("firewall", {{"backend", status.firewall.backend},
                         {"kept", status.firewall.kept},
                         {"repairs", status.firewall.repairs},
                         {"outside", status.firewall.outside},
                         {"trouble", status.firewall.trouble}});
  }
  return line(out);
}

std::string json_of(const std::vector<RuleReport>& rules) { return list_of("rules", rules); }

std::string json_of(const std::vector<UpstreamReport>& upstreams) {
  return list_of("upstreams", upstreams);
}

std::string json_of(const ServerReport& server) { return line(object_of(server)); }

std::string json_of(const std::vector<SetReport>& sets, SetContent content) {
  Json list(Json::Kind::array);
  for (const auto& set : sets) {
    list.push(object_of(set, content));
  }
  return line({{"sets", std::move(list)}});
}

std::string json_of(const SetOutcome& done) {
  Json out = object_of(done.set, SetContent::shown);
  out.set("trouble", done.trouble);
  return line(out);
}

// Not through a tree of values: this list can be long, and a record already knows its JSON.
std::string json_of(const FlowList& flows) {
  std::string out = R"({"flows":[)";
  out.reserve(flows.flows.size() * 512 + 64);
  for (std::size_t i = 0; i < flows.flows.size(); ++i) {
    out += i == 0 ? "" : ",";
    append_json(out, flows.flows[i]);
  }
  out += R"(],"total":)";
  out += std::to_string(flows.total);
  out += "}\n";
  return out;
}

std::string json_of(const TopTalkers& top_talkers) {
  Json clients(Json::Kind::array);
  for (const auto& client : top_talkers.clients) {
    Json one{{"client", client.address.text()}};
    if (!client.device.empty()) {
      one.set("device", client.device);
    }
    one.set("flows", client.flows);
    one.set("bytes", client.bytes);
    one.set("bytes_per_second", client.bytes_per_second);
    clients.push(std::move(one));
  }
  std::string out = R"({"clients":)" + json_text(clients);
  out += R"(,"clients_total":)" + std::to_string(top_talkers.clients_total);
  out += R"(,"flows":[)";
  for (std::size_t i = 0; i < top_talkers.flows.size(); ++i) {
    out += i == 0 ? "" : ",";
    append_json(out, top_talkers.flows[i].record);
    out.back() = ',';  // the record's brace
    out += R"("bytes_per_second":)" + std::to_string(top_talkers.flows[i].bytes_per_second) + '}';
  }
  out += R"(],"flows_total":)" + std::to_string(top_talkers.flows_total);
  out += "}\n";
  return out;
}

std::string json_of(const ReloadReport& report) {
  if (!report.ok) {
    return line({{"errors", report.errors}, {"warnings", report.warnings}});
  }
  const auto changes = [](const auto& added, const auto& removed, const auto& changed) {
    return Json{{"added", added}, {"removed", removed}, {"changed", changed}};
  };
  return line(
      {{"rules", changes(report.rules_added, report.rules_removed, report.rules_changed)},
       {"servers", changes(report.servers_added, report.servers_removed, report.servers_changed)},
       {"settings", report.settings},
       {"flows_kept", report.flows_kept},
       {"flows_now_matching_another_rule", report.flows_now_matching_another_rule},
       {"warnings", report.warnings}});
}

std::string json_of_errors(const std::vector<std::string>& errors) {
  return line({{"errors", errors}});
}

}  // namespace weir
