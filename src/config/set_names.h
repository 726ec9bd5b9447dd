// Which set an item of a rule's list means: `@NAME` that of [set NAME], `@FILE` the file as a set
// without a name, which all rules that name the file share. Items are given the set's key in place
// of what they say, and what is used in the end is what has to be loaded.
//
// Made for one load, on its thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/set_settings.h"
#include "config/findings.h"
#include "weir/settings.h"

namespace weir {

class SetNames {
 public:
  // All sections [set NAME].
  explicit SetNames(std::vector<SetSettings> named);

  // Items `@NAME`, `@FILE`, `!@…` and `FILE.mmdb:DE` of a list become `@KEY` and `!@KEY`: the key
  // of SetSettings after an '@', which that of a set without a name begins with itself.
  // `FILE.mmdb:DE, AT` is one item, although a comma separates others. Files are seen from the
  // item's own.
  void resolve(Value& list, Findings& findings);

  // The sets that some item meant: named ones in the order of their sections, then files as they
  // came. A named one that none meant is a warning. Leaves none behind.
  [[nodiscard]] std::vector<SetSettings> take_used(Findings& findings);

 private:
  [[nodiscard]] std::string key_of(std::string_view text, const SourceLocation& location,
                                   Findings& findings);
  [[nodiscard]] std::string hint_for(std::string_view text) const;

  std::vector<SetSettings> named_;
  std::set<std::string, std::less<>> used_;  // names
  std::vector<SetSettings> files_;
  std::set<std::string, std::less<>> keys_;  // of files_
};

}  // namespace weir
