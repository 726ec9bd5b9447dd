// A list of addresses with negations, in the form that is asked for every flow: prefix sets, and
// what else its items are.
//
// A value, immutable once made; any thread may ask.
#pragma once

#include <optional>
#include <vector>

#include "base/address_item.h"
#include "base/flow_facts.h"
#include "base/prefix.h"
#include "base/prefix_list.h"
#include "base/prefix_set.h"

namespace weir {

// Holds for an address that something of `include` has (or there is nothing) and nothing of
// `exclude`.
struct AddressCondition {
  std::vector<Prefix> include = {};
  std::vector<Prefix> exclude = {};
  std::vector<AddressItem> include_items = {};
  std::vector<AddressItem> exclude_items = {};

  [[nodiscard]] bool empty() const {
    return !names_some() && exclude.empty() && exclude_items.empty();
  }
  // Else it wants every address that it does not exclude.
  [[nodiscard]] bool names_some() const { return !include.empty() || !include_items.empty(); }
  [[nodiscard]] bool has_items() const { return !include_items.empty() || !exclude_items.empty(); }
  friend bool operator==(const AddressCondition&, const AddressCondition&) = default;
};

class AddressMatch {
 public:
  explicit AddressMatch(AddressCondition condition);

  // By its prefixes alone.
  [[nodiscard]] bool holds(const Address& address) const {
    return (include_.empty() || include_.contains(address)) && !exclude_.contains(address);
  }
  [[nodiscard]] Answer holds(FlowEnd end, const FlowFacts& facts) const {
    return has_items_ ? holds_with_items(end, facts) : answer(holds(address_at(end, facts.flow())));
  }
  // True when this holds for every address that `other` holds for; null: for every address. May
  // miss a case where only the union of several prefixes would show it.
  [[nodiscard]] bool covers(const AddressMatch* other) const;
  // False when no address of the family is wanted.
  [[nodiscard]] bool admits(Family family) const;
  // True when every address that is wanted is excluded as well.
  [[nodiscard]] bool holds_for_none() const;
  // None: every item is as it was.
  [[nodiscard]] std::optional<AddressMatch> fitted(const Machine& machine) const;
  // Whatever is wanted is in one of these. None: that is not known.
  [[nodiscard]] std::vector<PrefixList> lists() const;
  // And all in them is wanted.
  [[nodiscard]] bool excludes_nothing() const {
    return condition_.exclude.empty() && condition_.exclude_items.empty();
  }
  [[nodiscard]] const AddressCondition& condition() const { return condition_; }

  friend bool operator==(const AddressMatch& a, const AddressMatch& b) {
    return a.condition_ == b.condition_;
  }

 private:
  [[nodiscard]] Answer holds_with_items(FlowEnd end, const FlowFacts& facts) const;
  // Of `theirs`: everything that it wants is included here; nothing that is excluded here is wanted
  // by it.
  [[nodiscard]] bool includes(const AddressMatch& theirs) const;
  [[nodiscard]] bool excludes_only_beside(const AddressMatch& theirs) const;

  AddressCondition condition_;
  PrefixSet include_;
  PrefixSet exclude_;
  bool has_items_;
};

}  // namespace weir
