// Which packets may be of a rule's flows, as far as a packet filter can check. It begins with all
// packets, and each condition of the rule narrows it (ConditionType::lower); what is left becomes a
// Decision.
//
// Where a packet does not show whether a condition holds, everything that the others leave goes to
// the gateway, which then looks for the rule again: whatever the rule would do with its flows, and
// whatever later rules would do with the rest of these, is the gateway's to do. Flows that cannot
// be the rule's by its other conditions are decided here as before.
//
// A value, on the main thread or a command's.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/configuration.h"
#include "firewall/item_words.h"
#include "firewall/match.h"

namespace weir::firewall {

class Narrowing {
 public:
  // Lists of more prefixes than these are left to the gateway.
  explicit Narrowing(std::size_t max_set) : max_set_(max_set) {}

  // The packet is for one of these ports.
  void to_ports(const std::vector<PortRange>& on);
  // Its source, or its destination, is in the list.
  void to_addresses(FlowEnd end, const AddressCondition& list);
  // It came in by one of these; what the router itself sends did not.
  void to_inbound(const std::vector<std::string>& interfaces);
  // What has words of its own holds for it.
  void to(match::InWords words);
  // It came in; what the router itself sends did not.
  void to_what_comes_in() { only_inbound_ = true; }
  // No packet, here and now. Its ports stay ports that a rule names.
  void to_nothing() { is_empty_ = true; }
  // A packet does not show whether the condition holds.
  void ask_gateway() { is_exact_ = false; }
  // It does not show which host is meant; the client may have looked that up. `names`: what the
  // condition says, equal for equal ones; "": no name meets it.
  void ask_for_name(std::string names) { names_ = std::move(names); }

  [[nodiscard]] const Ports& tcp() const { return tcp_; }
  [[nodiscard]] const Ports& udp() const { return udp_; }
  // None: no packet of the family is left.
  [[nodiscard]] std::optional<Addresses> addresses(Family family) const;
  [[nodiscard]] const std::vector<std::string>& inbound() const { return inbound_; }
  [[nodiscard]] const std::vector<Condition>& also() const { return also_; }
  [[nodiscard]] bool only_inbound() const { return only_inbound_; }
  // Every packet that is left is the rule's.
  [[nodiscard]] bool is_exact() const { return is_exact_ && !names_; }
  // Every one is whose host the rule's condition holds for.
  [[nodiscard]] bool is_exact_by_name() const { return is_exact_ && names_; }
  // None: it does not ask for the name.
  [[nodiscard]] const std::optional<std::string>& names() const { return names_; }

 private:
  Ports tcp_, udp_;
  AddressCondition client_, destination_;  // prefixes
  std::vector<std::string> inbound_;       // empty: any
  std::vector<Condition> also_;
  bool only_inbound_ = false;
  std::optional<Family> only_family_;
  bool is_exact_ = true;
  std::optional<std::string> names_;
  bool is_empty_ = false;
  std::size_t max_set_;
};

// `max_set`: FirewallSettings::max_set.
[[nodiscard]] Narrowing narrowed(const RuleSettings& rule, std::size_t max_set);

// Why a rule that the firewall would decide is the gateway's: the list of its that is too long;
// empty: it has none.
[[nodiscard]] std::string why_lists_left_to_gateway(const RuleSettings& rule, std::size_t max_set);
// The same, or the condition, or the item of a list, of which no packet shows whether it holds.
// Devices and networks that are not fitted to the machine are taken for what they mostly are.
[[nodiscard]] std::string why_left_to_gateway(const RuleSettings& rule, std::size_t max_set);

// Whether the firewall hands a flow to the gateway because of a rule that the gateway decides: what
// of its conditions a packet filter can check holds for the flow. No later rule is the firewall's
// for that flow.
[[nodiscard]] bool hands_over(const RuleSettings& rule, const FlowFacts& facts,
                              std::size_t max_set);

}  // namespace weir::firewall
