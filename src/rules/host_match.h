// A list of host names with negations, in the form that is asked for every flow.
//
// A value, immutable once made; any thread may ask.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/flow_facts.h"
#include "rules/name_list.h"
#include "sets/name.h"
#include "sets/set_view.h"

namespace weir {

class SetTable;  // sets/set_table.h

// The names of a set, whichever addresses it has besides.
struct NameSet {
  std::string key;                                // SetSettings::key()
  std::shared_ptr<const SetView> view = nullptr;  // null: not loaded, which has nothing

  [[nodiscard]] bool contains(std::string_view host) const {
    return view != nullptr && view->contains(host);
  }
  // As rules write it: a file's key begins with an '@' of its own.
  [[nodiscard]] std::string text() const { return key.starts_with('@') ? key : "@" + key; }
  friend bool operator==(const NameSet& a, const NameSet& b);
};

// Holds for a host that something of `include` has (or there is nothing) and nothing of `exclude`;
// and without a name only where it wants that.
struct HostCondition {
  std::vector<Name> include = {};
  std::vector<Name> exclude = {};
  std::vector<NameSet> include_sets = {};
  std::vector<NameSet> exclude_sets = {};
  bool wants_none = false;     // `none`: no name was seen
  bool excludes_none = false;  // `!none`

  [[nodiscard]] bool empty() const { return *this == HostCondition{}; }
  // Else it wants every name that it does not exclude.
  [[nodiscard]] bool names_some() const {
    return !include.empty() || !include_sets.empty() || wants_none;
  }
  // Some name would do, unless it is excluded; not only `none`.
  [[nodiscard]] bool wants_names() const {
    return !include.empty() || !include_sets.empty() || !names_some();
  }
  [[nodiscard]] bool has_sets() const { return !include_sets.empty() || !exclude_sets.empty(); }
  friend bool operator==(const HostCondition&, const HostCondition&) = default;
};

class HostMatch {
 public:
  explicit HostMatch(HostCondition condition);

  // `not_yet` only where some name, or none, would do.
  [[nodiscard]] Answer holds(const KnownHost& host) const;
  // False when no name is left that it would hold for. True may be wrong where a set has names and
  // all of them are excluded otherwise than by the same set: a flow then waits for a name in vain,
  // for at most timeouts.sniff, which costs less than to walk a million names whenever a set
  // changes.
  [[nodiscard]] bool may_want_name() const { return may_want_name_; }
  // True when this holds for every flow that `other` holds for. May miss a case where only the
  // names in sets would show it.
  [[nodiscard]] bool covers(const HostMatch& other) const;
  // With what is in its sets now. None: it has no set of these.
  [[nodiscard]] std::optional<HostMatch> fitted(const SetTable& sets) const;
  [[nodiscard]] const HostCondition& condition() const { return condition_; }
  // Of the names that are excluded, not the sets.
  [[nodiscard]] const Name* excluding(std::string_view host) const { return exclude_.find(host); }

  friend bool operator==(const HostMatch& a, const HostMatch& b) {
    return a.condition_ == b.condition_;
  }

 private:
  [[nodiscard]] bool wants(std::string_view host) const;
  [[nodiscard]] bool holds_without_name() const {
    return condition_.wants_none && !condition_.excludes_none;
  }
  // Whether all hosts of a name are excluded; false where that is hard to decide.
  [[nodiscard]] bool excludes(const Name& name) const;
  [[nodiscard]] bool leaves_some_name() const;
  // Of `theirs`: every name that it wants is included here; no name that is excluded here is wanted
  // by it.
  [[nodiscard]] bool includes(const HostMatch& theirs) const;
  [[nodiscard]] bool excludes_only_beside(const HostMatch& theirs) const;

  HostCondition condition_;
  NameList include_;
  NameList exclude_;
  bool may_want_name_;
};

}  // namespace weir
