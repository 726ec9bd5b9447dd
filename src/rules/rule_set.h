// Which rule a flow gets: the first one, in file order, whose conditions all hold. A pure function
// of the flow; no I/O. Compiled once per configuration: an index by protocol and port leads to the
// few rules that can match, so that cost does not grow with the number of rules that can't.
//
// Held by the Snapshot; immutable after compile(), and shared by all workers. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/configuration.h"
#include "base/flow_facts.h"
#include "weir/flow.h"

namespace weir {

class RuleSet {
 public:
  RuleSet();  // no rules: nothing matches
  ~RuleSet();
  RuleSet(RuleSet&&) noexcept;
  RuleSet& operator=(RuleSet&&) noexcept;

  static RuleSet compile(std::span<const RuleSettings> rules);

  struct Decision {
    std::optional<std::size_t> rule;  // as match() has it
    // A rule before that one has the flow once its client names a host that the rule wants, or
    // turns out to name none. Only while the flow's KnownHost is not known yet.
    bool may_change = false;
  };
  [[nodiscard]] Decision decide(const FlowFacts& facts) const;

  // The index into the rules given to compile(); none: the gateway's default. `name` is called only
  // for rules that have `interface`, `device` for those that ask who the client is.
  [[nodiscard]] std::optional<std::size_t> match(const Flow& flow, const InterfaceName& name,
                                                 const ClientDevice& device = {},
                                                 const KnownHost& host = {}) const {
    return decide(FlowFacts(flow, name, device, host)).rule;
  }

  // True when some rule has `interface`, so that the listener must find out.
  [[nodiscard]] bool needs_interface() const;

 private:
  struct Index;
  explicit RuleSet(std::unique_ptr<const Index> index);
  std::unique_ptr<const Index> index_;
};

// Why a rule does not match, in the operator's words ("client 192.0.2.1 is not in
// 198.51.100.0/24"), or "" when it matches. For `explain`.
[[nodiscard]] std::string why_not(const RuleSettings& rule, const Flow& flow,
                                  std::string_view interface, const ClientDevice& device = {},
                                  const KnownHost& host = {});

// What of the sets and devices that the rule names has the flow's ends and its host, and where that
// stands: "client 192.0.2.1 is in @guests (guests.list:7: 192.0.2.0/24)". REQUIRES: the rule
// matches.
[[nodiscard]] std::vector<std::string> set_matches(const RuleSettings& rule, const Flow& flow,
                                                   const ClientDevice& device = {},
                                                   const KnownHost& host = {});

// Warnings about rules that an earlier one leaves nothing for.
[[nodiscard]] std::vector<Diagnostic> shadowed_rules(std::span<const RuleSettings> rules);

}  // namespace weir
