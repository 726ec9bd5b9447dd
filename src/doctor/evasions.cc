#include "doctor/evasions.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "doctor/client_probes.h"
#include "doctor/route_lookup.h"
#include "doctor/saved_tables.h"

namespace weir::doctor {

namespace {

// What of a decision's flows one step of a forward chain would have refused.
struct Refused {
  const firewall::Decision* decision = nullptr;
  const Filter* filter = nullptr;
  const BaseChain* base = nullptr;
  const Step* step = nullptr;  // null: the policy
  Fate fate = Fate::passes;
  std::vector<Probe> probes;
  std::set<std::string> ports;
  std::set<std::string> pairs;  // "guest to lan"
  std::set<std::string> outbound;
  bool by_default_route = false;
};

std::string joined(const std::set<std::string>& words) {
  std::string text;
  for (const std::string& one : words) {
    text += (text.empty() ? "" : ", ") + one;
  }
  return text;
}

bool is_default_route(const Probe& routed) { return routed.destination.length == 0; }

void add(Refused& refused, const Probe& routed, Fate fate) {
  refused.fate = std::max(refused.fate, fate);
  refused.probes.push_back(routed);
  refused.ports.insert(ports_of(routed));
  refused.pairs.insert(routed.inbound + " to " + routed.outbound);
  refused.outbound.insert(routed.outbound);
  refused.by_default_route = refused.by_default_route || is_default_route(routed);
}

std::vector<Refused> refused_by(const Filter& filter, const BaseChain& base,
                                const Carried& carried) {
  std::map<const Step*, Refused> found;
  for (const Probe& routed : carried.probes) {
    if (std::find(filter.families.begin(), filter.families.end(), routed.family) ==
        filter.families.end()) {
      continue;
    }
    for (const Judgement& one : refusals(filter, base, routed)) {
      add(found[one.step], routed, one.fate);
    }
  }
  std::vector<Refused> all;
  for (auto& [step, refused] : found) {
    refused.decision = carried.decision;
    refused.filter = &filter;
    refused.base = &base;
    refused.step = step;
    all.push_back(std::move(refused));
  }
  return all;
}

bool leads_here(const RuleSettings& rule, const std::vector<Probe>& probes) {
  return std::any_of(rule.on().begin(), rule.on().end(), [&](const PortRange& range) {
    return std::any_of(probes.begin(), probes.end(), [&](const Probe& probe) {
      return range.protocol == probe.protocol && range.first <= probe.last &&
             probe.first <= range.last;
    });
  });
}

// Rules at the end of the file are left to the default in the firewall; their names are what an
// operator knows.
std::vector<const RuleSettings*> rules_of(const Subject& subject, const Refused& refused) {
  const auto& rules = subject.configuration.rules;
  if (refused.decision->row != 0) {
    return {&rules[refused.decision->row - 1]};
  }
  std::set<std::size_t> decided;
  for (const firewall::Decision& decision : subject.ruleset.decisions) {
    decided.insert(decision.row);
  }
  std::vector<const RuleSettings*> found;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!decided.contains(i + 1) && leads_here(rules[i], refused.probes)) {
      found.push_back(&rules[i]);
    }
  }
  return found;
}

std::string names_of(const std::vector<const RuleSettings*>& rules) {
  std::string names;
  for (const RuleSettings* rule : rules) {
    names += (names.empty() ? "[rule " : ", [rule ") + rule->name + "]";
  }
  return names.empty() ? "the default" : names;
}

// Where clients may go on being carried to when every route that a forward rule refuses as a whole
// network is left to the kernel. The default route always stays.
std::string kept_interfaces(const std::vector<Refused>& all, const std::vector<Carried>& carried) {
  std::set<std::string> kept;
  std::set<std::string> needed;
  for (const Carried& one : carried) {
    for (const Probe& routed : one.probes) {
      kept.insert(routed.outbound);
      if (is_default_route(routed)) {
        needed.insert(routed.outbound);
      }
    }
  }
  for (const Refused& refused : all) {
    for (const std::string& outbound : refused.outbound) {
      if (!refused.by_default_route && !needed.contains(outbound)) {
        kept.erase(outbound);
      }
    }
  }
  return joined(kept);
}

bool is_fixed_by(const std::string& kept, const Refused& refused) {
  const std::string list = ", " + kept + ", ";
  return !kept.empty() &&
         std::none_of(refused.outbound.begin(), refused.outbound.end(),
                      [&](const std::string& outbound) {
                        return list.find(", " + outbound + ", ") != std::string::npos;
                      });
}

Evasion evasion_of(const Subject& subject, const Refused& refused, const std::string& kept) {
  const auto rules = rules_of(subject, refused);
  const std::string names = names_of(rules);
  const std::string ports = joined(refused.ports);
  const char* verb = refused.fate == Fate::refused          ? "would refuse it"
                     : refused.fate == Fate::partly_refused ? "would refuse a part of it"
                                                            : "may refuse it";
  Evasion evasion;
  evasion.rule = rules.empty() ? nullptr : rules.front();
  evasion.text =
      fmt::format("{} carries {} from {} past the forward rules: one of them {} ({})", names, ports,
                  joined(refused.pairs), verb, said(*refused.filter, *refused.base, refused.step));
  evasion.fix =
      is_fixed_by(kept, refused)
          ? fmt::format("set in [firewall]: towards = {}", kept)
          : fmt::format(
                "put above {} a rule with the conditions of that one: on = {}, use = bypass", names,
                ports);
  return evasion;
}

// Whether weir intercepts what routing sends out there.
bool is_reached(const Subject& subject, const Probe& routed) {
  const auto& towards = subject.ruleset.towards;
  return towards.empty() || std::any_of(towards.begin(), towards.end(), [&](const auto& pattern) {
           return fits(routed.outbound, pattern);
         });
}

}  // namespace

std::vector<Probe> routed_probes(const Probe& probe, const std::vector<InterfaceAddress>& links) {
  std::vector<Probe> probes;
  Probe routed = probe;
  routed.mark = 0;
  const bool bounded = probe.destination.length > 0;
  const auto route = look_up_route(
      {.client = host_in(probe.client, probe.own),
       .destination = bounded ? host_in(probe.destination, probe.own) : somewhere(probe.family),
       .inbound = probe.inbound,
       .mark = 0,
       .protocol = probe.protocol,
       .port = probe.first});
  if (route && !route.value().outbound.empty() && route.value().outbound != probe.inbound &&
      route.value().outbound != "lo") {
    routed.outbound = route.value().outbound;
    probes.push_back(routed);
  }
  for (const InterfaceAddress& link : links) {
    const bool known = std::any_of(probes.begin(), probes.end(), [&](const Probe& one) {
      return one.outbound == link.interface;
    });
    if (!bounded && !known && link.address.family() == probe.family &&
        link.interface != probe.inbound) {
      routed.outbound = link.interface;
      routed.destination = link.subnet;
      probes.push_back(routed);
    }
  }
  return probes;
}

std::string said(const Filter& filter, const BaseChain& base, const Step* step) {
  const std::string where = filter.tool == "nft"
                                ? base.chain
                                : filter.tool + " " + base.chain.substr(base.chain.find(' ') + 1);
  return step == nullptr ? where + " has the policy drop"
                         : where + ": '" + text_of(filter, *step) + "'";
}

std::vector<Evasion> evasions_among(const Subject& subject, const std::vector<Filter>& filters,
                                    const std::vector<Carried>& carried) {
  std::vector<Refused> all;
  for (const Carried& one : carried) {
    for (const Filter& filter : filters) {
      for (const BaseChain& base : filter.bases) {
        if (base.hook == "forward") {
          auto found = refused_by(filter, base, one);
          std::move(found.begin(), found.end(), std::back_inserter(all));
        }
      }
    }
  }
  const std::string kept = kept_interfaces(all, carried);
  std::vector<Evasion> out;
  out.reserve(all.size());
  for (const Refused& refused : all) {
    out.push_back(evasion_of(subject, refused, kept));
  }
  return out;
}

std::vector<Evasion> evasions(const Subject& subject, const std::vector<Filter>& filters,
                              const std::vector<InterfaceAddress>& links) {
  std::vector<Carried> carried;
  for (const firewall::Decision& decision : subject.ruleset.decisions) {
    if (decision.verdict != firewall::Verdict::intercept) {
      continue;
    }
    Carried& one = carried.emplace_back(Carried{&decision, {}});
    for (const Probe& probe : probes_of(subject, decision)) {
      for (const Probe& routed : routed_probes(probe, links)) {
        if (is_reached(subject, routed)) {
          one.probes.push_back(routed);
        }
      }
    }
  }
  return evasions_among(subject, filters, carried);
}

}  // namespace weir::doctor
