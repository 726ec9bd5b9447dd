#include "cli/explain.h"

#include <linux/rtnetlink.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>

#include "base/escape.h"
#include "base/links.h"
#include "base/machine_here.h"
#include "base/surroundings.h"
#include "base/time_input.h"
#include "cli/asked_host.h"
#include "cli/control_client.h"
#include "cli/exit_status.h"
#include "cli/explanation_text.h"
#include "cli/flow_file.h"
#include "cli/implied_rules.h"
#include "cli/load.h"
#include "cli/print_error.h"
#include "cli/set_text.h"
#include "devices/asked_devices.h"
#include "devices/why_unknown.h"
#include "doctor/route_lookup.h"
#include "firewall/install.h"
#include "firewall/surroundings.h"
#include "gateway/known_devices.h"
#include "loop/loop.h"
#include "rules/conditions/table.h"

namespace weir {
namespace {

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

// The sets with what the running gateway has added to them and removed from them. Where none runs
// they are as their lists say.
std::shared_ptr<const SetTable> sets_as_they_are(const Configuration& configuration) {
  const std::string& socket = configuration.admin.socket;
  if (configuration.sets.empty() || access(socket.c_str(), F_OK) != 0) {
    return configuration.set_table;
  }
  const auto answer = ask_gateway(socket, "GET", "/v1/sets");
  auto live = !answer                        ? Result<LiveSets>(answer.error())
              : answer.value().status == 200 ? live_sets_in(answer.value().body, clock_now())
                                             : Result<LiveSets>(Error("it refuses to say"));
  if (!live) {
    print_error(
        "weir explain: sets are as their lists say, without what a running gateway has "
        "added and removed: " +
        live.error().text());
    return configuration.set_table;
  }
  return live.value().over(configuration.set_table);
}

// Which device the client is: the one that was said, else what this machine knows of it.
Result<ClientDevice> device_of(const ExplainArguments& arguments,
                               const std::shared_ptr<const DeviceTable>& known) {
  if (arguments.mac.empty()) {
    return ClientDevice(
        [known](const Flow& flow) { return known->device_of(flow.client.address); });
  }
  const auto mac = Mac::parse_device(arguments.mac);
  if (!mac) {
    return mac.error();
  }
  using Said = std::unordered_map<Address, Device, AddressHash>;
  return ClientDevice(
      [known, mac = mac.value(), said = std::make_shared<Said>()](const Flow& flow) {
        const Address& client = flow.client.address;
        return &said->try_emplace(client, known->device_with(client, mac)).first->second;
      });
}

// What is known of the client, and where rules ask for that, why nothing is.
std::string device_text(const Configuration& configuration, const Flow& flow,
                        const ClientDevice& find, const DeviceTable& table) {
  const Device* device = find(flow);
  std::string known = device == nullptr ? "" : described(*device);
  if (device != nullptr && !device->name.empty()) {
    return known;
  }
  if (!asks_for_devices(configuration)) {
    return "";
  }
  if (device != nullptr && table.device_of(flow.client.address) != device) {
    return known + ", as was said: no lease and no line of [devices] names it";
  }
  const auto links = Surroundings::read();
  const Unknown why = why_unnamed(table, flow.client.address, links ? &links.value() : nullptr);
  return (known.empty() ? "unknown" : known) + ": " + why.text;
}

// Ports of bridges, in the configuration and in the question, become the bridges.
std::string as_packets_come_in(Configuration& configuration, const std::string& interface,
                               const MachineHere& here) {
  configuration.firewall.interfaces = inbound_names(here.links, configuration.firewall.interfaces);
  Machine machine = here.view();
  machine.devices = here.devices.get();
  configuration = configuration.fitted(machine);
  const Link* master = inbound_master(here.links, interface);
  return master == nullptr ? interface : master->name;
}

// Whether the firewall asks where routing would send a packet. The same for all flows.
bool asks_routes(const firewall::Ruleset& rules) {
  return rules.asks_routes() &&
         firewall::shortcoming_of(rules, firewall::standard_backend()).weight ==
             firewall::Shortcoming::Weight::none;
}

// Where routing would send it, as the firewall asks: by the destination alone.
std::string route_out(const Flow& flow) {
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

namespace {

// Asks the kernel once for each destination: records of one evening name few.
FlowDecider::Surroundings known_surroundings(const firewall::Ruleset* rules) {
  FlowDecider::Surroundings out;
  using Kinds = std::unordered_map<Address, firewall::AddressKind, AddressHash>;
  out.kind_of = [local = std::array{firewall::read_routes(Family::v4, RT_TABLE_LOCAL),
                                    firewall::read_routes(Family::v6, RT_TABLE_LOCAL)},
                 known = std::make_shared<Kinds>()](const Address& address) {
    const auto [at, is_new] = known->try_emplace(address);
    if (is_new) {
      const auto& routes = local[address.is_v4() ? 0 : 1];
      at->second = firewall::kind_of(
          address, routes ? std::span(routes.value()) : std::span<const firewall::TableRoute>());
    }
    return at->second;
  };
  if (rules == nullptr) {
    return out;
  }
  out.outside = rules->outside;
  if (!asks_routes(*rules)) {
    return out;
  }
  using Interfaces = std::unordered_map<Address, std::string, AddressHash>;
  out.leaves_by = [known = std::make_shared<Interfaces>()](const Flow& flow) {
    const auto [at, is_new] = known->try_emplace(flow.destination.address);
    if (is_new) {
      at->second = route_out(flow);
    }
    return std::optional(at->second);
  };
  return out;
}

void warn_of_what_is_not_recorded(const Configuration& configuration,
                                  const ExplainArguments& arguments) {
  const auto& rules = configuration.rules;
  const auto has_windows = [](const RuleSettings& rule) {
    return std::any_of(rule.conditions.begin(), rule.conditions.end(),
                       [](const RuleCondition& one) { return !one.clock_state().empty(); });
  };
  if (arguments.time.empty() && std::any_of(rules.begin(), rules.end(), has_windows)) {
    (void)std::fprintf(stderr,
                       "weir explain: rules with 'when' are decided as of now, whenever the flows "
                       "were; --time names another time\n");
  }
  if (std::any_of(rules.begin(), rules.end(),
                  [](const RuleSettings& rule) { return rule.find(host_condition) != nullptr; })) {
    (void)std::fprintf(stderr,
                       "weir explain: a flow whose record has no 'host' is decided as one that "
                       "names none\n");
  }
  if (!arguments.interface.empty()) {
    return;
  }
  if (std::any_of(rules.begin(), rules.end(),
                  [](const RuleSettings& rule) { return !rule.interfaces().empty(); })) {
    (void)std::fprintf(stderr,
                       "weir explain: records do not name the inbound interface: without "
                       "--interface no flow matches a rule with 'interface'\n");
  }
}

}  // namespace

int run_explain(const ExplainArguments& arguments) {
  const bool from_file = !arguments.flows.empty();
  if (!from_file && arguments.destination.empty()) {
    (void)std::fprintf(
        stderr,
        "weir explain: which flow? Name a protocol, a client and a destination, or a "
        "file of flow records with --file\n");
    return Exit::bad_configuration;
  }
  const auto flow = from_file ? Result<Flow>(Flow()) : flow_of(arguments);
  if (!flow) {
    (void)std::fprintf(stderr, "weir explain: %s\n", flow.error().text().c_str());
    return Exit::bad_configuration;
  }
  auto configuration = load_or_report(arguments.file);
  if (!configuration) {
    return Exit::bad_configuration;
  }
  auto machine = machine_at(arguments.time);
  if (!machine) {
    (void)std::fprintf(stderr, "weir explain: --time: %s\n", machine.error().text().c_str());
    return Exit::bad_configuration;
  }
  machine.value().sets = sets_as_they_are(*configuration);
  machine.value().devices = read_devices(configuration->devices);
  const auto device = device_of(arguments, machine.value().devices);
  if (!device) {
    (void)std::fprintf(stderr, "weir explain: --mac: %s\n", device.error().text().c_str());
    return Exit::bad_configuration;
  }
  const auto host = host_in(arguments.host);
  if (!host) {
    (void)std::fprintf(stderr, "weir explain: --host: %s\n", host.error().text().c_str());
    return Exit::bad_configuration;
  }
  const std::string interface =
      as_packets_come_in(*configuration, arguments.interface, machine.value());
  const auto rules = implied_rules(*configuration, machine.value().view());
  const auto here =
      rules ? firewall::fitted_to_machine(rules.value(), firewall::standard_backend()) : rules;
  if (from_file) {
    warn_of_what_is_not_recorded(*configuration, arguments);
    FlowDecider::Surroundings surroundings = known_surroundings(here ? &here.value() : nullptr);
    surroundings.device = device.value();
    const FlowDecider decider(*configuration, std::move(surroundings));
    return compare_flow_file(
        {.flows = arguments.flows, .interface = interface, .json = arguments.json}, decider,
        *configuration);
  }
  Explanation explanation = explain(
      *configuration, flow.value(), interface, firewall::kind_of(flow.value().destination.address),
      here ? std::span(here.value().outside) : std::span<const std::string>(),
      here && asks_routes(here.value()) ? std::optional(route_out(flow.value())) : std::nullopt,
      device.value(), known_host(host.value()));
  explanation.device =
      device_text(*configuration, flow.value(), device.value(), *machine.value().devices);
  if (arguments.json) {
    (void)std::printf("%s\n", json_of(explanation).c_str());
    return 0;
  }
  for (const std::string& line : lines_of(explanation)) {
    // A client's device may call itself what a terminal obeys.
    std::string shown;
    append_printable(shown, line);
    (void)std::printf("%s\n", shown.c_str());
  }
  return 0;
}

}  // namespace weir
