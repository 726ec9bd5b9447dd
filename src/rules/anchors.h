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
#include "rules/port_intervals.h"
#include "rules/prefix_index.h"

namespace weir {

using ListNumber = std::uint32_t;

struct Anchor {
  using By = ConditionType::Index;

  By by = By::none;                          // client, destination, or none
  bool exactly = false;                      // the condition holds for each flow that is found so
  const RuleCondition* condition = nullptr;  // what it is the anchor of
  std::vector<Prefix> prefixes;              // of its short lists
  std::vector<ListNumber> lists;             // and its long ones
};

class Anchors {
 public:
  // The rules' conditions must outlive it.
  explicit Anchors(std::span<const RuleSettings> rules);

  [[nodiscard]] const Anchor& operator[](RuleNumber number) const { return anchors_[number]; }

  // Calls `visit` with the number of each long list that has the address.
  template <typename F>
  void each_client_list(const Address& address, F visit) const {
    each_list(clients_, address, visit);
  }
  template <typename F>
  void each_destination_list(const Address& address, F visit) const {
    each_list(destinations_, address, visit);
  }

 private:
  template <typename F>
  static void each_list(const PrefixIndex& index, const Address& address, F& visit) {
    index.each(address, [&](std::span<const ListNumber> lists) {
      for (const ListNumber list : lists) {
        visit(list);
      }
    });
  }

  std::vector<Anchor> anchors_;  // by rule number
  PrefixIndex clients_;          // numbers of lists
  PrefixIndex destinations_;
};

}  // namespace weir
