// Where weir looks for clients: a name that no interface has intercepts nothing; no name at all
// intercepts the servers as well that sit behind this router.
#include <algorithm>

#include "doctor/addresses.h"
#include "doctor/checks.h"
#include "doctor/proc.h"

namespace weir::doctor {

namespace {

constexpr const char* mend = "name the clients' interfaces in [firewall] interfaces";

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

}  // namespace

Findings examine_interfaces(const Subject& subject) {
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
