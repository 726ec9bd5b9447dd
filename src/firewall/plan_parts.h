// The parts that plan.cc makes a plan of, in one order. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "firewall/plan.h"
#include "firewall/steps.h"

namespace weir::firewall {

inline constexpr match::Protocol4 is_udp{Layer4::udp};
inline constexpr match::Protocol4 is_tcp{Layer4::tcp};
inline constexpr match::Opening syn{};
inline constexpr match::Opening not_syn{.negated = true};

inline constexpr std::string_view invalid_destination = "invalid-destination";

// A new chain, at the end. Valid until the next one.
inline Chain& add(Plan& plan, std::string name, std::string why = "") {
  return plan.chains.emplace_back(Chain{.name = std::move(name), .why = std::move(why)});
}

inline match::AddressKind to_kinds(std::vector<match::Kind> kinds, bool negated = false) {
  return {Side::destination, std::move(kinds), negated, false};
}

// The ports that some rule names, to the chain of the rules.
void to_decisions(const Ruleset& ruleset, Chain& chain, std::string_view decisions);

// The rules for what comes in: chain `decide` (plan_decide.cc).
void decide(Plan& plan, const Ruleset& ruleset);
// And for what the router itself sends: chain `decide_local`.
void decide_local(Plan& plan, const Ruleset& ruleset);

// What would lead clients past this router: chain `redirects` (redirects.cc).
void redirects(Plan& plan, const Ruleset& ruleset);

// The path of what the router itself sends, out and in again (plan_local.cc).
void local(Plan& plan, const Ruleset& ruleset);

}  // namespace weir::firewall
