// By what each rule is found for a flow: the prefixes of its client or of its destination, where it
// has some, else nothing but asking it. Of its two ends the one counts that fewer rules share.
//
// Short lists are for Candidates to file, among the rules of one port. Long ones are filed here,
// once for all ports and rules that have them: the same list may stand in hundreds of rules.
//
// Part of a RuleSet; immutable once made. Any thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/configuration.h"
#include "rules/listed_rules.h"
#include "rules/port_intervals.h"
#include "rules/prefix_index.h"

namespace weir {

struct Anchor {
  using By = ConditionType::Index;

  By by = By::none;                          // client, destination, or none
  bool exactly = false;                      // the condition holds for each flow that is found so
  bool is_all = false;                       // and the rule asks nothing else, ports aside
  const RuleCondition* condition = nullptr;  // what it is the anchor of
  std::vector<Prefix> prefixes;              // of its short lists
  std::vector<ListNumber> lists;             // and its long ones
};

class Anchors {
 public:
  // The rules' conditions must outlive it.
  explicit Anchors(std::span<const RuleSettings> rules);

  [[nodiscard]] const Anchor& operator[](RuleNumber number) const { return anchors_[number]; }

  // The numbers of the long lists; none of them is final.
  [[nodiscard]] const PrefixIndex& client_lists() const { return clients_; }
  [[nodiscard]] const PrefixIndex& destination_lists() const { return destinations_; }

 private:
  std::vector<Anchor> anchors_;  // by rule number
  PrefixIndex clients_;
  PrefixIndex destinations_;
};

}  // namespace weir
