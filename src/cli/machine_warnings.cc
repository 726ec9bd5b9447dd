#include "cli/machine_warnings.h"

#include <string>
#include <utility>

#include "base/escape.h"
#include "cli/implied_rules.h"
#include "devices/asked_devices.h"
#include "doctor/evasions.h"
#include "doctor/saved_tables.h"
#include "firewall/from_outside.h"
#include "firewall/install.h"
#include "firewall/surroundings.h"
#include "gateway/known_devices.h"
#include "upstream/assembly.h"

namespace weir {
namespace {

// Rules that would lead to the router's own services, were it meant (Ruleset::spares_own).
std::vector<Diagnostic> rules_that_spare_own(const Configuration& configuration) {
  const FirewallSettings& settings = configuration.firewall;
  std::vector<Diagnostic> out;
  if (!settings.local_services || settings.inbound == Inbound::named) {
    return out;
  }
  ServerPool scratch;
  UpstreamAssembly assembly(configuration.upstreams, scratch);
  for (const RuleSettings& rule : configuration.rules) {
    const auto upstream = assembly.get(rule.use);
    if (upstream && rule.interfaces().empty() &&
        upstream.value()->offload() == Upstream::Offload::none &&
        upstream.value()->leads() != Upstream::Leads::elsewhere) {
      out.push_back({Diagnostic::Severity::warning, rule.use_location,
                     "[rule " + rule.name +
                         "] does not match traffic to the router itself, although local-services = "
                         "yes: weir would reach the router's services from inside, past the input "
                         "filter. To have it match, name the clients' interfaces in [firewall] "
                         "interfaces or in the rule"});
    }
  }
  return out;
}

std::vector<Diagnostic> open_to_outside(const Configuration& configuration) {
  std::vector<Diagnostic> out;
  ServerPool scratch;
  UpstreamAssembly assembly(configuration.upstreams, scratch);
  const std::vector<std::string> uplinks = firewall::uplinks_here();
  const std::vector<std::string> interfaces = firewall::interfaces_here();
  for (const RuleSettings& rule : configuration.rules) {
    const auto upstream = assembly.get(rule.use);
    std::string text =
        upstream ? firewall::open_resolver(configuration, rule, upstream.value()->handling(),
                                           uplinks, interfaces)
                 : "";
    if (!text.empty()) {
      out.push_back({Diagnostic::Severity::warning, rule.location, std::move(text)});
    }
  }
  const auto otherwise = assembly.get(configuration.gateway.default_use);
  std::string text =
      otherwise ? firewall::outside_default(configuration, otherwise.value()->handling(), uplinks)
                : "";
  if (!text.empty()) {
    out.push_back({Diagnostic::Severity::warning, {configuration.file, 0}, std::move(text)});
  }
  return out;
}

// Forward rules that what weir carries never meets. Without the privilege to read them there are
// none: what is right in the file is so on any machine.
std::vector<Diagnostic> passed_forward_rules(const Configuration& configuration,
                                             const firewall::Ruleset& rules) {
  const auto filters = doctor::read_filters();
  if (filters.empty()) {
    return {};
  }
  const doctor::Subject subject{
      .configuration = configuration, .ruleset = rules, .upstreams = {}, .running = {}};
  return warnings_of(doctor::evasions(subject, filters, doctor::interface_addresses()),
                     configuration);
}

// Words of rules that hold for no device that this machine knows.
std::vector<Diagnostic> unknown_devices(const Configuration& configuration) {
  if (!asks_for_devices(configuration)) {
    return {};
  }
  std::vector<Diagnostic> out;
  const auto table = read_devices(configuration.devices);
  for (const MissingDevice& missing : missing_devices(configuration, *table)) {
    out.push_back({Diagnostic::Severity::warning, missing.rule->location,
                   "[rule " + missing.rule->name + "] '" + missing.word +
                       "' holds for no client now: " + missing.why});
  }
  return out;
}

}  // namespace

std::vector<Diagnostic> warnings_of(const std::vector<doctor::Evasion>& evasions,
                                    const Configuration& configuration) {
  std::vector<Diagnostic> out;
  for (const doctor::Evasion& evasion : evasions) {
    const SourceLocation& otherwise = configuration.gateway.default_given
                                          ? configuration.gateway.default_location
                                          : SourceLocation{configuration.file, 0};
    std::string text;
    append_printable(text, evasion.text + "; for that to apply, " + evasion.fix);
    out.push_back({Diagnostic::Severity::warning,
                   evasion.rule == nullptr ? otherwise : evasion.rule->location, std::move(text)});
  }
  return out;
}

std::vector<Diagnostic> machine_warnings(const Configuration& configuration) {
  std::vector<Diagnostic> out = unknown_devices(configuration);
  const auto implied = implied_rules(configuration);
  if (!implied) {
    return out;
  }
  const auto backend = firewall::standard_backend();
  const auto rules = firewall::fitted_to_machine(implied.value(), backend);
  if (!rules) {
    return out;
  }
  const auto say = [&](Diagnostic::Severity severity, std::string text) {
    if (!text.empty()) {
      out.push_back({severity, {configuration.file, 0}, std::move(text)});
    }
  };
  say(Diagnostic::Severity::warning,
      firewall::trouble_with_outside(rules.value(), firewall::interfaces_here()));
  const auto shortcoming = firewall::shortcoming_of(rules.value(), backend);
  say(shortcoming.weight == firewall::Shortcoming::Weight::refused ? Diagnostic::Severity::error
                                                                   : Diagnostic::Severity::warning,
      shortcoming.text);
  if (rules.value().lookup == firewall::Ruleset::Lookup::by_interface &&
      !configuration.firewall.towards.empty()) {
    say(Diagnostic::Severity::warning,
        "'towards' does not follow policy rules with an inbound interface (ip rule … iif): where "
        "such a rule routes traffic, weir decides by the other rules");
  }
  const auto spared = rules_that_spare_own(configuration);
  out.insert(out.end(), spared.begin(), spared.end());
  const auto open = open_to_outside(configuration);
  out.insert(out.end(), open.begin(), open.end());
  const auto passed = passed_forward_rules(configuration, rules.value());
  out.insert(out.end(), passed.begin(), passed.end());
  return out;
}

}  // namespace weir
