#include "cli/explain.h"

#include <cstdio>
#include <optional>
#include <span>
#include <utility>

#include "base/json.h"
#include "base/links.h"
#include "base/machine_here.h"
#include "base/time_input.h"
#include "cli/implied_rules.h"
#include "cli/load.h"
#include "doctor/route_lookup.h"
#include "firewall/install.h"
#include "firewall/surroundings.h"
#include "intercept/neighbours.h"

namespace weir {
namespace {

std::string location_text(const SourceLocation& location) {
  return location.file + ":" + std::to_string(location.line);
}

Json json_of(const Explanation::Path& path) {
  Json out(Json::Kind::object);
  if (!path.servers.empty()) {
    out.set("servers", path.servers);
  }
  if (!path.goes_to.empty()) {
    out.set("goes_to", path.goes_to);
  }
  Json via;
  for (const Explanation::Hop& hop : path.via) {
    Json json{{"upstream", hop.upstream}, {"type", hop.type}};
    if (!hop.servers.empty()) {
      json.set("servers", hop.servers);
    }
    via.push(std::move(json));
  }
  if (!path.via.empty()) {
    out.set("via", std::move(via));
  }
  for (const auto& [key, text] : {std::pair("source", &path.source), std::pair("mark", &path.mark),
                                  std::pair("interface", &path.interface)}) {
    if (!text->empty()) {
      out.set(key, *text);
    }
  }
  if (path.dscp) {
    out.set("dscp", *path.dscp);
  }
  return out;
}

// This machine, at the time that is asked about.
Result<MachineHere> machine_at(const std::string& time) {
  MachineHere out = MachineHere::read();
  if (time.empty()) {
    return out;
  }
  const auto at = parse_time(time, out.clock->zone);
  if (!at) {
    return at.error();
  }
  if (!at.value().remark.empty()) {
    (void)std::fprintf(stderr, "weir explain: %s\n", at.value().remark.c_str());
  }
  out.clock = set_to(*out.clock, at.value().at);
  return out;
}

// Which device the client is: the one that was said, else the neighbour table's.
Result<DeviceMac> device_of(const ExplainArguments& arguments) {
  if (!arguments.mac.empty()) {
    const auto mac = Mac::parse_device(arguments.mac);
    return mac ? Result<DeviceMac>([said = mac.value()](const Address&) { return said; })
               : mac.error();
  }
  const auto read = read_neighbours();
  return DeviceMac([known = read ? read.value() : nullptr](const Address& address) {
    return Mac::from_memory(known == nullptr ? 0 : known->device_of(address));
  });
}

// Ports of bridges, in the configuration and in the question, become the bridges.
std::string as_packets_come_in(Configuration& configuration, const std::string& interface,
                               const MachineHere& here) {
  configuration.firewall.interfaces = inbound_names(here.links, configuration.firewall.interfaces);
  configuration = configuration.fitted(here.view());
  const Link* master = inbound_master(here.links, interface);
  return master == nullptr ? interface : master->name;
}

// Where routing would send it, as the firewall asks: by the destination alone. None: it does not.
std::optional<std::string> route_out(const firewall::Ruleset& rules, const Flow& flow) {
  const auto backend = firewall::standard_backend();
  if (!rules.asks_routes() ||
      firewall::shortcoming_of(rules, backend).weight != firewall::Shortcoming::Weight::none) {
    return std::nullopt;
  }
  doctor::RouteQuery query;
  query.destination = flow.destination.address;
  const auto route = doctor::look_up_route(query);
  return route ? route.value().outbound : "";
}

}  // namespace

Result<Flow> flow_of(const ExplainArguments& arguments) {
  Flow flow;
  if (arguments.protocol != "tcp" && arguments.protocol != "udp") {
    return Error("'" + arguments.protocol + "' is not tcp or udp");
  }
  flow.protocol = arguments.protocol == "tcp" ? Protocol::tcp : Protocol::udp;
  if (auto address = Address::parse(arguments.client); address.ok()) {
    flow.client.address = address.value();
  } else if (auto endpoint = Endpoint::parse(arguments.client); endpoint.ok()) {
    flow.client = endpoint.value();
  } else {
    return Error("client '" + arguments.client +
                 "' is not ADDRESS or ADDRESS:PORT (IPv6: [ADDRESS]:PORT)");
  }
  auto destination = Endpoint::parse(arguments.destination);
  if (!destination) {
    return Error("destination " + destination.error().text());
  }
  flow.destination = destination.value();
  if (flow.client.family() != flow.destination.family()) {
    return Error("client and destination are of different families");
  }
  flow.interface = arguments.interface.empty() ? 0 : 1;
  return flow;
}

std::vector<std::string> lines_of(const Explanation& explanation) {
  std::vector<std::string> out;
  out.push_back("flow " + explanation.protocol + " " + explanation.client + " -> " +
                explanation.destination);
  for (const auto& passed : explanation.passed) {
    out.push_back("not rule " + passed.rule + " (" + location_text(passed.location) +
                  "): " + passed.why);
  }
  if (!explanation.not_intercepted.empty()) {
    out.push_back("not intercepted: " + explanation.not_intercepted);
    return out;
  }
  out.push_back("rule " + explanation.rule +
                (explanation.location ? " (" + location_text(*explanation.location) + ")"
                                      : ": no rule matches, [gateway] default decides"));
  if (!explanation.problem.empty()) {
    out.push_back("upstream " + explanation.upstream + " cannot be made: " + explanation.problem);
    return out;
  }
  if (!explanation.passes_by.empty()) {
    out.push_back("passes by: " + explanation.passes_by);
  }
  out.push_back("upstream " + explanation.upstream +
                (explanation.type == explanation.upstream ? "" : ": type " + explanation.type));
  const Explanation::Path& path = explanation.path;
  for (const std::string& server : path.servers) {
    out.push_back("server " + server);
  }
  for (const std::string& target : path.goes_to) {
    out.push_back("goes to " + target);
  }
  for (const Explanation::Hop& hop : path.via) {
    const std::string via = "via " + hop.upstream + ": ";
    out.push_back(via + "type " + hop.type);
    const std::string server_begins = via + (hop.type == "group" ? "" : "server ");
    for (const std::string& server : hop.servers) {
      out.push_back(server_begins + server);
    }
  }
  for (const auto& [word, text] :
       {std::pair("source ", &path.source), std::pair("mark ", &path.mark),
        std::pair("interface ", &path.interface)}) {
    if (!text->empty()) {
      out.push_back(word + *text);
    }
  }
  if (path.dscp) {
    out.push_back("dscp " + std::to_string(*path.dscp));
  }
  if (!explanation.firewall.empty()) {
    out.push_back("firewall: " + explanation.firewall);
  }
  return out;
}

std::string json_of(const Explanation& explanation) {
  Json out{{"protocol", explanation.protocol},
           {"client", explanation.client},
           {"destination", explanation.destination},
           {"intercepted", explanation.not_intercepted.empty()}};
  if (!explanation.not_intercepted.empty()) {
    out.set("why_not", explanation.not_intercepted);
  } else {
    Json not_rules(Json::Kind::array);
    for (const auto& passed : explanation.passed) {
      not_rules.push({{"rule", passed.rule},
                      {"file", passed.location.file},
                      {"line", passed.location.line},
                      {"why", passed.why}});
    }
    out.set("not_rules", std::move(not_rules));
    out.set("rule", explanation.rule);
    if (explanation.location) {
      out.set("file", explanation.location->file);
      out.set("line", explanation.location->line);
    }
    out.set("upstream", explanation.upstream);
    if (explanation.problem.empty()) {
      out.set("type", explanation.type);
      if (!explanation.passes_by.empty()) {
        out.set("passes_by", explanation.passes_by);
      }
      out.merge(json_of(explanation.path));
      out.set("firewall", explanation.firewall.empty() ? "hands it to weir" : explanation.firewall);
    } else {
      out.set("error", explanation.problem);
    }
  }
  return json_text(out);
}

int run_explain(const ExplainArguments& arguments) {
  const auto flow = flow_of(arguments);
  if (!flow) {
    (void)std::fprintf(stderr, "weir explain: %s\n", flow.error().text().c_str());
    return bad_configuration;
  }
  auto configuration = load_or_report(arguments.file);
  if (!configuration) {
    return bad_configuration;
  }
  const auto machine = machine_at(arguments.time);
  if (!machine) {
    (void)std::fprintf(stderr, "weir explain: --time: %s\n", machine.error().text().c_str());
    return bad_configuration;
  }
  const auto device = device_of(arguments);
  if (!device) {
    (void)std::fprintf(stderr, "weir explain: --mac: %s\n", device.error().text().c_str());
    return bad_configuration;
  }
  const std::string interface =
      as_packets_come_in(*configuration, arguments.interface, machine.value());
  const auto rules = implied_rules(*configuration, machine.value().view());
  const auto here =
      rules ? firewall::fitted_to_machine(rules.value(), firewall::standard_backend()) : rules;
  const Explanation explanation = explain(
      *configuration, flow.value(), interface, firewall::kind_of(flow.value().destination.address),
      here ? std::span(here.value().outside) : std::span<const std::string>(),
      here ? route_out(here.value(), flow.value()) : std::nullopt, device.value());
  if (arguments.json) {
    (void)std::printf("%s\n", json_of(explanation).c_str());
    return 0;
  }
  for (const std::string& line : lines_of(explanation)) {
    (void)std::printf("%s\n", line.c_str());
  }
  return 0;
}

}  // namespace weir
