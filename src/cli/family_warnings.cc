#include "cli/family_warnings.h"

#include <algorithm>
#include <optional>
#include <string>

namespace weir {
namespace {

// None for a name, which may have addresses of both.
std::optional<Family> family_of(const Server& server) {
  auto address = Address::parse(server.identity().host);
  return address.ok() ? std::optional(address.value().family()) : std::nullopt;
}

Source source_of(const Upstream& upstream, std::size_t server) {
  return upstream.server_set()->terms_of(server).source.value_or(upstream.profile().source);
}

// Why flows of that family fail; empty: they need not.
std::string why_not(const Upstream& upstream, Family clients) {
  const Source& source = upstream.profile().source;
  const auto servers = upstream.servers();
  if (servers.empty()) {
    const bool dials = upstream.offload() == Upstream::Offload::none &&
                       upstream.dependencies().empty() && upstream.server_set() == nullptr;
    return dials && source.kind == SourceKind::address && source.address.family() != clients
               ? "source = " + source.address.text()
               : "";
  }
  if (!upstream.server_set()->services().empty()) {
    return "";
  }
  for (std::size_t i = 0; i < servers.size(); ++i) {
    if (serves(upstream, i, clients)) {
      return "";
    }
  }
  return source.kind == SourceKind::address
             ? "none of its servers is of the family of its source, " + source.address.text()
             : "source = client needs a server of the client's family: add an " + name_of(clients) +
                   " server";
}

void check_servers(const Settings& settings, const Upstream& upstream,
                   std::vector<Diagnostic>& out) {
  const auto servers = upstream.servers();
  const auto& lines = settings.all("server");
  if (servers.size() != lines.size()) {
    return;  // services
  }
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const Source source = source_of(upstream, i);
    const auto own = family_of(*servers[i]);
    if (source.kind == SourceKind::address && own && *own != source.address.family()) {
      out.push_back({Diagnostic::Severity::warning, lines[i].location,
                     "server '" + servers[i]->identity().name + "' is never used: it is " +
                         name_of(*own) + ", and its source " + name_of(source.address.family())});
    }
  }
}

}  // namespace

std::string name_of(Family family) { return family == Family::v4 ? "IPv4" : "IPv6"; }

bool serves(const Upstream& upstream, std::size_t server, Family clients) {
  const auto own = family_of(*upstream.servers()[server]);
  const Source source = source_of(upstream, server);
  switch (source.kind) {
    case SourceKind::gateway:
      return true;
    case SourceKind::address:
      return !own || *own == source.address.family();
    default:
      return !own || *own == clients;
  }
}

std::vector<Diagnostic> family_warnings(const Configuration& configuration,
                                        UpstreamAssembly& assembly) {
  std::vector<Diagnostic> out;
  for (const Settings& settings : configuration.upstreams) {
    if (const auto upstream = assembly.get(settings.name()); upstream.ok()) {
      check_servers(settings, *upstream.value(), out);
    }
  }
  const auto check_use = [&](const std::string& use, const SourceLocation& location,
                             Family family) {
    const auto upstream = assembly.get(use);
    if (!upstream) {
      return;
    }
    if (const auto why = why_not(*upstream.value(), family); !why.empty()) {
      out.push_back({Diagnostic::Severity::warning, location,
                     name_of(family) + " flows to upstream '" + use + "' will fail: " + why});
    }
  };
  for (const Family family : {Family::v4, Family::v6}) {
    for (const RuleSettings& rule : configuration.rules) {
      if (rule.admits(family)) {
        check_use(rule.use, rule.use_location, family);
      }
    }
    check_use(configuration.gateway.default_use, configuration.gateway.default_location, family);
  }
  return out;
}

}  // namespace weir
