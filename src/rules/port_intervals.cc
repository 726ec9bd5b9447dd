#include "rules/port_intervals.h"

#include <map>
#include <vector>

namespace weir {

void each_interval(std::span<const RuleSettings> rules, Protocol protocol,
                   const std::function<void(Port first, const std::set<RuleNumber>&)>& visit) {
  struct Change {
    std::vector<RuleNumber> begin;
    std::vector<RuleNumber> end;
  };
  std::map<std::uint32_t, Change> changes;  // by the port they take effect at
  changes[0];
  for (RuleNumber number = 0; number < rules.size(); ++number) {
    for (const PortRange& range : rules[number].on()) {
      if (range.protocol == protocol) {
        changes[range.first].begin.push_back(number);
        changes[range.last + 1U].end.push_back(number);
      }
    }
  }
  // A rule may name a port twice; it leaves with its last range.
  std::map<RuleNumber, int> open;
  std::set<RuleNumber> here;
  for (const auto& [port, change] : changes) {
    for (const RuleNumber number : change.begin) {
      ++open[number];
      here.insert(number);
    }
    for (const RuleNumber number : change.end) {
      if (--open[number] == 0) {
        here.erase(number);
      }
    }
    if (port <= UINT16_MAX) {
      visit(static_cast<Port>(port), here);
    }
  }
}

}  // namespace weir
