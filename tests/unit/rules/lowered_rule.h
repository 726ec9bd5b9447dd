// A rule for clients, and what both of the firewall's tools make of it.
#pragma once

#include <array>
#include <string>

#include "firewall/evaluate.h"
#include "firewall/lower.h"
#include "firewall/narrowing.h"
#include "firewall/print_iptables.h"
#include "firewall/print_nft.h"
#include "rules/rule_fixture.h"

namespace weir {

inline RuleSettings rule_for(const std::string& clients) {
  RuleSettings rule = rules_of({{}}).front();
  rule.set(said("client", clients));
  return rule;
}

inline bool holds(const RuleSettings& rule, const std::string& client) {
  const bool four = client.find(':') == std::string::npos;
  return why_not(rule, flow_of(Protocol::tcp, client, four ? "192.0.2.1:80" : "[2001:db8::1]:80"),
                 "")
      .empty();
}

// A rule that refuses, as either tool has it.
struct Plans {
  explicit Plans(const RuleSettings& rule) {
    Configuration configuration;
    configuration.rules = {rule};
    const std::array handlings{Upstream::Handling{.offload = Upstream::Offload::reject}};
    plan = firewall::make_plan(firewall::make_ruleset(configuration, handlings, {}));
    nft = firewall::for_nft(plan);
  }
  // What becomes of a connection; the same by all of them.
  [[nodiscard]] firewall::Outcome::End end(const std::string& client,
                                           const Mac& sender = {}) const {
    const Address from = Address::parse(client).value();
    const firewall::Packet packet{
        .source = {from, 1024},
        .destination =
            Endpoint::parse(from.is_v4() ? "203.0.113.1:80" : "[2001:db8:f::1]:80").value(),
        .opening = true,
        .sender = sender,
        .in = "lan",
        .route_out = "wan"};
    const auto out = firewall::evaluate(plan, packet).end;
    CHECK(firewall::evaluate(nft, packet).end == out);
    CHECK(firewall::evaluate(firewall::for_iptables(plan, from.family()), packet).end == out);
    return out;
  }
  firewall::Plan plan;
  firewall::Plan nft;
};

inline bool is_exact(const std::string& clients) {
  return firewall::narrowed(rule_for(clients), FirewallSettings{}.max_set).is_exact();
}

}  // namespace weir
