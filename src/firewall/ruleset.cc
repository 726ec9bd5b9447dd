#include "firewall/ruleset.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <map>
#include <utility>

#include "firewall/narrowing.h"
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

void add(Ports& all, const Ports& more) {
  all.ranges.insert(all.ranges.end(), more.ranges.begin(), more.ranges.end());
  all = joined(std::move(all.ranges));
}

Decision decision_of(const RuleSettings& rule, std::size_t row, Upstream::Handling handling,
                     const Narrowing& narrowing) {
  Decision decision;
  decision.name = rule.name;
  decision.row = row;
  decision.verdict = verdict_of(handling.offload);
  decision.leads = handling.leads;
  if (!narrowing.is_exact()) {
    // It may be a later rule's, which leads elsewhere.
    decision.verdict = Verdict::intercept;
    decision.leads =
        handling.leads == Upstream::Leads::elsewhere ? handling.leads : Upstream::Leads::perhaps;
  }
  decision.tcp = narrowing.tcp();
  decision.udp = narrowing.udp();
  decision.interfaces = narrowing.inbound();
  decision.v4 = narrowing.addresses(Family::v4);
  decision.v6 = narrowing.addresses(Family::v6);
  decision.also = narrowing.also();
  decision.only_inbound = narrowing.only_inbound();
  return decision;
}

// Of the same rule, for pairs that were looked up.
Decision by_name(Decision decision, const NameRule& names, Upstream::Handling handling) {
  decision.verdict = verdict_of(handling.offload);
  decision.leads = handling.leads;
  decision.looked_up = names.set;
  return decision;
}

// The decisions that stand before those of each rule.
using ByName = std::map<std::size_t, std::vector<Decision>>;

Decision default_decision(Ports tcp, Ports udp, Upstream::Handling handling) {
  Decision decision;
  decision.name = default_rule_name;
  decision.verdict = verdict_of(handling.offload);
  decision.leads = handling.leads;
  decision.tcp = std::move(tcp);
  decision.udp = std::move(udp);
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

bool Ruleset::needs_route(const Decision& decision) const {
  // With `towards` a route there is asked for already.
  return decision.verdict == Verdict::intercept && takes_new() && towards.empty() &&
         lookup == Lookup::by_packet && decision.leads == Upstream::Leads::to_destination;
}

bool Ruleset::needs_routes() const {
  return std::any_of(decisions.begin(), decisions.end(),
                     [this](const Decision& decision) { return needs_route(decision); });
}

bool Ruleset::asks_routes() const { return !towards.empty() || needs_routes(); }

bool Ruleset::spares_own(const Decision& decision) const {
  return local_services && inbound != Inbound::named && decision.interfaces.empty() &&
         decision.verdict == Verdict::intercept && decision.leads != Upstream::Leads::elsewhere;
}

Ruleset make_ruleset(const Configuration& configuration,
                     std::span<const Upstream::Handling> handlings, Upstream::Handling otherwise,
                     std::vector<Cgroup> cgroups) {
  assert(handlings.size() == configuration.rules.size());
  const FirewallSettings& settings = configuration.firewall;
  Ruleset ruleset;
  ruleset.file = configuration.file;
  ruleset.port = configuration.gateway.port;
  ruleset.mark = settings.mark;
  ruleset.table = settings.table;
  ruleset.bypass_mark = settings.bypass_mark;
  ruleset.inbound = settings.inbound;
  ruleset.interfaces = settings.interfaces;
  ruleset.towards = settings.towards;
  ruleset.exclude_v4 = of_family(settings.exclude, Family::v4);
  ruleset.exclude_v6 = of_family(settings.exclude, Family::v6);
  ruleset.local = settings.local;
  ruleset.exclude_users = settings.exclude_users;
  ruleset.exclude_cgroups = std::move(cgroups);
  ruleset.local_services = settings.local_services;
  ruleset.on_failure = settings.on_failure;

  // Ports that some rule sends to the gateway, which then has to have a word for the rest of them.
  Ports tcp;
  Ports udp;
  std::vector<Narrowing> all;
  all.reserve(configuration.rules.size());
  std::transform(configuration.rules.begin(), configuration.rules.end(), std::back_inserter(all),
                 [&](const RuleSettings& rule) { return narrowed(rule, settings.max_set); });
  const auto decision_at = [&](std::size_t i) {
    return decision_of(configuration.rules[i], i + 1, handlings[i], all[i]);
  };
  ByName by_names;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (verdict_of(handlings[i].offload) == Verdict::intercept) {
      continue;
    }
    if (auto standing = name_standing(configuration.rules, all, i); standing.place) {
      by_names[standing.place->before].push_back(
          by_name(decision_at(i), standing.place->rule, handlings[i]));
      ruleset.name_rules.push_back(std::move(standing.place->rule));
    }
  }
  for (std::size_t i = 0; i < configuration.rules.size(); ++i) {
    for (Decision& decision : by_names[i]) {
      ruleset.rejects = ruleset.rejects || decision.verdict == Verdict::reject;
      ruleset.decisions.push_back(std::move(decision));
    }
    Decision decision = decision_at(i);
    ruleset.rejects = ruleset.rejects || decision.verdict == Verdict::reject;
    add(ruleset.tcp, decision.tcp);
    add(ruleset.udp, decision.udp);
    if (decision.verdict == Verdict::intercept) {
      add(tcp, decision.tcp);
      add(udp, decision.udp);
    }
    if (decision.v4 || decision.v6) {
      ruleset.decisions.push_back(std::move(decision));
    } else if (decision.verdict != Verdict::intercept) {
      ruleset.idle.push_back(std::move(decision.name));
    }
  }
  if (ruleset.tcp.empty() && ruleset.udp.empty()) {
    return ruleset;
  }

  const bool given = configuration.gateway.default_given;
  if (!given && tcp.empty() && udp.empty()) {
    ruleset.decisions.push_back(default_decision(
        ruleset.tcp, ruleset.udp,
        {.offload = Upstream::Offload::bypass, .leads = Upstream::Leads::to_destination}));
    return ruleset;
  }
  Decision last = given ? default_decision(ruleset.tcp, ruleset.udp, otherwise)
                        : default_decision(std::move(tcp), std::move(udp), otherwise);
  const auto comes_to_the_same = [&](const Decision& decision) {
    return decision.verdict == Verdict::intercept && last.verdict == decision.verdict &&
           ruleset.needs_route(decision) == ruleset.needs_route(last) &&
           ruleset.spares_own(decision) == ruleset.spares_own(last);
  };
  while (!ruleset.decisions.empty() && comes_to_the_same(ruleset.decisions.back())) {
    ruleset.decisions.pop_back();
  }
  ruleset.decisions.push_back(std::move(last));
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

bool needs_cleanup_process(const Ruleset& ruleset, Backend backend) {
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
  name += decision.looked_up.empty() ? "" : "-looked-up";
  return name;
}

}  // namespace weir::firewall
