// What a configuration decides about flows: intercepted or not, by which rule, through which
// upstream. Made once, asked for any number of flows; `weir explain` is its user.
//
// Owned by the command that asks, which keeps the configuration as long. Nothing is asked of the
// machine but what Surroundings says. One thread.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/configuration.h"
#include "base/flow_facts.h"
#include "base/prefix_set.h"
#include "cli/own_traffic_warnings.h"
#include "firewall/address_kind.h"
#include "rules/rule_set.h"
#include "upstream/assembly.h"
#include "weir/flow.h"

namespace weir {

class FlowDecider {
 public:
  // What this machine is to a flow.
  struct Surroundings {
    std::function<firewall::AddressKind(const Address& destination)> kind_of;
    // Interfaces that lead outside, if clients may come in by all others.
    std::vector<std::string> outside = {};
    // The interface by which routing would send it out, empty where there is no route. No function,
    // and no value: the firewall does not ask.
    std::function<std::optional<std::string>(const Flow& flow)> leaves_by = nullptr;
    ClientDevice device = nullptr;  // of clients
  };

  // Where `use` leads.
  struct Target {
    std::string use;
    std::shared_ptr<const Upstream> upstream;  // null: it cannot be made, see `problem`
    std::string problem;
    std::vector<ServerOfUpstream> servers;  // to which a flow from one of them does not go
  };

  struct Decision {
    std::string not_intercepted;      // why the firewall never hands it to weir; else empty
    bool asked_rules = false;         // none of those before `rule`, or of all, matched
    std::optional<std::size_t> rule;  // of the configuration's; none: the default
    const Target* target = nullptr;   // null where it is not intercepted
    // The server that is the client: the flow goes on to its own destination. Null: it is none.
    const ServerOfUpstream* client = nullptr;
  };

  FlowDecider(const Configuration& configuration, Surroundings surroundings);

  // `interface`: where the flow comes in, or empty. `host`: which one it names.
  [[nodiscard]] Decision decide(const Flow& flow, std::string_view interface,
                                const KnownHost& host = {}) const;

 private:
  const Target& target_of(const std::string& use);
  [[nodiscard]] std::string why_not_intercepted(const Flow& flow, std::string_view interface,
                                                firewall::AddressKind kind) const;
  [[nodiscard]] std::string why_not_towards(const std::string& leaves_by, const Flow& flow) const;
  [[nodiscard]] bool default_is_asked(const Flow& flow) const;
  [[nodiscard]] static std::size_t slot(Protocol protocol, Port port);

  const Configuration& configuration_;
  Surroundings surroundings_;
  ServerPool servers_;
  UpstreamAssembly assembly_;
  RuleSet rules_;
  PrefixSet excluded_;
  std::map<std::string, Target> targets_;  // by `use`
  std::vector<const Target*> in_order_;    // of the rules, then of the default
  // For each protocol and port: some rule names it; some rule that the firewall does not decide
  // alone does.
  std::vector<bool> named_;
  std::vector<bool> handed_over_;
};

}  // namespace weir
