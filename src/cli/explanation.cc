#include "cli/explanation.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/names.h"
#include "base/prefix_set.h"
#include "cli/own_traffic_warnings.h"
#include "firewall/narrowing.h"
#include "rules/rule_set.h"
#include "upstream/assembly.h"
#include "upstream/registry.h"

namespace weir {
namespace {

using firewall::AddressKind;

std::string port_text(const Flow& flow) {
  return text_of({flow.protocol, flow.destination.port, flow.destination.port});
}

bool names_port(const RuleSettings& rule, const Flow& flow) {
  return std::any_of(rule.on().begin(), rule.on().end(), [&](const PortRange& range) {
    return range.protocol == flow.protocol && range.first <= flow.destination.port &&
           flow.destination.port <= range.last;
  });
}

// Why the firewall never hands this flow to weir, or "".
std::string why_not_intercepted(const Configuration& configuration, const Flow& flow,
                                std::string_view interface, AddressKind kind,
                                std::span<const std::string> outside) {
  const FirewallSettings& firewall = configuration.firewall;
  const Address& destination = flow.destination.address;
  if (std::none_of(configuration.rules.begin(), configuration.rules.end(),
                   [&](const RuleSettings& rule) { return names_port(rule, flow); })) {
    return "no rule names " + port_text(flow);
  }
  if (firewall.inbound == Inbound::named && !interface.empty() &&
      std::none_of(
          firewall.interfaces.begin(), firewall.interfaces.end(),
          [&](const std::string& pattern) { return covers_interface(pattern, interface); })) {
    return "interface " + std::string(interface) + " is not in [firewall] interfaces";
  }
  if (firewall.inbound == Inbound::not_outside &&
      std::find(outside.begin(), outside.end(), interface) != outside.end()) {
    return "interface " + std::string(interface) +
           " carries a default route, and is not named in [firewall] interfaces";
  }
  for (const Prefix& prefix : firewall.exclude) {
    if (prefix.contains(destination)) {
      return "destination " + destination.text() + " is in [firewall] exclude (" + prefix.text() +
             ")";
    }
  }
  const std::string is = "destination " + destination.text() + " is ";
  switch (kind) {
    case AddressKind::multicast:
      return is + "a multicast address";
    case AddressKind::broadcast:
      return is + "a broadcast address";
    case AddressKind::anycast:
      return is + "an anycast address of this router";
    case AddressKind::local:
      return firewall.local_services ? "" : is + "an address of this router (local-services = no)";
    case AddressKind::unicast:
      break;
  }
  return "";
}

std::string no_route(const Flow& flow) {
  return "the router has no route to destination " + flow.destination.address.text();
}

// Why [firewall] towards leaves a flow to the kernel, or "".
std::string why_not_towards(const FirewallSettings& firewall, const Flow& flow, AddressKind kind,
                            const std::optional<std::string>& leaves_by) {
  if (firewall.towards.empty() || kind != AddressKind::unicast || !leaves_by) {
    return "";
  }
  if (leaves_by->empty()) {
    return no_route(flow);
  }
  const bool is_meant = std::any_of(
      firewall.towards.begin(), firewall.towards.end(),
      [&](const std::string& pattern) { return covers_interface(pattern, *leaves_by); });
  return is_meant ? ""
                  : "destination " + flow.destination.address.text() + " leaves by " + *leaves_by +
                        ", which is not in [firewall] towards";
}

// Why a flow that no rule matches passes all the same, or "": ports that only the firewall decides
// are left to the default where the file sets it, and pass where it does not.
std::string why_default_is_not_asked(const Configuration& configuration, const Flow& flow) {
  if (configuration.gateway.default_given) {
    return "";
  }
  ServerPool scratch;
  UpstreamAssembly assembly(configuration.upstreams, scratch);
  for (const RuleSettings& rule : configuration.rules) {
    if (!names_port(rule, flow)) {
      continue;
    }
    const auto upstream = assembly.get(rule.use);
    if (!upstream || upstream.value()->offload() == Upstream::Offload::none ||
        !firewall::narrowed(rule).is_exact()) {
      return "";
    }
  }
  return "no rule matches it, the firewall alone decides the rules that name " + port_text(flow) +
         ", and [gateway] default is not set";
}

std::string source_text(const Source& source, const Flow& flow) {
  switch (source.kind) {
    case SourceKind::gateway:
      return "gateway (the address that routing picks)";
    case SourceKind::client:
      return "client (" + flow.client.address.text() + ")";
    case SourceKind::client_port:
      return "client:port (" +
             (flow.client.port == 0 ? flow.client.address.text() : flow.client.text()) + ")";
    case SourceKind::address:
      return source.address.text();
  }
  return "";
}

std::string_view verdict_text(Upstream::Offload offload) {
  switch (offload) {
    case Upstream::Offload::bypass:
      return "lets it pass; weir never sees it";
    case Upstream::Offload::reject:
      return "refuses it (TCP RST, ICMP port unreachable)";
    case Upstream::Offload::drop:
      return "drops it unanswered";
    case Upstream::Offload::none:
      break;
  }
  return "";
}

bool is_group(const Upstream& upstream) {
  return upstream.server_set() == nullptr && !upstream.dependencies().empty() &&
         upstream.profile().via == nullptr;
}

enum class Position : std::uint8_t { last, hop };

// With the sources of servers that have their own, where these servers are dialled. An upstream
// without servers does not lead to the flow's destination where it is a hop towards another one.
std::vector<std::string> candidates_of(const Upstream& upstream, const Flow& flow,
                                       Position position) {
  std::vector<std::string> out;
  if (is_group(upstream)) {
    for (const auto& member : upstream.dependencies()) {
      const auto its = candidates_of(*member, flow, position);
      if (its.empty()) {
        out.push_back(member->name());
      }
      for (const std::string& candidate : its) {
        out.push_back(member->name() + ": " + candidate);
      }
    }
    return out;
  }
  if (upstream.server_set() == nullptr && position == Position::hop) {
    return out;
  }
  out = upstream.describe(flow);
  if (upstream.profile().via == nullptr) {
    // The servers come first, in their order.
    const std::size_t servers = std::min(upstream.servers().size(), out.size());
    for (std::size_t i = 0; i < servers; ++i) {
      if (const auto source = upstream.server_set()->terms_of(i).source) {
        out[i] += " source=" + source_text(*source, flow);
      }
    }
  }
  return out;
}

Explanation::Path path_of(const Upstream& upstream, const Flow& flow) {
  Explanation::Path path;
  auto candidates = candidates_of(upstream, flow, Position::last);
  if (candidates.empty()) {  // it is refused or dropped
    return path;
  }
  (upstream.server_set() != nullptr ? path.servers : path.goes_to) = std::move(candidates);
  const Upstream* first = &upstream;
  for (Flow towards = flow; first->profile().via != nullptr;) {
    // A server of the next one without a port gets the port of what is reached through it.
    if (!first->servers().empty() && first->servers().front()->identity().port != 0) {
      towards.destination.port = first->servers().front()->identity().port;
    }
    first = first->profile().via.get();
    path.via.insert(path.via.begin(), {.upstream = first->profile().name,
                                       .type = first->profile().type,
                                       .servers = candidates_of(*first, towards, Position::hop)});
  }
  if (is_group(*first)) {
    return path;  // the rest is its members' affair
  }
  const UpstreamProfile& profile = first->profile();
  path.source = source_text(profile.source, flow);
  if (const auto& mark = profile.options.mark) {
    path.mark = fmt::format("{:#x}/{:#x}", mark->value, mark->mask);
  }
  path.interface = profile.options.interface;
  path.dscp = profile.options.dscp;
  return path;
}

}  // namespace

Explanation explain(const Configuration& configuration, const Flow& flow,
                    std::string_view interface, AddressKind destination,
                    std::span<const std::string> outside,
                    const std::optional<std::string>& leaves_by, const DeviceMac& device) {
  Explanation out;
  out.protocol = flow.protocol == Protocol::tcp ? "tcp" : "udp";
  out.client = flow.client.port == 0 ? flow.client.address.text() : flow.client.text();
  out.destination = flow.destination.text();
  out.not_intercepted = why_not_intercepted(configuration, flow, interface, destination, outside);
  if (out.not_intercepted.empty()) {
    out.not_intercepted = why_not_towards(configuration.firewall, flow, destination, leaves_by);
  }
  if (!out.not_intercepted.empty()) {
    return out;
  }
  const auto matched = RuleSet::compile(configuration.rules)
                           .match(
                               flow, [&](std::uint32_t) { return std::string(interface); }, device);
  const std::size_t passed = matched.value_or(configuration.rules.size());
  for (std::size_t i = 0; i < passed; ++i) {
    const RuleSettings& rule = configuration.rules[i];
    out.passed.push_back({.rule = rule.name,
                          .location = rule.location,
                          .why = why_not(rule, flow, interface, device)});
  }
  if (!matched) {
    out.not_intercepted = why_default_is_not_asked(configuration, flow);
    if (!out.not_intercepted.empty()) {
      return out;
    }
  }
  out.rule = "(default)";
  out.upstream = configuration.gateway.default_use;
  if (matched) {
    const RuleSettings& rule = configuration.rules[*matched];
    out.rule = rule.name;
    out.location = rule.location;
    out.upstream = rule.use;
  }
  ServerPool scratch;
  const auto made = UpstreamAssembly(configuration.upstreams, scratch).get(out.upstream);
  if (!made) {
    out.problem = made.error().text();
    return out;
  }
  if (leaves_by && leaves_by->empty() && destination == AddressKind::unicast &&
      made.value()->offload() == Upstream::Offload::none &&
      made.value()->leads() == Upstream::Leads::to_destination) {
    out.not_intercepted = no_route(flow);
    return out;
  }
  const std::shared_ptr<Upstream> passing = make_builtin("transparent");
  for (const ServerOfUpstream& one : servers_of_chain(*made.value())) {
    if (one.server->has(flow.client.address)) {
      out.passes_by = "the client is " + one.text() +
                      ": the flow goes on to its own destination, counted as own-server";
    }
  }
  const Upstream& upstream = out.passes_by.empty() ? *made.value() : *passing;
  out.upstream = upstream.profile().name;
  out.type = upstream.profile().type;
  out.path = path_of(upstream, flow);
  if (!matched || firewall::narrowed(configuration.rules[*matched]).is_exact()) {
    out.firewall = verdict_text(upstream.offload());
  }
  return out;
}

}  // namespace weir
