#include "firewall/iptables_chains.h"

#include <algorithm>

namespace weir::firewall {

std::string_view prefix_of(Origin origin) { return origin == Origin::local ? "WEIR-L-" : "WEIR-"; }

std::string chain_of(const Decision& decision, Origin origin) {
  return std::string(prefix_of(origin)) + std::to_string(decision.row);
}

const std::optional<Addresses>& addresses_in(const Decision& decision, Family family) {
  return family == Family::v4 ? decision.v4 : decision.v6;
}

bool needs_chain(const Decision& decision, Family family) {
  const auto& addresses = addresses_in(decision, family);
  return addresses && !addresses->any();
}

bool leaves_by_mark(const Ruleset& ruleset, Family family) {
  return std::any_of(ruleset.decisions.begin(), ruleset.decisions.end(),
                     [=](const Decision& decision) {
                       return decision.verdict != Verdict::drop && needs_chain(decision, family);
                     });
}

bool bypasses_by_mark(const Ruleset& ruleset, Family family) {
  return std::any_of(ruleset.decisions.begin(), ruleset.decisions.end(),
                     [=](const Decision& decision) {
                       return decision.verdict == Verdict::bypass && needs_chain(decision, family);
                     });
}

bool both_ends(const Addresses& addresses) {
  return !addresses.client.empty() && !addresses.destination.empty();
}

namespace {

void add_rule_chains(std::vector<std::string>& chains, const Decision& decision, Family family,
                     Origin origin) {
  chains.push_back(chain_of(decision, origin));
  if (both_ends(*addresses_in(decision, family))) {
    chains.push_back(chain_of(decision, origin) + "-TO");
  }
}

void add_local_chains(std::vector<std::string>& chains, const Ruleset& ruleset, Family family) {
  chains.emplace_back("WEIR-LOCAL");
  chains.emplace_back("WEIR-L-DECIDE");
  for (const Decision& decision : ruleset.decisions) {
    if (decision.row != 0 && decision.interfaces.empty() && needs_chain(decision, family)) {
      add_rule_chains(chains, decision, family, Origin::local);
    }
  }
  if (ruleset.has(Verdict::intercept)) {
    chains.emplace_back("WEIR-L-INTERCEPT");
  }
  if (ruleset.has(Verdict::reject)) {
    chains.emplace_back("WEIR-L-REFUSE");
  }
}

}  // namespace

std::vector<std::string> iptables_chains(const Ruleset& ruleset, Family family,
                                         std::string_view table) {
  if (table == "filter") {
    std::vector<std::string> chains;
    if (ruleset.has(Verdict::reject)) {
      chains.emplace_back("WEIR");
      if (ruleset.local) {
        chains.emplace_back("WEIR-LOCAL");
      }
    }
    return chains;
  }
  std::vector<std::string> chains = {"WEIR", "WEIR-OWN-UDP", "WEIR-OWN-TCP", "WEIR-DELIVER"};
  if (!ruleset.decisions.empty()) {
    chains.emplace_back("WEIR-DECIDE");
  }
  if (ruleset.harms_answers(Protocol::udp)) {
    chains.emplace_back("WEIR-UDP");
  }
  for (const Decision& decision : ruleset.decisions) {
    if (decision.row != 0 && needs_chain(decision, family)) {
      add_rule_chains(chains, decision, family, Origin::forwarded);
    }
  }
  if (ruleset.has(Verdict::intercept)) {
    chains.emplace_back("WEIR-INTERCEPT");
  }
  if (ruleset.has(Verdict::reject)) {
    chains.emplace_back("WEIR-REFUSE");
  }
  if (bypasses_by_mark(ruleset, family)) {
    chains.emplace_back("WEIR-BYPASS");
  }
  if (ruleset.local && !ruleset.decisions.empty()) {
    add_local_chains(chains, ruleset, family);
  }
  return chains;
}

}  // namespace weir::firewall
