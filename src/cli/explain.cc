#include "cli/explain.h"

#include <ifaddrs.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include "base/prefix_set.h"
#include "cli/load.h"
#include "rules/rule_set.h"
#include "upstream/assembly.h"

namespace weir {
namespace {

std::vector<Address> own_addresses() {
  std::vector<Address> out;
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) {
    return out;
  }
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr) {
      continue;
    }
    const int family = one->ifa_addr->sa_family;
    if (family == AF_INET || family == AF_INET6) {
      sockaddr_storage address{};
      std::memcpy(&address, one->ifa_addr,
                  family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
      out.push_back(Endpoint::from(address).address);
    }
  }
  freeifaddrs(first);
  return out;
}

std::string port_text(const Flow& flow) {
  return text_of({flow.protocol, flow.destination.port, flow.destination.port});
}

bool names_port(const RuleSettings& rule, const Flow& flow) {
  return std::any_of(rule.on.begin(), rule.on.end(), [&](const PortRange& range) {
    return range.protocol == flow.protocol && range.first <= flow.destination.port &&
           flow.destination.port <= range.last;
  });
}

// Why the firewall never hands this flow to weir, or "".
std::string why_not_intercepted(const Configuration& configuration, const Flow& flow,
                                std::string_view interface,
                                const std::vector<Address>& own_addresses) {
  const FirewallSettings& firewall = configuration.firewall;
  const Address& destination = flow.destination.address;
  if (std::none_of(configuration.rules.begin(), configuration.rules.end(),
                   [&](const RuleSettings& rule) { return names_port(rule, flow); })) {
    return "no rule names " + port_text(flow);
  }
  if (!firewall.interfaces.empty() && !interface.empty() &&
      std::find(firewall.interfaces.begin(), firewall.interfaces.end(), interface) ==
          firewall.interfaces.end()) {
    return "interface " + std::string(interface) + " is not in [firewall] interfaces";
  }
  for (const Prefix& prefix : firewall.exclude) {
    if (prefix.contains(destination)) {
      return "destination " + destination.text() + " is in [firewall] exclude (" + prefix.text() +
             ")";
    }
  }
  if (destination.is_multicast()) {
    return "destination " + destination.text() + " is a multicast address";
  }
  if (!firewall.local_services &&
      std::find(own_addresses.begin(), own_addresses.end(), destination) != own_addresses.end()) {
    return "destination " + destination.text() +
           " is an address of this router (local-services = no)";
  }
  return "";
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

std::string hexadecimal(std::uint32_t number) {
  char out[16] = {};
  (void)std::snprintf(out, sizeof out, "0x%x", number);
  return out;
}

std::string_view verdict_text(Upstream::Offload offload) {
  switch (offload) {
    case Upstream::Offload::bypass:
      return "firewall: lets it pass, weir never sees it";
    case Upstream::Offload::reject:
      return "firewall: refuses it (TCP RST, ICMP port unreachable)";
    case Upstream::Offload::drop:
      return "firewall: drops it unanswered";
    case Upstream::Offload::none:
      break;
  }
  return "";
}

void explain_upstream(const Upstream& upstream, const Flow& flow, std::vector<std::string>& out) {
  const UpstreamProfile& profile = upstream.profile();
  out.push_back("upstream " + profile.name +
                (profile.type == profile.name ? "" : ": type " + profile.type));
  const auto candidates = upstream.candidates(flow);
  for (const std::string& candidate : candidates) {
    out.push_back((upstream.servers().empty() ? "goes to " : "server ") + candidate);
  }
  if (candidates.empty()) {  // it is refused or dropped
    return;
  }
  if (upstream.servers().empty() && !upstream.through().empty()) {
    return;  // a group: the rest is its members' affair
  }
  out.push_back("source " + source_text(profile.source, flow));
  const SocketOptions& options = profile.options;
  if (options.mark) {
    out.push_back("mark " + hexadecimal(options.mark->value) + "/" +
                  hexadecimal(options.mark->mask));
  }
  if (!options.interface.empty()) {
    out.push_back("interface " + options.interface);
  }
  if (options.dscp) {
    out.push_back("dscp " + std::to_string(*options.dscp));
  }
}

std::string place_text(const Place& place) { return place.file + ":" + std::to_string(place.line); }

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

std::vector<std::string> explain(const Configuration& configuration, const Flow& flow,
                                 std::string_view interface,
                                 const std::vector<Address>& own_addresses) {
  std::vector<std::string> out;
  out.push_back("flow " + std::string(flow.protocol == Protocol::tcp ? "tcp " : "udp ") +
                (flow.client.port == 0 ? flow.client.address.text() : flow.client.text()) + " -> " +
                flow.destination.text());
  if (auto reason = why_not_intercepted(configuration, flow, interface, own_addresses);
      !reason.empty()) {
    out.push_back("not intercepted: " + reason);
    return out;
  }
  const auto matched = RuleSet::compile(configuration.rules).match(flow, [&](std::uint32_t) {
    return std::string(interface);
  });
  const std::size_t passed = matched.value_or(configuration.rules.size());
  for (std::size_t i = 0; i < passed; ++i) {
    const RuleSettings& rule = configuration.rules[i];
    out.push_back("not rule " + rule.name + " (" + place_text(rule.place) +
                  "): " + why_not(rule, flow, interface));
  }
  std::string use = configuration.gateway.default_use;
  if (matched) {
    const RuleSettings& rule = configuration.rules[*matched];
    use = rule.use;
    out.push_back("rule " + rule.name + " (" + place_text(rule.place) + ")");
  } else {
    out.emplace_back("rule (default): no rule matches, [gateway] default decides");
  }
  ServerPool scratch;
  const auto upstream = UpstreamAssembly(configuration.upstreams, scratch).get(use);
  if (!upstream) {
    out.push_back("upstream " + use + " cannot be made: " + upstream.error().text());
    return out;
  }
  explain_upstream(*upstream.value(), flow, out);
  if (const auto verdict = verdict_text(upstream.value()->offload()); !verdict.empty()) {
    out.emplace_back(verdict);
  }
  return out;
}

int run_explain(const ExplainArguments& arguments) {
  const auto flow = flow_of(arguments);
  if (!flow) {
    (void)std::fprintf(stderr, "weir explain: %s\n", flow.error().text().c_str());
    return bad_configuration;
  }
  const auto configuration = load_or_report(arguments.file);
  if (!configuration) {
    return bad_configuration;
  }
  for (const std::string& line :
       explain(*configuration, flow.value(), arguments.interface, own_addresses())) {
    (void)std::printf("%s\n", line.c_str());
  }
  return 0;
}

}  // namespace weir
