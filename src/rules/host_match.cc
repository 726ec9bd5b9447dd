#include "rules/host_match.h"

#include <algorithm>
#include <utility>

#include "sets/set_table.h"

namespace weir {
namespace {

bool have_same_names(const NameTable& a, const NameTable& b) {
  return a.size() == b.size() && a.covers(b) && b.covers(a);
}

// Exceptions are few, and which of them count hangs on the others: where there are some, only the
// same contents are the same.
bool have_same_names(const SetContents& a, const SetContents& b) {
  return &a == &b || (a.exceptions.size() == 0 && b.exceptions.size() == 0 &&
                      have_same_names(a.names, b.names));
}

bool has_names(const NameSet& set) {
  if (set.view == nullptr) {
    return false;
  }
  const NameTable& listed = set.view->contents().names;
  const LiveOverlay* live = set.view->live();
  if (live == nullptr) {
    return listed.size() != 0;
  }
  if (live->added_names.size() != 0 || listed.size() > live->removed_names.size()) {
    return true;
  }
  std::uint32_t position = 0;
  while (const auto name = listed.next(position)) {
    if (!live->removed_names.exact(name->name, name->form)) {
      return true;
    }
  }
  return false;
}

// Whether a set has every host of a name. False where exceptions or what was removed may take some
// of them out.
bool has_all(const NameSet& set, const Name& name) {
  if (set.view == nullptr) {
    return false;
  }
  if (name.form == NameForm::exact) {
    return set.contains(name.text);
  }
  const SetContents& listed = set.view->contents();
  const LiveOverlay* live = set.view->live();
  if (live != nullptr && live->added_names.covers(name.text, name.form)) {
    return true;
  }
  return listed.exceptions.size() == 0 && (live == nullptr || live->removed_names.size() == 0) &&
         listed.names.covers(name.text, name.form);
}

bool is_among(const std::vector<NameSet>& sets, const NameSet& set) {
  return std::find(sets.begin(), sets.end(), set) != sets.end();
}

bool some_has(const std::vector<NameSet>& sets, std::string_view host) {
  return std::any_of(sets.begin(), sets.end(),
                     [host](const NameSet& set) { return set.contains(host); });
}

bool some_has_all(const std::vector<NameSet>& sets, const Name& name) {
  return std::any_of(sets.begin(), sets.end(),
                     [&](const NameSet& set) { return has_all(set, name); });
}

// True when there is any.
bool fit(std::vector<NameSet>& sets, const SetTable& table) {
  bool out = false;
  for (NameSet& set : sets) {
    if (const LoadedSet* loaded = table.find(set.key)) {
      set.view = loaded->view;
      out = true;
    }
  }
  return out;
}

}  // namespace

bool operator==(const NameSet& a, const NameSet& b) {
  return a.key == b.key &&
         (a.view == b.view || (a.view != nullptr && b.view != nullptr &&
                               have_same_changes(a.view->live(), b.view->live()) &&
                               have_same_names(a.view->contents(), b.view->contents())));
}

HostMatch::HostMatch(HostCondition condition)
    : condition_(std::move(condition)),
      include_(condition_.include),
      exclude_(condition_.exclude),
      may_want_name_(leaves_some_name()) {}

Answer HostMatch::holds(const KnownHost& host) const {
  switch (host.state) {
    case KnownHost::State::none:
      return answer(holds_without_name());
    case KnownHost::State::not_yet:
      return may_want_name_ || holds_without_name() ? Answer::not_yet : Answer::no;
    case KnownHost::State::name:
      break;
  }
  return answer(wants(host.name));
}

bool HostMatch::wants(std::string_view host) const {
  const bool is_included = !condition_.names_some() || include_.find(host) != nullptr ||
                           some_has(condition_.include_sets, host);
  return is_included && exclude_.find(host) == nullptr && !some_has(condition_.exclude_sets, host);
}

bool HostMatch::excludes(const Name& name) const {
  if (name.form == NameForm::both) {
    return excludes({name.text, NameForm::exact}) && excludes({name.text, NameForm::below});
  }
  return exclude_.covers(name) || some_has_all(condition_.exclude_sets, name);
}

bool HostMatch::leaves_some_name() const {
  const auto& [include, exclude, sets, excluded_sets, wants_none, excludes_none] = condition_;
  if (!condition_.names_some()) {
    return true;  // no list has all names
  }
  return std::any_of(include.begin(), include.end(),
                     [this](const Name& name) { return !excludes(name); }) ||
         std::any_of(sets.begin(), sets.end(), [&excluded = excluded_sets](const NameSet& set) {
           return has_names(set) && !is_among(excluded, set);
         });
}

bool HostMatch::covers(const HostMatch& other) const {
  if (other.holds_without_name() && !holds_without_name()) {
    return false;
  }
  return !other.may_want_name() || (includes(other) && excludes_only_beside(other));
}

bool HostMatch::includes(const HostMatch& theirs) const {
  if (!condition_.names_some() || !theirs.condition_.names_some()) {
    return !condition_.names_some();
  }
  const auto& their = theirs.condition_;
  return std::all_of(their.include.begin(), their.include.end(),
                     [&](const Name& name) {
                       return include_.covers(name) || some_has_all(condition_.include_sets, name);
                     }) &&
         std::all_of(their.include_sets.begin(), their.include_sets.end(),
                     [&](const NameSet& set) { return is_among(condition_.include_sets, set); });
}

bool HostMatch::excludes_only_beside(const HostMatch& theirs) const {
  const auto& their = theirs.condition_;
  const bool wants_only_names = their.names_some() && their.include_sets.empty();
  return std::all_of(condition_.exclude.begin(), condition_.exclude.end(),
                     [&](const Name& name) {
                       return theirs.excludes(name) ||
                              (wants_only_names && !theirs.include_.overlaps(name));
                     }) &&
         std::all_of(condition_.exclude_sets.begin(), condition_.exclude_sets.end(),
                     [&](const NameSet& set) { return is_among(their.exclude_sets, set); });
}

std::optional<HostMatch> HostMatch::fitted(const SetTable& sets) const {
  HostCondition out = condition_;
  const bool has_included = fit(out.include_sets, sets);
  const bool has_excluded = fit(out.exclude_sets, sets);
  return has_included || has_excluded ? std::optional(HostMatch(std::move(out))) : std::nullopt;
}

}  // namespace weir
