// Where weir looks for clients: a name that no interface has intercepts nothing; no name at all
// intercepts the servers as well that sit behind this router. And where it leaves by: an interface
// or a source address that this machine does not have fails every flow.
#include <sys/socket.h>

#include <algorithm>

#include "base/descriptor.h"
#include "base/transparent.h"
#include "doctor/addresses.h"
#include "doctor/checks.h"
#include "doctor/proc.h"

namespace weir::doctor {

namespace {

constexpr const char* mend = "name the clients' interfaces in [firewall] interfaces";

// As its flows will do; net.ipv4.ip_nonlocal_bind lets them (a backup of VRRP).
bool can_be_bound(const Address& address) {
  const Descriptor socket(::socket(domain_of(address.family()), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_storage raw{};
  const socklen_t length = Endpoint{address, 0}.to(raw);
  return !socket.valid() ||
         bind(socket.get(), reinterpret_cast<const sockaddr*>(&raw), length) == 0;
}

Findings missing(const Subject& subject) {
  const auto names = interface_names();
  Findings findings;
  for (const std::string& wanted : subject.ruleset.interfaces) {
    if (std::find(names.begin(), names.end(), wanted) == names.end()) {
      findings.push_back({"interfaces", Level::fail,
                          "there is no interface " + wanted + ": nothing of it is intercepted",
                          "ip -br link, and [firewall] interfaces"});
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

}  // namespace

Findings examine_interfaces(const Subject& subject) {
  if (auto findings = missing_towards_servers(subject); !findings.empty()) {
    return findings;
  }
  if (!subject.ruleset.interfaces.empty()) {
    Findings findings = missing(subject);
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
      if (link != nullptr && link->address != address.value()) {
        return {{"interfaces", Level::warn,
                 "server " + used.upstream->name() + "/" + server->identity().name +
                     " sits behind this router (" + link->interface +
                     ") and no interfaces are named: what it sends is intercepted, too",
                 mend}};
      }
    }
  }
  return {{"interfaces", Level::ok, "clients may come in anywhere", ""}};
}

}  // namespace weir::doctor
