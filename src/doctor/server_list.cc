#include "doctor/server_list.h"

#include <algorithm>

#include "doctor/lookups.h"

namespace weir::doctor {

namespace {

// A TCP port that flows of this upstream come with; 0: it carries none.
Port tcp_port_of(const Subject& subject, const UsedUpstream& used) {
  if (used.rules.empty()) {
    return subject.ruleset.tcp.empty() ? Port{0} : subject.ruleset.tcp.ranges.front().first;
  }
  for (const RuleSettings* rule : used.rules) {
    for (const PortRange& range : rule->on()) {
      if (range.protocol == Protocol::tcp) {
        return range.first;
      }
    }
  }
  return 0;
}

}  // namespace

std::vector<KnownServer> known_servers(const Subject& subject) {
  const auto looked_up =
      look_up(names_in(subject), subject.configuration.dns.servers, subject.ruleset.bypass_mark);
  std::vector<KnownServer> all;
  for (const UsedUpstream& used : subject.upstreams) {
    const Port any = tcp_port_of(subject, used);
    // What is reached through a proxy need not be reachable from here; the proxy is in the list.
    if (any == 0 || used.upstream->profile().via != nullptr) {
      continue;
    }
    const auto servers = used.upstream->servers();
    for (std::size_t i = 0; i < servers.size(); ++i) {
      const auto& identity = servers[i]->identity();
      const Port port = identity.port != 0 ? identity.port : any;
      KnownServer known;
      known.used = &used;
      known.name = used.upstream->name() + "/" + identity.name;
      known.source = used.upstream->server_set()
                         ->terms_of(i)
                         .source.value_or(used.upstream->profile().source)
                         .kind;
      if (const auto address = Address::parse(identity.host)) {
        known.endpoints.push_back({address.value(), port});
      } else if (const auto found = looked_up.find(identity.host); found != looked_up.end()) {
        for (const Address& one : found->second.addresses) {
          known.endpoints.push_back({one, port});
        }
        known.error = identity.host + ": " + found->second.error;
      }
      all.push_back(std::move(known));
    }
  }
  return all;
}

}  // namespace weir::doctor
