// The names that a rule's line has: whether a host is one of them, or is below one. For lists that
// people write by hand; those of a million names are sets (sets/name_table.h).
//
// A lookup is one binary search a label. A value, immutable once made; any thread may ask.
#pragma once

#include <string_view>
#include <vector>

#include "sets/name.h"

namespace weir {

class NameList {
 public:
  NameList() = default;
  explicit NameList(std::vector<Name> names);

  // The longest name that has the host, which is spelled as sets/name.h keeps names. Null: none.
  [[nodiscard]] const Name* find(std::string_view host) const;
  // Whether every host of that name is one of these.
  [[nodiscard]] bool covers(const Name& name) const;
  // Whether some host of that name is one of these.
  [[nodiscard]] bool overlaps(const Name& name) const;

 private:
  // What some name has of it: the host of that text, the hosts below it.
  struct Parts {
    bool itself = false;
    bool below = false;
  };
  [[nodiscard]] static Parts parts_of(NameForm form);
  [[nodiscard]] Parts parts_at(std::string_view text) const;
  // The longest name that has all hosts below one of the names above this text.
  [[nodiscard]] const Name* find_above(std::string_view text) const;
  // The name of that text that has the host itself, or the hosts below it.
  [[nodiscard]] const Name* find_at(std::string_view text, bool Parts::*part) const;

  std::vector<Name> names_;  // by their texts
};

}  // namespace weir
