#include "cli/own_traffic_warnings.h"

#include <set>
#include <string>

#include "upstream/forward.h"

namespace weir {
namespace {

void collect(const Upstream& upstream, std::vector<ServerOfUpstream>& out) {
  for (const auto& server : upstream.servers()) {
    out.push_back({.upstream = &upstream, .server = server.get()});
  }
  for (const auto& other : upstream.dependencies()) {
    if (other != nullptr) {
      collect(*other, out);
    }
  }
}

bool names_processes(const FirewallSettings& firewall) {
  return !firewall.exclude_users.empty() || !firewall.exclude_cgroups.empty();
}

// What `local = yes` means for a server on this router.
std::string said_of_local(const ServerOfUpstream& one, const std::string& rule) {
  const std::string begins = one.text() +
                             " is on this router, and local = yes intercepts what it "
                             "sends: ";
  const std::string ends = ". Name the server's process in exclude-user or exclude-cgroup";
  if (one.upstream->profile().type == forward_policy.name) {
    return begins + "what this router sends by [rule " + rule +
           "] goes on to its own destination instead of to the server (own-server)" + ends;
  }
  return begins +
         "weir lets its connections to the destinations that it was asked for pass (own-proxy), "
         "but sends all others back to it" +
         ends;
}

}  // namespace

std::string ServerOfUpstream::text() const {
  const auto& identity = server->identity();
  const bool names_it = identity.name.find(identity.host) != std::string::npos;
  return "server " + identity.name + (names_it ? "" : " (" + identity.host + ")") +
         " of [upstream " + upstream->name() + "]";
}

std::vector<ServerOfUpstream> servers_of_chain(const Upstream& upstream) {
  std::vector<ServerOfUpstream> out;
  collect(upstream, out);
  return out;
}

std::vector<Diagnostic> own_traffic_warnings(const Configuration& configuration,
                                             UpstreamAssembly& assembly) {
  std::vector<Diagnostic> out;
  std::set<const Server*> said;
  const auto warn = [&](const SourceLocation& location, const std::string& text) {
    out.push_back({Diagnostic::Severity::warning, location, text});
  };
  for (const RuleSettings& rule : configuration.rules) {
    const auto upstream = assembly.get(rule.use);
    if (!upstream) {
      continue;
    }
    const AddressMatch clients(rule.client());
    for (const ServerOfUpstream& one : servers_of_chain(*upstream.value())) {
      const auto address = Address::parse(one.server->identity().host);
      if (!address) {
        continue;
      }
      if (configuration.firewall.local && !names_processes(configuration.firewall) &&
          address.value().is_loopback() && said.insert(one.server).second) {
        warn(rule.use_location, said_of_local(one, rule.name));
      }
      if (!rule.client().include.empty() && clients.holds(address.value())) {
        warn(rule.use_location, one.text() + " is itself one of the clients of [rule " + rule.name +
                                    "]: what it sends by this rule goes on to its own destination, "
                                    "counted as own-server");
      }
    }
  }
  return out;
}

}  // namespace weir
