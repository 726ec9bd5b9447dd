#include "cli/load.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

#include "base/links.h"
#include "base/machine.h"
#include "base/suggest.h"
#include "cli/bypass_warnings.h"
#include "cli/claim_warnings.h"
#include "cli/family_warnings.h"
#include "cli/host_warnings.h"
#include "cli/name_warnings.h"
#include "cli/own_traffic_warnings.h"
#include "cli/print_error.h"
#include "cli/quic_warnings.h"
#include "cli/reach_warnings.h"
#include "cli/set_warnings.h"
#include "cli/told_host_warnings.h"
#include "rules/conditions/table.h"
#include "rules/rule_set.h"
#include "upstream/assembly.h"
#include "upstream/proxy_chain.h"
#include "upstream/registry.h"
#include "upstream/server_key.h"

namespace weir {
namespace {

// The key that has a value at a place, or "".
std::string_view key_at(const Settings& settings, const SourceLocation& location) {
  for (const std::string_view key : settings.given_keys()) {
    for (const Value& value : settings.all(key)) {
      if (value.location == location) {
        return key;
      }
    }
  }
  return {};
}

// With the known type that is nearest to an unknown one, so that the rest can be checked by it.
Settings with_known_type(const Settings& given) {
  Settings out = given;
  std::vector<std::string_view> names;
  for (const PolicyType& policy : policies()) {
    names.push_back(policy.name);
  }
  const std::string type = given.text_or_empty("type");
  if (type.empty() || std::find(names.begin(), names.end(), type) != names.end()) {
    return out;
  }
  if (const std::string_view meant = nearest(type, names); !meant.empty()) {
    Value value;
    value.text = meant;
    value.location = given.location_of("type");
    out.remove("type", value.location);
    out.add("type", std::move(value));
  }
  return out;
}

// Where no policy can be asked: checks the lines that have the same form in all of them.
std::vector<Diagnostic> check_servers(const Settings& settings) {
  std::vector<Diagnostic> out;
  for (const Value& line : settings.all("server")) {
    if (const auto server = parse_server(line); !server) {
      out.push_back({Diagnostic::Severity::error, line.location, server.error().text()});
    }
  }
  return out;
}

// A policy reports the first thing it finds wrong. To see the others as well, the value at fault is
// taken out and the rest tried again, until it is right or nothing can be taken out.
std::vector<Diagnostic> check_upstream(const Settings& given, std::span<const Settings> all) {
  std::vector<Diagnostic> out;
  Settings settings = with_known_type(given);
  if (!is_complete(settings)) {
    return check_servers(settings);
  }
  while (is_complete(settings)) {
    ServerPool scratch;
    using Absent = UpstreamAssembly::Absent;
    const auto made = UpstreamAssembly(all, scratch, {}, Absent::replaced).make(settings);
    if (made.ok()) {
      break;
    }
    const Error& error = made.error();
    const std::string_view key = key_at(settings, error.location());
    // The section as a whole may be wrong only because that value was taken out.
    if (key.empty() && !out.empty()) {
      break;
    }
    out.push_back({Diagnostic::Severity::error, error.location(), error.text()});
    if (key.empty() || key == "type") {
      break;
    }
    settings.remove(std::string(key), error.location());
  }
  return out;
}

// What the servers send themselves comes back through the router when they sit behind it.
std::vector<Diagnostic> servers_behind_the_router(const Configuration& configuration,
                                                  UpstreamAssembly& assembly) {
  if (configuration.firewall.inbound == Inbound::named) {
    return {};
  }
  for (const Settings& settings : configuration.upstreams) {
    const auto upstream = assembly.get(settings.name());
    if (upstream.ok() && !upstream.value()->servers().empty()) {
      return {{Diagnostic::Severity::warning, settings.location(),
               "if a server of [upstream " + settings.name() +
                   "] sits behind this router, what it sends is intercepted as well: name the "
                   "clients' interfaces in [firewall] interfaces"}};
    }
  }
  return {};
}

// What comes in at a port of a bridge, or at a link of a bond, comes in by its master.
std::vector<Diagnostic> names_of_ports(const Configuration& configuration) {
  std::vector<Diagnostic> out;
  const auto links = read_links();
  if (!links) {
    return out;
  }
  const auto check_names = [&](const std::vector<std::string>& names,
                               const SourceLocation& location, const std::string& where,
                               const std::string& effect) {
    for (const std::string& warning : port_warnings(links.value(), names, effect)) {
      out.push_back(
          {Diagnostic::Severity::warning, location, fmt::format("{}: {}", where, warning)});
    }
  };
  check_names(configuration.firewall.interfaces, {.file = configuration.file, .line = 0},
              "[firewall] interfaces", "is intercepted");
  for (const RuleSettings& rule : configuration.rules) {
    check_names(rule.interfaces(), rule.location, "[rule " + rule.name + "]", "is meant");
  }
  return out;
}

// Secrets in a file that every user of this machine may read.
std::vector<Diagnostic> open_passwords(const Configuration& configuration) {
  std::vector<Diagnostic> out;
  for (const Settings& settings : configuration.upstreams) {
    struct stat status {};
    if (!settings.given("password")) {
      continue;
    }
    const SourceLocation location = settings.location_of("password");
    if (::stat(location.file.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0) {
      out.push_back({Diagnostic::Severity::warning, location,
                     "every user may read this file, and the password in it: chmod o-r " +
                         location.file + ", or put the password into a password-file"});
    }
  }
  return out;
}

// Upstreams whose `via` is never told the flow's destination.
std::vector<Diagnostic> lost_targets(const Configuration& configuration,
                                     UpstreamAssembly& assembly) {
  std::vector<Diagnostic> out;
  for (const Settings& settings : configuration.upstreams) {
    const auto upstream = assembly.get(settings.name());
    if (!upstream) {
      continue;
    }
    if (auto why = why_target_is_lost(*upstream.value()); !why.empty()) {
      out.push_back({Diagnostic::Severity::warning, settings.location_of("via"), std::move(why)});
    }
  }
  return out;
}

// Rules that would send datagrams where none can go.
std::vector<Diagnostic> misled_datagrams(const Configuration& configuration,
                                         UpstreamAssembly& assembly) {
  std::vector<Diagnostic> out;
  bool left_over = false;
  const auto check = [&](const std::string& use, const SourceLocation& location,
                         const std::string& whose) {
    const auto upstream = assembly.get(use);
    if (!upstream) {
      return;
    }
    if (const std::string why = why_no_datagrams(*upstream.value()); !why.empty()) {
      out.push_back(
          {Diagnostic::Severity::error, location, whose + " UDP to '" + use + "': " + why});
    }
  };
  for (const RuleSettings& rule : configuration.rules) {
    const bool udp = std::any_of(rule.on().begin(), rule.on().end(), [](const PortRange& range) {
      return range.protocol == Protocol::udp;
    });
    // Beyond a rule without conditions nothing is left for `default`.
    left_over = left_over || (udp && !rule.takes_all());
    if (udp) {
      check(rule.use, rule.use_location, "[rule " + rule.name + "] sends");
    }
  }
  if (left_over) {
    check(configuration.gateway.default_use, configuration.gateway.default_location,
          "'default' may send");
  }
  return out;
}

}  // namespace

Schema registry_schema() {
  return {.policies = policies(),
          .upstream_keys = upstream_keys(),
          .builtins = builtin_names(),
          .check_upstream = check_upstream,
          .conditions = condition_types()};
}

void load_sets_of(Loaded& loaded, const SetTable* before, const OpenList& open) {
  if (!loaded.configuration || loaded.configuration->sets.empty()) {
    return;
  }
  SetsLoaded sets = load_sets(loaded.configuration->sets, before, open);
  loaded.diagnostics.insert(loaded.diagnostics.end(), sets.diagnostics.begin(),
                            sets.diagnostics.end());
  if (!sets.table) {
    loaded.configuration.reset();
    return;
  }
  const auto more = name_warnings(*loaded.configuration, *sets.table);
  loaded.diagnostics.insert(loaded.diagnostics.end(), more.begin(), more.end());
  for (RuleSettings& rule : loaded.configuration->rules) {
    rule = rule.fitted({.sets = sets.table.get()});
  }
  loaded.configuration->set_table = std::move(sets.table);
}

Loaded load(const std::string& file, const SetTable* before) {
  Loaded out = load_configuration(file, registry_schema());
  load_sets_of(out, before);
  if (out.configuration) {
    ServerPool scratch;
    UpstreamAssembly assembly(out.configuration->upstreams, scratch);
    for (auto&& more :
         {shadowed_rules(out.configuration->rules),
          servers_behind_the_router(*out.configuration, assembly),
          family_warnings(*out.configuration, assembly), names_of_ports(*out.configuration),
          open_passwords(*out.configuration), own_traffic_warnings(*out.configuration, assembly),
          reach_warnings(*out.configuration, assembly), lost_targets(*out.configuration, assembly),
          misled_datagrams(*out.configuration, assembly),
          set_warnings(*out.configuration, assembly), bypass_warnings(*out.configuration, assembly),
          host_warnings(*out.configuration, assembly), quic_warnings(*out.configuration, assembly),
          claim_warnings(*out.configuration, assembly),
          told_host_warnings(*out.configuration, assembly)}) {
      out.diagnostics.insert(out.diagnostics.end(), more.begin(), more.end());
    }
    if (std::any_of(out.diagnostics.begin(), out.diagnostics.end(), [](const Diagnostic& one) {
          return one.severity == Diagnostic::Severity::error;
        })) {
      out.configuration.reset();
    }
  }
  return out;
}

std::optional<Configuration> load_or_report(const std::string& file) {
  Loaded loaded = load(file);
  for (const Diagnostic& finding : loaded.diagnostics) {
    print_error(finding.line());
  }
  return std::move(loaded.configuration);
}

}  // namespace weir
