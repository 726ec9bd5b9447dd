#include "doctor/client_probes.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "doctor/addresses.h"
#include "doctor/proc.h"
#include "doctor/route_lookup.h"
#include "firewall/policy_routes.h"

namespace weir::doctor {

namespace {

bool has_name(const std::vector<std::string>& patterns, const std::string& name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return fits(name, pattern); });
}

// Asked for, not read: a router may have a million routes.
std::vector<std::string> default_route_interfaces() {
  std::vector<std::string> found;
  for (const Family family : firewall::routed_families()) {
    RouteQuery query;
    query.destination = somewhere(family);
    if (const auto route = look_up_route(query); route && !route.value().outbound.empty()) {
      found.push_back(route.value().outbound);
    }
  }
  return found;
}

struct Subnets {
  std::vector<InterfaceAddress> all = interface_addresses();

  // The clients behind an interface: its subnets, as far as a rule's condition lets them be.
  [[nodiscard]] std::vector<Prefix> behind(const std::string& interface, Family family,
                                           const std::vector<Prefix>& wanted) const {
    std::vector<Prefix> found;
    for (const InterfaceAddress& one : all) {
      if (one.interface != interface || one.address.family() != family) {
        continue;
      }
      if (wanted.empty()) {
        found.push_back(one.subnet);
      }
      for (const Prefix& prefix : wanted) {
        if (one.subnet.contains(prefix)) {
          found.push_back(prefix);
        } else if (prefix.contains(one.subnet)) {
          found.push_back(one.subnet);
        }
      }
    }
    if (found.empty() && wanted.empty()) {
      found.push_back({Address::any(family), 0});
    }
    return found.empty() ? wanted : found;
  }
  [[nodiscard]] std::vector<Address> own() const {
    std::vector<Address> addresses;
    addresses.reserve(all.size());
    for (const InterfaceAddress& one : all) {
      addresses.push_back(one.address);
    }
    return addresses;
  }
};

}  // namespace

std::vector<std::string> client_interfaces(const Subject& subject) {
  auto names = interface_names();
  std::erase(names, "lo");
  if (subject.ruleset.inbound == Inbound::named) {
    std::erase_if(names, [&](const std::string& name) {
      return !has_name(subject.ruleset.interfaces, name);
    });
    return names;
  }
  // Where each leads outside nothing is intercepted, which examine_interfaces says; clients are
  // there all the same, and what would become of them is worth saying, too.
  const auto outward = default_route_interfaces();
  std::vector<std::string> inward = names;
  std::erase_if(inward, [&](const std::string& name) {
    return has_name(subject.ruleset.outside, name) || has_name(outward, name);
  });
  return inward.empty() ? names : inward;
}

std::vector<Probe> probes_of(const Subject& subject, const firewall::Decision& decision) {
  const Subnets subnets;
  const auto interfaces = client_interfaces(subject);
  std::vector<Probe> probes;
  for (const Family family : firewall::routed_families()) {
    const auto& addresses = family == Family::v4 ? decision.v4 : decision.v6;
    if (!addresses) {
      continue;
    }
    Probe probe;
    probe.family = family;
    probe.mark = subject.ruleset.mark.value;
    probe.own = subnets.own();
    probe.destination = addresses->destination.size() == 1 ? addresses->destination.front()
                                                           : Prefix{Address::any(family), 0};
    for (const std::string& interface : interfaces) {
      if (!decision.interfaces.empty() && !has_name(decision.interfaces, interface)) {
        continue;
      }
      probe.inbound = interface;
      for (const Prefix& client : subnets.behind(interface, family, addresses->client)) {
        probe.client = client;
        for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
          probe.protocol = protocol;
          for (const auto& range :
               (protocol == Protocol::tcp ? decision.tcp : decision.udp).ranges) {
            probe.first = range.first;
            probe.last = range.last;
            probes.push_back(probe);
          }
        }
      }
    }
  }
  return probes;
}

std::vector<Probe> client_probes(const Subject& subject) {
  std::vector<Probe> probes;
  std::set<std::tuple<Family, Protocol, Port, Port, std::string, std::string>> seen;
  for (const firewall::Decision& decision : subject.ruleset.decisions) {
    if (decision.verdict != firewall::Verdict::intercept) {
      continue;
    }
    for (Probe& probe : probes_of(subject, decision)) {
      if (seen.emplace(probe.family, probe.protocol, probe.first, probe.last, probe.inbound,
                       probe.client.text() + " " + probe.destination.text())
              .second) {
        probes.push_back(std::move(probe));
      }
    }
  }
  return probes;
}

Address somewhere(Family family) {
  return family == Family::v4 ? Address::parse("192.88.99.77").value()
                              : Address::parse("2001:db8:feed::77").value();
}

std::vector<std::string> one_armed_interfaces(const Subject& subject, Family family) {
  const auto addresses = interface_addresses();
  std::vector<std::string> found;
  for (const std::string& name : client_interfaces(subject)) {
    for (const InterfaceAddress& link : addresses) {
      if (link.interface != name || link.address.family() != family || has_name(found, name)) {
        continue;
      }
      RouteQuery query;
      query.client = host_in(link.subnet, {link.address});
      query.destination = somewhere(family);
      query.inbound = name;
      const auto route = look_up_route(query);
      if (route && route.value().outbound == name) {
        found.push_back(name);
      }
    }
  }
  return found;
}

std::string ports_of(const Probe& probe) {
  std::string text = probe.protocol == Protocol::tcp ? "tcp/" : "udp/";
  if (probe.first <= 1 && probe.last == 65535) {
    return text + "*";
  }
  text += std::to_string(probe.first);
  return probe.first == probe.last ? text : text + "-" + std::to_string(probe.last);
}

}  // namespace weir::doctor
