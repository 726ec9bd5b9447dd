#include "rules/listed_rules.h"

#include <algorithm>
#include <bit>

namespace weir {

ListedRules::ListedRules(std::vector<Entry> entries) {
  if (entries.empty()) {
    return;
  }
  std::sort(entries.begin(), entries.end());
  std::size_t lists = 1;
  for (std::size_t i = 1; i < entries.size(); ++i) {
    lists += entries[i].list != entries[i - 1].list ? 1 : 0;
  }
  by_list_.resize(std::bit_ceil(2 * lists));
  for (const Entry& entry : entries) {
    kinds_ |= PrefixIndex::kind_of(entry.list);
    Rules& rules = by_list_[place_of(entry.list)];
    if (rules.list == none) {
      rules.list = entry.list;
      rules.first = static_cast<std::uint32_t>(others_.size());
    }
    if (rules.final != none) {
      continue;
    }
    if (entry.is_final) {
      rules.final = entry.rule;
    } else {
      others_.push_back(entry.rule);
      ++rules.count;
    }
  }
}

}  // namespace weir
