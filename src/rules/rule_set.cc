#include "rules/rule_set.h"

#include <algorithm>
#include <map>

#include "rules/candidates.h"
#include "rules/conditions.h"
#include "rules/port_intervals.h"

namespace weir {
namespace {

// Where an interval begins and which of the candidate lists it has.
struct Interval {
  Port first = 0;
  std::uint32_t candidates = 0;
};

}  // namespace

struct RuleSet::Index {
  std::vector<Conditions> conditions;  // by rule number
  std::vector<Candidates> candidates;
  std::vector<Interval> tcp;  // ascending; the first one begins at port 0
  std::vector<Interval> udp;
  bool needs_interface = false;
};

RuleSet::RuleSet() : RuleSet(compile({})) {}
RuleSet::~RuleSet() = default;
RuleSet::RuleSet(RuleSet&&) noexcept = default;
RuleSet& RuleSet::operator=(RuleSet&&) noexcept = default;
RuleSet::RuleSet(std::unique_ptr<const Index> index) : index_(std::move(index)) {}

RuleSet RuleSet::compile(std::span<const RuleSettings> rules) {
  auto index = std::make_unique<Index>();
  index->conditions.reserve(rules.size());
  for (const RuleSettings& rule : rules) {
    index->conditions.emplace_back(rule);
    index->needs_interface |= index->conditions.back().needs_interface();
  }
  std::map<std::vector<RuleNumber>, std::uint32_t> known;  // intervals share equal lists
  const auto intervals = [&](Protocol protocol) {
    std::vector<Interval> out;
    each_interval(rules, protocol, [&](Port first, const std::set<RuleNumber>& here) {
      std::vector<RuleNumber> list;
      for (const RuleNumber number : here) {
        list.push_back(number);
        if (index->conditions[number].always()) {
          break;  // the rules after it get nothing here
        }
      }
      const auto [entry, is_new] =
          known.emplace(list, static_cast<std::uint32_t>(index->candidates.size()));
      if (is_new) {
        index->candidates.emplace_back(std::move(list), index->conditions);
      }
      if (out.empty() || out.back().candidates != entry->second) {
        out.push_back({first, entry->second});
      }
    });
    return out;
  };
  index->tcp = intervals(Protocol::tcp);
  index->udp = intervals(Protocol::udp);
  return RuleSet(std::move(index));
}

std::optional<std::size_t> RuleSet::match(const Flow& flow, const InterfaceName& name) const {
  const auto& intervals = flow.protocol == Protocol::tcp ? index_->tcp : index_->udp;
  const auto after =
      std::upper_bound(intervals.begin(), intervals.end(), flow.destination.port,
                       [](Port port, const Interval& interval) { return port < interval.first; });
  const Candidates& candidates = index_->candidates[std::prev(after)->candidates];
  std::optional<std::string> interface;  // asked for once, and only when a rule wants it
  return candidates.first(flow.client.address, flow.destination.address, [&](RuleNumber number) {
    const Conditions& conditions = index_->conditions[number];
    if (!conditions.holds(flow)) {
      return false;
    }
    if (!conditions.needs_interface()) {
      return true;
    }
    if (!interface) {
      interface = name(flow.interface);
    }
    return conditions.on_interface(*interface);
  });
}

bool RuleSet::needs_interface() const { return index_->needs_interface; }

}  // namespace weir
