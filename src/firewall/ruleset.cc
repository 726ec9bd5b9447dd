#include "firewall/ruleset.h"

#include <algorithm>
#include <cassert>

#include "firewall/normal_form.h"

namespace weir::firewall {

namespace {

Verdict verdict_of(Upstream::Offload offload) {
  switch (offload) {
    case Upstream::Offload::bypass:
      return Verdict::bypass;
    case Upstream::Offload::reject:
      return Verdict::reject;
    case Upstream::Offload::drop:
      return Verdict::drop;
    case Upstream::Offload::none:
      break;
  }
  return Verdict::intercept;
}

Ports ports_of(std::span<const PortRange> on, Protocol protocol) {
  std::vector<Ports::Range> ranges;
  for (const PortRange& range : on) {
    if (range.protocol == protocol) {
      ranges.push_back({range.first, range.last});
    }
  }
  return joined(std::move(ranges));
}

void add(Ports& all, const Ports& more) {
  all.ranges.insert(all.ranges.end(), more.ranges.begin(), more.ranges.end());
  all = joined(std::move(all.ranges));
}

Decision decision_of(const RuleSettings& rule, std::size_t row, Verdict verdict) {
  Decision decision;
  decision.name = rule.name;
  decision.row = row;
  decision.verdict = verdict;
  decision.tcp = ports_of(rule.on, Protocol::tcp);
  decision.udp = ports_of(rule.on, Protocol::udp);
  decision.interfaces = rule.interfaces;
  decision.v4 = addresses_of(rule.client, rule.destination, Family::v4);
  decision.v6 = addresses_of(rule.client, rule.destination, Family::v6);
  return decision;
}

Decision default_decision(const Ruleset& ruleset, Verdict verdict) {
  Decision decision;
  decision.name = "(default)";
  decision.verdict = verdict;
  decision.tcp = ruleset.tcp;
  decision.udp = ruleset.udp;
  decision.v4.emplace();
  decision.v6.emplace();
  return decision;
}

}  // namespace

std::string_view name_of(Backend backend) { return backend == Backend::nft ? "nft" : "iptables"; }

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::bypass:
      return "bypass";
    case Verdict::reject:
      return "reject";
    case Verdict::drop:
      return "drop";
    case Verdict::intercept:
      break;
  }
  return "to the gateway";
}

bool Ports::all() const {
  return ranges.size() == 1 && ranges.front().first <= 1 && ranges.front().last == 65535;
}

bool Addresses::any() const {
  return client.empty() && not_client.empty() && destination.empty() && not_destination.empty();
}

bool Ruleset::has(Verdict verdict) const {
  return std::any_of(decisions.begin(), decisions.end(),
                     [=](const Decision& decision) { return decision.verdict == verdict; });
}

Ports Ruleset::refused_udp() const {
  Ports ports;
  for (const Decision& decision : decisions) {
    const bool when_down =
        decision.verdict == Verdict::intercept && on_failure == OnFailure::closed;
    if (decision.verdict == Verdict::reject || when_down) {
      add(ports, decision.udp);
    }
  }
  return ports;
}

bool Ruleset::refuses_tcp() const {
  return std::any_of(decisions.begin(), decisions.end(), [this](const Decision& decision) {
    const bool when_down =
        decision.verdict == Verdict::intercept && on_failure == OnFailure::closed;
    return !decision.tcp.empty() && (decision.verdict == Verdict::reject || when_down);
  });
}

bool Ruleset::harms_answers(Protocol protocol) const {
  return std::any_of(decisions.begin(), decisions.end(), [=, this](const Decision& decision) {
    const Ports& ports = protocol == Protocol::tcp ? decision.tcp : decision.udp;
    // A connection is intercepted by its first packet, which answers nothing.
    const bool harmless = decision.verdict == Verdict::bypass ||
                          (decision.verdict == Verdict::intercept && protocol == Protocol::tcp &&
                           passes_what_is_under_way());
    return !ports.empty() && !harmless;
  });
}

Ruleset make_ruleset(const Configuration& configuration,
                     std::span<const Upstream::Offload> offloads, Upstream::Offload otherwise) {
  assert(offloads.size() == configuration.rules.size());
  const FirewallSettings& settings = configuration.firewall;
  Ruleset ruleset;
  ruleset.file = configuration.file;
  ruleset.port = configuration.gateway.port;
  ruleset.mark = settings.mark;
  ruleset.table = settings.table;
  ruleset.bypass_mark = settings.bypass_mark;
  ruleset.interfaces = settings.interfaces;
  ruleset.exclude_v4 = of_family(settings.exclude, Family::v4);
  ruleset.exclude_v6 = of_family(settings.exclude, Family::v6);
  ruleset.local = settings.local;
  ruleset.local_services = settings.local_services;
  ruleset.on_failure = settings.on_failure;

  for (std::size_t i = 0; i < configuration.rules.size(); ++i) {
    Decision decision = decision_of(configuration.rules[i], i + 1, verdict_of(offloads[i]));
    add(ruleset.tcp, decision.tcp);
    add(ruleset.udp, decision.udp);
    if (decision.v4 || decision.v6) {
      ruleset.decisions.push_back(std::move(decision));
    }
  }
  if (ruleset.tcp.empty() && ruleset.udp.empty()) {
    return ruleset;
  }

  const Verdict last = verdict_of(otherwise);
  while (last == Verdict::intercept && !ruleset.decisions.empty() &&
         ruleset.decisions.back().verdict == last) {
    ruleset.decisions.pop_back();
  }
  ruleset.decisions.push_back(default_decision(ruleset, last));
  return ruleset;
}

Ruleset while_draining(Ruleset ruleset) {
  ruleset.gateway = Ruleset::Gateway::drains;
  return ruleset;
}

Ruleset while_down(Ruleset ruleset) {
  ruleset.gateway = Ruleset::Gateway::is_down;
  for (Decision& decision : ruleset.decisions) {
    if (decision.verdict == Verdict::intercept) {
      decision.verdict = ruleset.on_failure == OnFailure::open ? Verdict::bypass : Verdict::reject;
    }
  }
  return ruleset;
}

bool needs_guardian(const Ruleset& ruleset, Backend backend) {
  return ruleset.has(Verdict::intercept) && (backend == Backend::iptables || ruleset.local);
}

std::string counter_name(const Decision& decision) {
  if (decision.row == 0) {
    return "default";
  }
  std::string name = "rule-" + std::to_string(decision.row) + "-";
  for (const char c : decision.name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
    name += plain ? c : '_';
  }
  return name;
}

}  // namespace weir::firewall
