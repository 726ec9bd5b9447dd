#include "rules/rule_set.h"

#include <algorithm>
#include <cassert>
#include <map>
#include <utility>

#include "rules/anchors.h"
#include "rules/candidates.h"
#include "rules/port_intervals.h"
#include "rules/port_table.h"

namespace weir {
namespace {

// One condition of a rule, as a flow asks it.
struct Test {
  Answer (*holds)(const void* parsed, const FlowFacts& facts) = nullptr;
  const void* parsed = nullptr;
};

// What a rule asks besides its ports: a run of tests. The first of them is not asked where the
// rule was found by it.
struct Asked {
  std::uint32_t first = 0;
  std::uint16_t count = 0;
  bool anchor_is_first = false;
};

bool names_all(const RuleSettings& rule, Protocol protocol) {
  return std::any_of(rule.on().begin(), rule.on().end(), [protocol](const PortRange& range) {
    return range.protocol == protocol && range.first <= 1 && range.last == UINT16_MAX;
  });
}

}  // namespace

struct RuleSet::Index {
  explicit Index(std::span<const RuleSettings> given)
      : rules(given.begin(), given.end()), anchors(rules) {}

  std::vector<RuleSettings> rules;  // which own what the rest points to
  Anchors anchors;
  std::vector<Test> tests;
  std::vector<Asked> asked;  // by rule number
  std::vector<Candidates> candidates;
  struct OfProtocol {
    PortTable ports;        // places in `candidates`, of the rules that name some ports
    Candidates everywhere;  // the rules that name all
  };
  std::vector<OfProtocol> protocols;  // TCP, UDP
  bool needs_interface = false;

  void add_tests(RuleNumber number) {
    const Anchor& anchor = anchors[number];
    Asked out{.first = static_cast<std::uint32_t>(tests.size()),
              .count = 0,
              .anchor_is_first = anchor.exactly};
    const auto add = [&](const RuleCondition& condition) {
      tests.push_back({condition.type().holds, condition.parsed()});
      ++out.count;
    };
    if (anchor.exactly) {
      add(*anchor.condition);
    }
    // What has to be looked up is asked last.
    for (const auto needs : {ConditionType::Needs::nothing, ConditionType::Needs::interface}) {
      for (const RuleCondition& condition : rules[number].conditions) {
        const bool is_anchor = anchor.exactly && &condition == anchor.condition;
        if (condition.type().needs == needs && !is_anchor &&
            condition.type().index != ConditionType::Index::ports) {
          add(condition);
          needs_interface |= needs == ConditionType::Needs::interface;
        }
      }
    }
    asked.push_back(out);
  }

  [[nodiscard]] bool holds(RuleNumber number, Candidates::Found found,
                           const FlowFacts& facts) const {
    const Asked& rule = asked[number];
    const bool skips = rule.anchor_is_first && found == Candidates::Found::by_anchor;
    const auto run = std::span(tests).subspan(rule.first, rule.count).subspan(skips ? 1 : 0);
    return std::all_of(run.begin(), run.end(), [&](const Test& test) {
      const Answer answer = test.holds(test.parsed, facts);
      assert(answer != Answer::not_yet && "nothing asks again yet");
      return answer == Answer::yes;
    });
  }
};

RuleSet::RuleSet() : RuleSet(compile({})) {}
RuleSet::~RuleSet() = default;
RuleSet::RuleSet(RuleSet&&) noexcept = default;
RuleSet& RuleSet::operator=(RuleSet&&) noexcept = default;
RuleSet::RuleSet(std::unique_ptr<const Index> index) : index_(std::move(index)) {}

RuleSet RuleSet::compile(std::span<const RuleSettings> rules) {
  auto index = std::make_unique<Index>(rules);
  for (RuleNumber number = 0; number < rules.size(); ++number) {
    index->add_tests(number);
  }
  std::map<std::vector<RuleNumber>, std::uint32_t> known;  // intervals share equal lists
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    // Else each of hundreds of intervals would have all of them.
    std::vector<RuleNumber> everywhere;
    const auto is_everywhere = [&](RuleNumber number) {
      return std::binary_search(everywhere.begin(), everywhere.end(), number);
    };
    for (RuleNumber number = 0; number < rules.size(); ++number) {
      if (names_all(rules[number], protocol)) {
        everywhere.push_back(number);
        if (index->asked[number].count == 0) {
          break;
        }
      }
    }
    std::vector<PortTable::Interval> intervals;
    each_interval(rules, protocol, [&](Port first, const std::set<RuleNumber>& here) {
      std::vector<RuleNumber> list;
      for (const RuleNumber number : here) {
        if (!is_everywhere(number)) {
          list.push_back(number);
        }
        if (index->asked[number].count == 0) {
          break;  // the rules after it get nothing here
        }
      }
      const auto [entry, is_new] =
          known.emplace(list, static_cast<std::uint32_t>(index->candidates.size()));
      if (is_new) {
        index->candidates.emplace_back(std::move(list), index->anchors, Candidates::Keep::first);
      }
      intervals.push_back({first, entry->second});
    });
    index->protocols.push_back(
        {PortTable(intervals),
         Candidates(std::move(everywhere), index->anchors, Candidates::Keep::first)});
  }
  return RuleSet(std::move(index));
}

std::optional<std::size_t> RuleSet::match(const Flow& flow, const InterfaceName& name,
                                          const ClientDevice& device) const {
  const auto& protocol = index_->protocols[flow.protocol == Protocol::tcp ? 0 : 1];
  const FlowFacts facts(flow, name, device);
  const SoughtAddress client(flow.client.address);
  const SoughtAddress destination(flow.destination.address);
  const auto first_of = [&](const Candidates& candidates, RuleNumber before) {
    return candidates.first(
        client, destination, index_->anchors,
        [&](RuleNumber number, Candidates::Found how) { return index_->holds(number, how, facts); },
        before);
  };
  const Port port = flow.destination.port;
  RuleNumber found = first_of(index_->candidates[protocol.ports[port]], Candidates::none);
  if (port != 0) {  // no rule names it
    found = first_of(protocol.everywhere, found);
  }
  return found == Candidates::none ? std::nullopt : std::optional<std::size_t>(found);
}

bool RuleSet::needs_interface() const { return index_->needs_interface; }

}  // namespace weir
