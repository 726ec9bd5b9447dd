// With source = client a server answers the client, not the router. Those answers must cross this
// router, or they reach a client that knows of no such connection. Ways to go wrong can be seen
// from here: a server in the clients' own subnet, or on this router, answers them directly; and a
// server whose route to the clients' subnet is another one never answers what we send from an
// address in that subnet. With the original destination as the server there is nothing to try; but
// on a one-armed router, whose clients and whose own uplink are in one subnet, every answer takes
// the short path.
#include <algorithm>

#include "doctor/addresses.h"
#include "doctor/checks.h"
#include "doctor/client_probes.h"
#include "doctor/connects.h"
#include "doctor/server_list.h"

namespace weir::doctor {

namespace {

constexpr Milliseconds answer_timeout{2'000};

// Whether clients may sit in that subnet: on an interface that is named for them, or, with none
// named, where a rule that leads to the upstream says so.
bool has_clients(const Subject& subject, const UsedUpstream& used, const InterfaceAddress& link) {
  if (subject.ruleset.inbound == Inbound::named) {
    return is_client_side(subject, link.interface);
  }
  return std::any_of(used.rules.begin(), used.rules.end(), [&](const RuleSettings* rule) {
    const auto& in = rule->client().include;
    return std::any_of(in.begin(), in.end(), [&](const Prefix& prefix) {
      return prefix.contains(link.subnet) || link.subnet.contains(prefix);
    });
  });
}

// Our own address on a clients' link, from which a server sees a client's subnet.
const InterfaceAddress* client_side_address(const Subject& subject, const UsedUpstream& used,
                                            const std::vector<InterfaceAddress>& all,
                                            const Endpoint& server) {
  const auto* towards = on_link(all, server.address);
  const auto found = std::find_if(all.begin(), all.end(), [&](const InterfaceAddress& one) {
    return one.address.family() == server.family() && has_clients(subject, used, one) &&
           (towards == nullptr || towards->interface != one.interface);
  });
  return found == all.end() ? nullptr : &*found;
}

Findings short_cuts(const Subject& subject) {
  Findings findings;
  for (const UsedUpstream& used : subject.upstreams) {
    if (!used.shows_client() || !used.upstream->servers().empty() ||
        !used.upstream->dependencies().empty()) {
      continue;
    }
    for (const std::string& name : one_armed_interfaces(subject, Family::v4)) {
      findings.push_back(
          {"reply-path", Level::fail,
           "clients and the route to the outside are both on " + name + ": '" +
               used.upstream->name() +
               "' shows servers the client's address, so the next router sends their answers "
               "to the client directly, past this router, and the client refuses them",
           "use = direct, or an [upstream] with source = gateway, or put the clients "
           "into a subnet of their own"});
    }
  }
  return findings;
}

}  // namespace

Findings examine_reply_path(const Subject& subject) {
  const auto servers = known_servers(subject);
  if (!subject.shows_client() &&
      std::none_of(servers.begin(), servers.end(),
                   [](const KnownServer& server) { return server.shows_client(); })) {
    return {{"reply-path", Level::ok, "servers see the router and answer it", ""}};
  }
  const auto all = interface_addresses();
  Findings findings = short_cuts(subject);
  std::vector<Attempt> attempts;  // in pairs: from wherever, from a client's subnet
  std::vector<const KnownServer*> owners;
  for (const KnownServer& server : servers) {
    if (!server.shows_client()) {
      continue;
    }
    for (const Endpoint& endpoint : server.endpoints) {
      if (is_of_this_router(all, endpoint.address)) {
        findings.push_back({"reply-path", Level::fail,
                            server.name + " (" + endpoint.address.text() +
                                ") is on this router: with source = client its answers go to "
                                "the client past weir",
                            "add source=gateway to that server in [upstream " +
                                server.used->upstream->name() + "]"});
        continue;
      }
      const auto* link = on_link(all, endpoint.address);
      if (link != nullptr && has_clients(subject, *server.used, *link)) {
        findings.push_back(
            {"reply-path", Level::warn,
             server.name + " (" + endpoint.address.text() + ") is in the clients' own subnet " +
                 link->subnet.text() + " (" + link->interface +
                 "): with source = client it answers them directly, past this router, and they "
                 "refuse these answers",
             "give the server a subnet of its own, or set source = gateway in [upstream " +
                 server.used->upstream->name() + "]"});
        continue;
      }
      if (const auto* from = client_side_address(subject, *server.used, all, endpoint)) {
        attempts.push_back({.remote = endpoint});
        attempts.push_back({.remote = endpoint, .source = from->address});
        owners.push_back(&server);
      }
    }
  }
  try_connects(attempts, subject.ruleset.bypass_mark, answer_timeout);
  for (std::size_t i = 0; i + 1 < attempts.size(); i += 2) {
    const Attempt& plain = attempts[i];
    const Attempt& spoofed = attempts[i + 1];
    if (plain.outcome == Attempt::Outcome::connected &&
        spoofed.outcome == Attempt::Outcome::silent) {
      findings.push_back({"reply-path", Level::fail,
                          owners[i / 2]->name + " (" + plain.remote.address.text() +
                              ") answers this router, but not the clients' subnet (" +
                              spoofed.source.text() +
                              "): its answers to clients do not come back through this router",
                          "on that server: ip route add " + spoofed.source.text() +
                              " via this router (for the whole subnet)"});
    }
  }
  if (findings.empty()) {
    findings.push_back({"reply-path", Level::ok,
                        attempts.empty() ? "no configured server has to answer clients"
                                         : "answers to clients come back through this router",
                        ""});
  }
  return findings;
}

}  // namespace weir::doctor
