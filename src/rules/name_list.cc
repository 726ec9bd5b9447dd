#include "rules/name_list.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

// What is above a name: without its first label.
std::string_view above(std::string_view name) {
  const auto dot = name.find('.');
  return dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1);
}

bool is_below(std::string_view name, std::string_view other) {
  return name.size() > other.size() && name.ends_with(other) &&
         name[name.size() - other.size() - 1] == '.';
}

}  // namespace

NameList::NameList(std::vector<Name> names) : names_(std::move(names)) {
  std::sort(names_.begin(), names_.end(),
            [](const Name& a, const Name& b) { return a.text < b.text; });
}

NameList::Parts NameList::parts_of(NameForm form) {
  return {.itself = form != NameForm::below, .below = form != NameForm::exact};
}

const Name* NameList::find_at(std::string_view text, bool Parts::*part) const {
  auto at =
      std::lower_bound(names_.begin(), names_.end(), text,
                       [](const Name& name, std::string_view one) { return name.text < one; });
  for (; at != names_.end() && at->text == text; ++at) {
    if (parts_of(at->form).*part) {
      return &*at;
    }
  }
  return nullptr;
}

NameList::Parts NameList::parts_at(std::string_view text) const {
  return {.itself = find_at(text, &Parts::itself) != nullptr,
          .below = find_at(text, &Parts::below) != nullptr};
}

const Name* NameList::find_above(std::string_view text) const {
  for (text = above(text); !text.empty(); text = above(text)) {
    if (const Name* name = find_at(text, &Parts::below)) {
      return name;
    }
  }
  return nullptr;
}

const Name* NameList::find(std::string_view host) const {
  if (names_.empty()) {
    return nullptr;
  }
  const Name* itself = find_at(host, &Parts::itself);
  return itself != nullptr ? itself : find_above(host);
}

bool NameList::covers(const Name& name) const {
  const Parts wanted = parts_of(name.form);
  const Parts has = parts_at(name.text);
  return ((has.itself || !wanted.itself) && (has.below || !wanted.below)) ||
         find_above(name.text) != nullptr;
}

bool NameList::overlaps(const Name& name) const {
  const Parts wanted = parts_of(name.form);
  const Parts has = parts_at(name.text);
  return (has.itself && wanted.itself) || (has.below && wanted.below) ||
         find_above(name.text) != nullptr ||
         (wanted.below && std::any_of(names_.begin(), names_.end(), [&](const Name& one) {
            return is_below(one.text, name.text);
          }));
}

}  // namespace weir
