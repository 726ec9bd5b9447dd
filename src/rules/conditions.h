// The conditions of one rule besides its ports, in the form that is asked for every flow: address
// lists as prefix sets.
//
// Part of a RuleSet; immutable once made. Any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/configuration.h"
#include "base/prefix_set.h"
#include "weir/flow.h"

namespace weir {

class AddressMatch {
 public:
  explicit AddressMatch(const AddressCondition& condition);

  [[nodiscard]] bool holds(const Address& address) const;
  // True when this holds for every address that `other` holds for. May miss a case where only the
  // union of several prefixes would show it.
  [[nodiscard]] bool covers(const AddressMatch& other) const;
  [[nodiscard]] bool always() const { return condition_.empty(); }
  [[nodiscard]] std::span<const Prefix> include() const { return condition_.include; }

 private:
  AddressCondition condition_;
  PrefixSet include_;
  PrefixSet exclude_;
};

class Conditions {
 public:
  explicit Conditions(const RuleSettings& rule);

  [[nodiscard]] bool holds(const Flow& flow) const {
    return client_.holds(flow.client.address) && destination_.holds(flow.destination.address);
  }
  // Apart from `holds`, because a name has to be asked for.
  [[nodiscard]] bool needs_interface() const { return !interfaces_.empty(); }
  [[nodiscard]] bool on_interface(std::string_view name) const;

  [[nodiscard]] bool covers(const Conditions& other) const;
  // No condition at all: every flow on the rule's ports is its.
  [[nodiscard]] bool always() const {
    return client_.always() && destination_.always() && interfaces_.empty();
  }
  [[nodiscard]] const AddressMatch& client() const { return client_; }
  [[nodiscard]] const AddressMatch& destination() const { return destination_; }

 private:
  AddressMatch client_;
  AddressMatch destination_;
  std::vector<std::string> interfaces_;
};

}  // namespace weir
