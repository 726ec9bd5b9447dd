#include "rules/port_table.h"

#include <map>

namespace weir {

// Nearly all pages lie within one interval and are found by its number; few are compared.
PortTable::PortTable(std::span<const Interval> intervals) {
  std::map<std::uint32_t, std::uint32_t> uniform;
  std::map<std::vector<std::uint32_t>, std::uint32_t> mixed;
  const auto place = [this](auto& known, const auto& key,
                            const std::vector<std::uint32_t>& numbers) {
    const auto [entry, is_new] =
        known.try_emplace(key, static_cast<std::uint32_t>(numbers_.size()));
    if (is_new) {
      numbers_.insert(numbers_.end(), numbers.begin(), numbers.end());
    }
    return entry->second;
  };
  std::size_t at = 0;
  const auto go_to = [&](std::size_t port) {
    while (at + 1 < intervals.size() && intervals[at + 1].first <= port) {
      ++at;
    }
    return intervals[at].number;
  };
  for (std::size_t i = 0; i < pages_.size(); ++i) {
    const std::size_t first = i * page;
    const std::uint32_t number = go_to(first);
    if (at + 1 == intervals.size() || intervals[at + 1].first >= first + page) {
      const auto known = uniform.find(number);
      pages_.at(i) = known != uniform.end()
                         ? known->second
                         : place(uniform, number, std::vector<std::uint32_t>(page, number));
      continue;
    }
    std::vector<std::uint32_t> numbers;
    numbers.reserve(page);
    for (std::size_t port = first; port < first + page; ++port) {
      numbers.push_back(go_to(port));
    }
    pages_.at(i) = place(mixed, numbers, numbers);
  }
}

}  // namespace weir
