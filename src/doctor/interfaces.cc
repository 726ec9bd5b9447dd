// Where weir looks for clients: a name that no interface has intercepts nothing; a port of a bridge
// means the whole bridge, by which its packets come in; no name at all intercepts the servers as
// well that sit behind this router. And where it leaves by: an interface or a source address that
// this machine does not have fails every flow.
#include <sys/socket.h>

#include <algorithm>

#include "base/descriptor.h"
#include "base/links.h"
#include "base/names.h"
#include "base/transparent.h"
#include "doctor/addresses.h"
#include "doctor/checks.h"
#include "doctor/proc.h"
#include "firewall/from_outside.h"
#include "firewall/surroundings.h"

namespace weir::doctor {

namespace {

constexpr const char* fix = "name the clients' interfaces in [firewall] interfaces";

// As its flows will do; net.ipv4.ip_nonlocal_bind lets them (a backup of VRRP).
bool can_be_bound(const Address& address) {
  const Descriptor socket(::socket(domain_of(address.family()), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_storage raw{};
  const socklen_t length = Endpoint{address, 0}.to(raw);
  return !socket.valid() ||
         bind(socket.get(), reinterpret_cast<const sockaddr*>(&raw), length) == 0;
}

// What is wrong with one name, and where it stands.
void check_name(Findings& findings, const std::string& wanted, const std::string& where,
                const std::string& effect) {
  const auto names = interface_names();
  if (std::none_of(names.begin(), names.end(),
                   [&](const std::string& name) { return covers_interface(wanted, name); })) {
    findings.push_back({"interfaces", Level::fail,
                        "there is no interface " + wanted + ": " + effect,
                        "ip -br link, and " + where});
  }
}

// Names of ports: not what is written, but what is done.
Findings names_of_ports(const Subject& subject) {
  Findings findings;
  const auto links = read_links();
  if (!links) {
    return findings;
  }
  const auto check_names = [&](const std::vector<std::string>& names, const std::string& where,
                               const std::string& effect) {
    for (const std::string& warning : port_warnings(links.value(), names, effect)) {
      findings.push_back({"interfaces", Level::warn, warning, "write it into " + where});
    }
  };
  check_names(subject.configuration.firewall.interfaces, "[firewall] interfaces", "is intercepted");
  for (const RuleSettings& rule : subject.configuration.rules) {
    check_names(rule.interfaces(), "'interface' of [rule " + rule.name + "]",
                "is meant by [rule " + rule.name + "]");
  }
  return findings;
}

Findings wrong_names(const Subject& subject) {
  Findings findings;
  for (const std::string& wanted : subject.configuration.firewall.interfaces) {
    check_name(findings, wanted, "[firewall] interfaces", "nothing of it is intercepted");
  }
  for (const RuleSettings& rule : subject.configuration.rules) {
    for (const std::string& wanted : rule.interfaces()) {
      check_name(findings, wanted, "'interface' of [rule " + rule.name + "]",
                 "[rule " + rule.name + "] matches nothing from there");
    }
  }
  return findings;
}

Findings missing_towards_servers(const Subject& subject) {
  const auto names = interface_names();
  Findings findings;
  for (const UsedUpstream& used : subject.upstreams) {
    const UpstreamProfile& profile = used.upstream->profile();
    const std::string& interface = profile.options.interface;
    const auto fail = [&](const std::string& what, const char* command) {
      findings.push_back({"interfaces", Level::fail,
                          "[upstream " + used.upstream->name() + "] " + what + ": its flows fail",
                          command});
    };
    if (!interface.empty() && std::find(names.begin(), names.end(), interface) == names.end()) {
      fail("leaves by " + interface + ", and there is no such interface", "ip -br link");
    }
    if (profile.source.kind == SourceKind::address && !can_be_bound(profile.source.address)) {
      fail("has the source " + profile.source.address.text() + ", which no interface has",
           "ip -br address");
    }
  }
  return findings;
}

Findings servers_among_clients(const Subject& subject) {
  const auto addresses = interface_addresses();
  Findings findings;
  for (const UsedUpstream& used : subject.upstreams) {
    for (const auto& server : used.upstream->servers()) {
      const auto address = Address::parse(server->identity().host);
      const auto* link = address ? on_link(addresses, address.value()) : nullptr;
      if (link != nullptr && link->address != address.value() &&
          is_client_side(subject, link->interface)) {
        findings.push_back(server_in_the_lan(*used.upstream, *server, link->interface));
      }
    }
  }
  return findings;
}

// Each sentence ends in the line that fixes it.
Findings open_to_outside(const Subject& subject) {
  const auto uplinks = firewall::uplinks_here();
  const auto interfaces = firewall::interfaces_here();
  Findings findings;
  for (const UsedUpstream& used : subject.upstreams) {
    for (const RuleSettings* rule : used.rules) {
      const std::string text = firewall::open_resolver(
          subject.configuration, *rule, used.upstream->handling(), uplinks, interfaces);
      if (!text.empty()) {
        findings.push_back({"interfaces", Level::warn, text,
                            "narrow [rule " + rule->name + "], then weir reload"});
      }
    }
    if (used.upstream->name() == subject.configuration.gateway.default_use) {
      const std::string text =
          firewall::outside_default(subject.configuration, used.upstream->handling(), uplinks);
      if (!text.empty()) {
        findings.push_back({"interfaces", Level::warn, text, "write the line, then weir reload"});
      }
    }
  }
  return findings;
}

}  // namespace

Findings examine_interfaces(const Subject& subject) {
  if (auto findings = missing_towards_servers(subject); !findings.empty()) {
    return findings;
  }
  if (Findings findings = wrong_names(subject); !findings.empty()) {
    return findings;
  }
  if (Findings findings = names_of_ports(subject); !findings.empty()) {
    return findings;
  }
  if (const auto trouble =
          firewall::trouble_with_outside(subject.ruleset, firewall::interfaces_here());
      !trouble.empty()) {
    return {{"interfaces", Level::warn, trouble, fix}};
  }
  if (Findings findings = open_to_outside(subject); !findings.empty()) {
    return findings;
  }
  if (subject.ruleset.inbound == Inbound::named) {
    Findings findings = servers_among_clients(subject);
    if (findings.empty()) {
      findings.push_back({"interfaces", Level::ok, "all there", ""});
    }
    return findings;
  }
  const auto addresses = interface_addresses();
  for (const UsedUpstream& used : subject.upstreams) {
    for (const auto& server : used.upstream->servers()) {
      const auto address = Address::parse(server->identity().host);
      const auto* link = address ? on_link(addresses, address.value()) : nullptr;
      if (link != nullptr && link->address != address.value() &&
          is_client_side(subject, link->interface)) {
        return {{"interfaces", Level::warn,
                 "server " + used.upstream->name() + "/" + server->identity().name +
                     " sits behind this router (" + link->interface +
                     ") and no interfaces are named: what it sends is intercepted, too",
                 fix}};
      }
    }
  }
  std::string where = "clients may come in anywhere";
  for (const std::string& name : subject.ruleset.outside) {
    where += (&name == &subject.ruleset.outside.front() ? " but by " : ", ") + name;
  }
  return {{"interfaces", Level::ok, where, ""}};
}

}  // namespace weir::doctor
