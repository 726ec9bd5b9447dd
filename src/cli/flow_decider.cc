#include "cli/flow_decider.h"

#include <algorithm>
#include <utility>

#include "base/names.h"
#include "firewall/narrowing.h"

namespace weir {
namespace {

using firewall::AddressKind;

constexpr std::size_t ports = 65536;

std::string port_text(const Flow& flow) {
  return text_of({flow.protocol, flow.destination.port, flow.destination.port});
}

bool covers(const std::vector<std::string>& patterns, std::string_view interface) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return covers_interface(pattern, interface);
  });
}

std::string no_route(const Flow& flow) {
  return "the router has no route to destination " + flow.destination.address.text();
}

// True where the firewall can do all that becomes of a flow.
bool is_offloaded(const FlowDecider::Target& target) {
  return target.upstream && target.upstream->offload() != Upstream::Offload::none;
}

}  // namespace

FlowDecider::FlowDecider(const Configuration& configuration, Surroundings surroundings)
    : configuration_(configuration),
      surroundings_(std::move(surroundings)),
      assembly_(configuration.upstreams, servers_),
      rules_(RuleSet::compile(configuration.rules)),
      excluded_(configuration.firewall.exclude),
      named_(2 * ports),
      handed_over_(2 * ports) {
  in_order_.reserve(configuration.rules.size() + 1);
  for (const RuleSettings& rule : configuration.rules) {
    const Target& target = target_of(rule.use);
    in_order_.push_back(&target);
    const bool in_firewall =
        is_offloaded(target) && firewall::narrowed(rule, configuration.firewall.max_set).is_exact();
    for (const PortRange& range : rule.on()) {
      for (std::size_t i = slot(range.protocol, range.first); i <= slot(range.protocol, range.last);
           ++i) {
        named_[i] = true;
        handed_over_[i] = handed_over_[i] || !in_firewall;
      }
    }
  }
  in_order_.push_back(&target_of(configuration.gateway.default_use));
}

std::size_t FlowDecider::slot(Protocol protocol, Port port) {
  return (protocol == Protocol::tcp ? 0 : ports) + port;
}

const FlowDecider::Target& FlowDecider::target_of(const std::string& use) {
  const auto [at, is_new] = targets_.try_emplace(use);
  Target& out = at->second;
  if (!is_new) {
    return out;
  }
  out.use = use;
  auto made = assembly_.get(use);
  if (!made) {
    out.problem = made.error().text();
    return out;
  }
  out.upstream = std::move(made).value();
  out.servers = servers_of_chain(*out.upstream);
  return out;
}

std::string FlowDecider::why_not_intercepted(const Flow& flow, std::string_view interface,
                                             AddressKind kind) const {
  const FirewallSettings& firewall = configuration_.firewall;
  const Address& destination = flow.destination.address;
  if (!named_[slot(flow.protocol, flow.destination.port)]) {
    return "no rule names " + port_text(flow);
  }
  if (firewall.inbound == Inbound::named && !interface.empty() &&
      !covers(firewall.interfaces, interface)) {
    return "interface " + std::string(interface) + " is not in [firewall] interfaces";
  }
  const auto& outside = surroundings_.outside;
  if (firewall.inbound == Inbound::not_outside &&
      std::find(outside.begin(), outside.end(), interface) != outside.end()) {
    return "interface " + std::string(interface) +
           " carries a default route, and is not named in [firewall] interfaces";
  }
  if (excluded_.contains(destination)) {
    const auto& all = firewall.exclude;
    const auto found = std::find_if(
        all.begin(), all.end(), [&](const Prefix& prefix) { return prefix.contains(destination); });
    return "destination " + destination.text() + " is in [firewall] exclude (" + found->text() +
           ")";
  }
  const char* is = "";
  switch (kind) {
    case AddressKind::multicast:
      is = "a multicast address";
      break;
    case AddressKind::broadcast:
      is = "a broadcast address";
      break;
    case AddressKind::anycast:
      is = "an anycast address of this router";
      break;
    case AddressKind::local:
      if (firewall.local_services) {
        return "";
      }
      is = "an address of this router (local-services = no)";
      break;
    case AddressKind::unicast:
      return "";
  }
  return "destination " + destination.text() + " is " + is;
}

// Why [firewall] towards leaves a flow to the kernel, or "".
std::string FlowDecider::why_not_towards(const std::string& leaves_by, const Flow& flow) const {
  if (configuration_.firewall.towards.empty()) {
    return "";
  }
  if (leaves_by.empty()) {
    return no_route(flow);
  }
  return covers(configuration_.firewall.towards, leaves_by)
             ? ""
             : "destination " + flow.destination.address.text() + " leaves by " + leaves_by +
                   ", which is not in [firewall] towards";
}

// Ports that only the firewall decides are left to the default where the file sets it; where it
// does not, what no rule matches passes.
bool FlowDecider::default_is_asked(const Flow& flow) const {
  return configuration_.gateway.default_given ||
         handed_over_[slot(flow.protocol, flow.destination.port)];
}

FlowDecider::Decision FlowDecider::decide(const Flow& flow, std::string_view interface,
                                          const KnownHost& host) const {
  Decision out;
  const AddressKind kind = surroundings_.kind_of(flow.destination.address);
  out.not_intercepted = why_not_intercepted(flow, interface, kind);
  std::optional<std::string> leaves_by;
  if (out.not_intercepted.empty() && kind == AddressKind::unicast && surroundings_.leaves_by) {
    leaves_by = surroundings_.leaves_by(flow);
  }
  if (leaves_by) {
    out.not_intercepted = why_not_towards(*leaves_by, flow);
  }
  if (!out.not_intercepted.empty()) {
    return out;
  }
  out.asked_rules = true;
  out.rule = rules_.match(
      flow, [&](std::uint32_t) { return std::string(interface); }, surroundings_.device, host);
  if (!out.rule && !default_is_asked(flow)) {
    out.not_intercepted = "no rule matches it, the firewall alone decides the rules that name " +
                          port_text(flow) + ", and [gateway] default is not set";
    return out;
  }
  const Target& target = *in_order_[out.rule.value_or(configuration_.rules.size())];
  if (leaves_by && leaves_by->empty() && target.upstream && !is_offloaded(target) &&
      target.upstream->leads() == Upstream::Leads::to_destination) {
    out.not_intercepted = no_route(flow);
    return out;
  }
  out.target = &target;
  for (const ServerOfUpstream& one : target.servers) {
    if (one.server->has(flow.client.address)) {
      out.client = &one;
    }
  }
  return out;
}

}  // namespace weir
