#include "firewall/iptables_chains.h"

#include <algorithm>

namespace weir::firewall {

std::string chain_of(const Decision& decision) { return "WEIR-" + std::to_string(decision.row); }

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
                       return decision.verdict == Verdict::bypass && needs_chain(decision, family);
                     });
}

bool both_ends(const Addresses& addresses) {
  return !addresses.client.empty() && !addresses.destination.empty();
}

std::vector<std::string> iptables_chains(const Ruleset& ruleset, Family family,
                                         std::string_view table) {
  if (table == "filter") {
    return ruleset.has(Verdict::reject) ? std::vector<std::string>{"WEIR"}
                                        : std::vector<std::string>{};
  }
  std::vector<std::string> chains = {"WEIR", "WEIR-OWN-UDP", "WEIR-OWN-TCP", "WEIR-DELIVER"};
  if (!ruleset.decisions.empty()) {
    chains.emplace_back("WEIR-DECIDE");
  }
  for (const Decision& decision : ruleset.decisions) {
    if (decision.row == 0 || !needs_chain(decision, family)) {
      continue;
    }
    chains.push_back(chain_of(decision));
    if (both_ends(*addresses_in(decision, family))) {
      chains.push_back(chain_of(decision) + "-TO");
    }
  }
  if (ruleset.has(Verdict::intercept)) {
    chains.emplace_back("WEIR-INTERCEPT");
  }
  if (ruleset.has(Verdict::reject)) {
    chains.emplace_back("WEIR-REFUSE");
  }
  if (leaves_by_mark(ruleset, family)) {
    chains.emplace_back("WEIR-BYPASS");
  }
  return chains;
}

}  // namespace weir::firewall
