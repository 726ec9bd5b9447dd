// The conditions of a rule, as all that walk rules have them: a value that was parsed once, and a
// row of functions that alone understand it. The loader, the matcher, `explain`, a reload and the
// firewall call these functions and know no condition by name; src/rules/README.md shows how to
// add one.
//
// A row is constant and lives as long as the program. A condition is immutable: copies share its
// value, however long a list it is, and any thread may ask it.
#pragma once

#include <cassert>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

#include "base/flow_facts.h"
#include "base/prefix_list.h"
#include "weir/settings.h"

namespace weir {

class Findings;  // config/findings.h
struct Machine;  // base/machine.h
namespace firewall {
class Narrowing;  // firewall/narrowing.h
}

// A row: one kind of condition. `parsed` is always what the row's own `parse` made.
struct ConditionType {
  using Parsed = std::shared_ptr<const void>;

  std::span<const Key> keys;  // of a [rule]; the first one names the condition
  const std::type_info* parsed_type = nullptr;

  // How the rules that have it are found for a flow: by its ports, by a prefix of one of its ends,
  // or in no other way than by asking each of them.
  enum class Index : std::uint8_t { none, ports, client, destination } index = Index::none;
  // What has to be found out about a flow before it is asked. Only what needs the host's name may
  // answer that it does not know yet.
  enum class Needs : std::uint8_t { nothing, interface, host } needs = Needs::nothing;

  // From the section's values. Null: the rule has none of the keys, or an error was reported.
  Parsed (*parse)(const Settings& settings, Findings& findings) = nullptr;
  Answer (*holds)(const void* parsed, const FlowFacts& facts) = nullptr;
  // Why it does not hold, in the operator's words ("client 192.0.2.1 is not in 198.51.100.0/24").
  // REQUIRES: it does not.
  std::string (*why_not)(const void* parsed, const FlowFacts& facts) = nullptr;
  // What of its sets has the flow, and where that stands ("host www.example.org is in @ads
  // (ads.list:7: .example.org)"). Null: there is nothing to say. REQUIRES: it holds.
  std::vector<std::string> (*because)(const void* parsed, const FlowFacts& facts) = nullptr;
  // True when it holds for each flow that `other` holds for, a condition of the same row; null:
  // that rule has none, which holds for every flow. May be false where that is hard to decide.
  bool (*covers)(const void* parsed, const void* other) = nullptr;
  // Equal, for the report of a reload.
  bool (*same)(const void* parsed, const void* other) = nullptr;
  // False when it holds for no flow of the family. Null: it holds for flows of both.
  bool (*admits)(const void* parsed, Family family) = nullptr;
  // The same condition in what this machine calls things. Null, or null for one: as it is.
  Parsed (*fit)(const void* parsed, const Machine& machine) = nullptr;
  // When the clock alone makes another one of what was fitted, and how that stands until then, for
  // `weir rules` ("matches now, until 07:00"). Null, none and "": it does not hang on the clock.
  std::optional<std::chrono::sys_seconds> (*changes_at)(const void* parsed) = nullptr;
  std::string (*clock_state)(const void* parsed) = nullptr;
  // Of Index::client and Index::destination: it holds for no flow whose end is in none of these.
  struct Within {
    std::vector<PrefixList> lists;  // none: that is not known
    bool exactly = false;           // and for each flow whose end is in one of them
  };
  Within (*within)(const void* parsed) = nullptr;
  // What of it a packet filter can check; see firewall/narrowing.h.
  void (*lower)(const void* parsed, firewall::Narrowing& rule) = nullptr;
};

// One condition of one rule.
class RuleCondition {
 public:
  // REQUIRES: the row's values are of that type.
  template <typename Parsed>
  RuleCondition(const ConditionType& type, Parsed parsed)
      : RuleCondition(of(type, std::make_shared<const Parsed>(std::move(parsed)))) {
    assert(*type.parsed_type == typeid(Parsed));
  }
  // REQUIRES: a function of the row made it.
  static RuleCondition of(const ConditionType& type, ConditionType::Parsed parsed) {
    return RuleCondition(&type, std::move(parsed));
  }

  [[nodiscard]] const ConditionType& type() const { return *type_; }
  [[nodiscard]] std::string_view key() const { return type_->keys.front().name; }
  [[nodiscard]] const void* parsed() const { return parsed_.get(); }
  // REQUIRES: that is what the row's values are.
  template <typename Parsed>
  [[nodiscard]] const Parsed& as() const {
    assert(*type_->parsed_type == typeid(Parsed));
    return *static_cast<const Parsed*>(parsed_.get());
  }

  [[nodiscard]] Answer holds(const FlowFacts& facts) const { return type_->holds(parsed(), facts); }
  [[nodiscard]] std::string why_not(const FlowFacts& facts) const {
    return type_->why_not(parsed(), facts);
  }
  [[nodiscard]] std::vector<std::string> because(const FlowFacts& facts) const {
    return type_->because == nullptr ? std::vector<std::string>{} : type_->because(parsed(), facts);
  }
  // `other`: of the same row, or null.
  [[nodiscard]] bool covers(const RuleCondition* other) const {
    return type_->covers(parsed(), other == nullptr ? nullptr : other->parsed());
  }
  [[nodiscard]] bool admits(Family family) const {
    return type_->admits == nullptr || type_->admits(parsed(), family);
  }
  [[nodiscard]] RuleCondition fitted(const Machine& machine) const {
    auto made = type_->fit == nullptr ? nullptr : type_->fit(parsed(), machine);
    return made == nullptr ? *this : of(*type_, std::move(made));
  }
  [[nodiscard]] std::optional<std::chrono::sys_seconds> changes_at() const {
    return type_->changes_at == nullptr ? std::nullopt : type_->changes_at(parsed());
  }
  [[nodiscard]] std::string clock_state() const {
    return type_->clock_state == nullptr ? "" : type_->clock_state(parsed());
  }
  [[nodiscard]] ConditionType::Within within() const {
    return type_->within == nullptr ? ConditionType::Within{} : type_->within(parsed());
  }

  friend bool operator==(const RuleCondition& a, const RuleCondition& b) {
    return a.type_ == b.type_ && (a.parsed_ == b.parsed_ || a.type_->same(a.parsed(), b.parsed()));
  }

 private:
  RuleCondition(const ConditionType* type, ConditionType::Parsed parsed)
      : type_(type), parsed_(std::move(parsed)) {}

  const ConditionType* type_;
  ConditionType::Parsed parsed_;
};

// The rows that a configuration is read with, in the order in which they are asked and explained.
using ConditionTypes = std::span<const ConditionType* const>;

}  // namespace weir
