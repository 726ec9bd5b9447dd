#include "base/address_match.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

// What holds when one of them does.
Answer any_of(const std::vector<AddressItem>& items, FlowEnd end, const FlowFacts& facts) {
  Answer out = Answer::no;
  for (const AddressItem& item : items) {
    const Answer its = item.holds(end, facts);
    if (its == Answer::yes) {
      return its;
    }
    out = its == Answer::not_yet ? its : out;
  }
  return out;
}

bool has(const std::vector<AddressItem>& items, const AddressItem& wanted) {
  return std::find(items.begin(), items.end(), wanted) != items.end();
}

bool have(const std::vector<AddressItem>& items, const std::vector<AddressItem>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(),
                     [&](const AddressItem& item) { return has(items, item); });
}

}  // namespace

AddressMatch::AddressMatch(AddressCondition condition)
    : condition_(std::move(condition)),
      include_(condition_.include),
      exclude_(condition_.exclude),
      has_items_(condition_.has_items()) {}

Answer AddressMatch::holds_with_items(FlowEnd end, const FlowFacts& facts) const {
  const Address& address = address_at(end, facts.flow());
  if (exclude_.contains(address)) {
    return Answer::no;
  }
  const Answer excluded = any_of(condition_.exclude_items, end, facts);
  if (excluded == Answer::yes) {
    return Answer::no;
  }
  const bool included = !condition_.names_some() || include_.contains(address);
  const Answer wanted = included ? Answer::yes : any_of(condition_.include_items, end, facts);
  return wanted == Answer::yes && excluded == Answer::not_yet ? Answer::not_yet : wanted;
}

bool AddressMatch::covers(const AddressMatch* other) const {
  static const AddressMatch every{AddressCondition{}};
  const AddressMatch& theirs = other == nullptr ? every : *other;
  return includes(theirs) && excludes_only_beside(theirs);
}

bool AddressMatch::includes(const AddressMatch& theirs) const {
  if (!condition_.names_some() || (include_.covers(Family::v4) && include_.covers(Family::v6))) {
    return true;
  }
  if (!theirs.condition_.names_some()) {
    return false;
  }
  const auto& wanted = theirs.condition_.include;
  return have(condition_.include_items, theirs.condition_.include_items) &&
         std::all_of(wanted.begin(), wanted.end(), [&](const Prefix& prefix) {
           return include_.contains(prefix) || theirs.exclude_.contains(prefix);
         });
}

// Two prefixes are apart or nested, so that what they share is the longer one.
bool AddressMatch::excludes_only_beside(const AddressMatch& theirs) const {
  const auto& wanted = theirs.condition_.include;
  const bool names_prefixes = !wanted.empty() && theirs.condition_.include_items.empty();
  return have(theirs.condition_.exclude_items, condition_.exclude_items) &&
         std::all_of(
             condition_.exclude.begin(), condition_.exclude.end(), [&](const Prefix& excluded) {
               if (theirs.exclude_.contains(excluded)) {
                 return true;
               }
               return names_prefixes &&
                      std::all_of(wanted.begin(), wanted.end(), [&](const Prefix& prefix) {
                        if (prefix.contains(excluded)) {
                          return false;
                        }
                        return !excluded.contains(prefix) || theirs.exclude_.contains(prefix);
                      });
             });
}

bool AddressMatch::admits(Family family) const {
  const auto& wanted = condition_.include;
  return wanted.empty() || !condition_.include_items.empty() ||
         std::any_of(wanted.begin(), wanted.end(),
                     [family](const Prefix& prefix) { return prefix.address.family() == family; });
}

bool AddressMatch::holds_for_none() const {
  const auto& wanted = condition_.include;
  if (!condition_.names_some()) {
    return exclude_.covers(Family::v4) && exclude_.covers(Family::v6);
  }
  return condition_.include_items.empty() &&
         std::all_of(wanted.begin(), wanted.end(),
                     [&](const Prefix& prefix) { return exclude_.contains(prefix); });
}

std::optional<AddressMatch> AddressMatch::fitted(const Machine& machine) const {
  if (!has_items_) {
    return std::nullopt;
  }
  AddressCondition made = condition_;
  for (auto* items : {&made.include_items, &made.exclude_items}) {
    for (AddressItem& item : *items) {
      item = item.fitted(machine);
    }
  }
  return made == condition_ ? std::nullopt : std::optional(AddressMatch(std::move(made)));
}

// A longer list is asked, and no rule is found by it: a copy of each prefix would be more than the
// list itself.
constexpr std::size_t longest_list = 65'536;

std::vector<PrefixList> AddressMatch::lists() const {
  std::vector<PrefixList> out;
  if (!condition_.include.empty()) {
    out.push_back(PrefixList::of(condition_.include));
  }
  for (const AddressItem& item : condition_.include_items) {
    const PrefixList list = item.list();
    if (list.list == nullptr || list.size > longest_list) {
      return {};
    }
    out.push_back(list);
  }
  return out;
}

}  // namespace weir
