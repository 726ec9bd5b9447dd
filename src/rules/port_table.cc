#include "rules/port_table.h"

#include <map>

namespace weir {

PortTable::PortTable(std::span<const Interval> intervals) {
  std::map<std::vector<std::uint32_t>, std::uint32_t> known;
  std::size_t at = 0;
  for (std::size_t i = 0; i < pages_.size(); ++i) {
    std::vector<std::uint32_t> numbers;
    numbers.reserve(page);
    for (std::size_t port = i * page; port < (i + 1) * page; ++port) {
      while (at + 1 < intervals.size() && intervals[at + 1].first <= port) {
        ++at;
      }
      numbers.push_back(intervals[at].number);
    }
    const auto [entry, is_new] =
        known.emplace(numbers, static_cast<std::uint32_t>(numbers_.size()));
    if (is_new) {
      numbers_.insert(numbers_.end(), numbers.begin(), numbers.end());
    }
    pages_.at(i) = entry->second;
  }
}

}  // namespace weir
