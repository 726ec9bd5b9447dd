// Servers whose own traffic weir meets: behind the router, where clients are, and with `local =
// yes` on the router itself. And control groups that are to be left alone, and are not there.
#include "doctor/addresses.h"
#include "doctor/checks.h"
#include "firewall/cgroups.h"

namespace weir::doctor {

namespace {

constexpr const char* name = "own-traffic";

// Of a server on the router, with local = yes.
Finding local_finding(const Upstream& upstream, const Server& server) {
  const std::string which = "server " + upstream.name() + "/" + server.identity().name +
                            " is on this router, and local = yes intercepts what it sends: ";
  // What carries datagrams as they are is told no destination.
  const bool hears_target = upstream.datagrams() != Upstream::Datagrams::direct;
  return {
      name, Level::warn,
      which + (hears_target ? "weir lets its connections to the destinations that it was asked for "
                              "pass (own-proxy), but sends all others back to it"
                            : "what this router sends by the rules that lead to it goes on to its "
                              "own destination instead (own-server)"),
      "name the server's process in [firewall] exclude-user or exclude-cgroup"};
}

}  // namespace

Finding server_in_the_lan(const Upstream& upstream, const Server& server,
                          const std::string& interface) {
  return {"interfaces", Level::warn,
          "server " + upstream.name() + "/" + server.identity().name +
              " sits behind this router (" + interface +
              "), where weir intercepts: what it sends goes on to its own destination where a rule "
              "would lead it back to itself (own-server); other rules apply to it as to any client",
          "nothing, if they are meant to; otherwise write client = !" + server.identity().host +
              " into the other rules"};
}

Findings examine_own_traffic(const Subject& subject) {
  const FirewallSettings& firewall = subject.configuration.firewall;
  if (!firewall.local) {
    return {{name, Level::ok, "what this router sends is not intercepted (local = no)", ""}};
  }
  Findings findings;
  const auto there = firewall::find_cgroups(firewall.exclude_cgroups);
  for (const std::string& path : firewall::missing_cgroups(firewall.exclude_cgroups, there)) {
    findings.push_back({name, Level::warn,
                        "there is no control group " + path +
                            " at the moment: its traffic passes as soon as there is one",
                        "systemd-cgls, and [firewall] exclude-cgroup"});
  }
  const bool is_named = !firewall.exclude_users.empty() || !firewall.exclude_cgroups.empty();
  const auto addresses = interface_addresses();
  for (const UsedUpstream& used : subject.upstreams) {
    for (const auto& server : used.upstream->servers()) {
      const auto address = Address::parse(server->identity().host);
      if (!is_named && address && is_of_this_router(addresses, address.value())) {
        findings.push_back(local_finding(*used.upstream, *server));
      }
    }
  }
  if (findings.empty()) {
    findings.push_back({name, Level::ok, "what this router sends does not come back to it", ""});
  }
  return findings;
}

}  // namespace weir::doctor
