#include "rules/rule_set.h"

#include <algorithm>
#include <map>
#include <utility>

#include "rules/anchors.h"
#include "rules/candidates.h"
#include "rules/port_intervals.h"
#include "rules/port_table.h"
#include "sets/number_ranges.h"

namespace weir {
namespace {

// What a flow is asked for a condition of a rule, or for a part of one. A condition that holds for
// the flows whose client, or destination, is in one of a few prefixes is a test for each of these,
// in eight bytes where it is asked: with thousands of rules a lookup waits for memory, and the
// condition itself is in several lines of it.
struct Test {
  enum class Kind : std::uint8_t { condition, in_v4, in_v6 };

  std::uint32_t what = 0;  // place in Tests::conditions_, network, or place in Tests::networks_
  Kind kind = Kind::condition;
  FlowEnd end = FlowEnd::client;
  std::uint8_t length = 0;   // of the prefix
  std::uint8_t or_else = 0;  // so many more for the same condition, of which one has to hold
};

// The prefixes, where there are few and they say all; else none.
std::vector<Prefix> prefixes_of(const RuleCondition& condition) {
  constexpr std::size_t most = 4;
  const auto index = condition.type().index;
  if (index != ConditionType::Index::client && index != ConditionType::Index::destination) {
    return {};
  }
  const ConditionType::Within within = condition.within();
  std::size_t size = 0;
  for (const PrefixList& list : within.lists) {
    size += list.size;
  }
  if (!within.exactly || size > most) {
    return {};
  }
  std::vector<Prefix> out;
  for (const PrefixList& list : within.lists) {
    list.each(list.list, [&](const Prefix& prefix) { out.push_back(prefix); });
  }
  return out;
}

// Both ends of a flow, in the form in which they are looked for.
struct SoughtEnds {
  SoughtAddress client;
  SoughtAddress destination;
};

// The tests of all rules, one after the other. The conditions must outlive it.
class Tests {
 public:
  [[nodiscard]] std::size_t size() const { return tests_.size(); }

  void add(const RuleCondition& condition) {
    const auto index = condition.type().index;
    const FlowEnd end =
        index == ConditionType::Index::client ? FlowEnd::client : FlowEnd::destination;
    const auto prefixes = prefixes_of(condition);
    for (std::size_t i = 0; i < prefixes.size(); ++i) {
      Test test = in_prefix(prefixes[i]);
      test.end = end;
      test.or_else = static_cast<std::uint8_t>(i == 0 ? prefixes.size() - 1 : 0);
      tests_.push_back(test);
    }
    if (prefixes.empty()) {
      tests_.push_back({.what = static_cast<std::uint32_t>(conditions_.size())});
      conditions_.push_back({condition.type().holds, condition.parsed()});
    }
  }

  // Whether all conditions hold that were added as those `count` tests. One condition's `no` is the
  // answer, whatever others do not know yet.
  [[nodiscard]] Answer hold(std::size_t first, std::size_t count, const SoughtEnds& ends,
                            const FlowFacts& facts) const {
    const auto run = std::span(tests_).subspan(first, count);
    Answer out = Answer::yes;
    for (std::size_t i = 0; i < run.size(); i += run[i].or_else + 1U) {
      if (run[i].kind == Test::Kind::condition) {
        const Condition& condition = conditions_[run[i].what];
        const Answer its = condition.holds(condition.parsed, facts);
        if (its == Answer::no) {
          return its;
        }
        out = its == Answer::not_yet ? its : out;
        continue;
      }
      const auto any_of = run.subspan(i, run[i].or_else + 1U);
      if (std::none_of(any_of.begin(), any_of.end(),
                       [&](const Test& test) { return is_in(test, ends); })) {
        return Answer::no;
      }
    }
    return out;
  }

 private:
  struct Condition {
    Answer (*holds)(const void* parsed, const FlowFacts& facts);
    const void* parsed;
  };

  Test in_prefix(const Prefix& prefix) {
    const SoughtAddress network(prefix.address);
    if (network.is_v4) {
      return {.what = network.v4, .kind = Test::Kind::in_v4, .length = prefix.length};
    }
    networks_.push_back(network.v6);
    return {.what = static_cast<std::uint32_t>(networks_.size() - 1),
            .kind = Test::Kind::in_v6,
            .length = prefix.length};
  }

  // REQUIRES: it is a prefix.
  [[nodiscard]] bool is_in(const Test& test, const SoughtEnds& ends) const {
    const SoughtAddress& address = test.end == FlowEnd::client ? ends.client : ends.destination;
    if (test.kind == Test::Kind::in_v4) {
      return address.is_v4 && first_of(address.v4, test.length) == test.what;
    }
    return !address.is_v4 && first_of(address.v6, test.length) == networks_[test.what];
  }

  std::vector<Test> tests_;
  std::vector<Condition> conditions_;
  std::vector<Wide> networks_;
};

// What a rule asks besides its ports: a run of tests. Those of its first condition are not asked
// where the rule was found by it.
struct Asked {
  std::uint32_t first = 0;
  std::uint16_t count = 0;
  std::uint16_t of_anchor = 0;
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
  Tests tests;
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
    Asked out{.first = static_cast<std::uint32_t>(tests.size())};
    const auto added = [&]() { return static_cast<std::uint16_t>(tests.size() - out.first); };
    if (anchor.exactly) {
      tests.add(*anchor.condition);
      out.of_anchor = added();
    }
    // What has to be looked up is asked last.
    for (const auto needs : {ConditionType::Needs::nothing, ConditionType::Needs::interface,
                             ConditionType::Needs::host}) {
      for (const RuleCondition& condition : rules[number].conditions) {
        const bool is_anchor = anchor.exactly && &condition == anchor.condition;
        if (condition.type().needs == needs && !is_anchor &&
            condition.type().index != ConditionType::Index::ports) {
          tests.add(condition);
          needs_interface |= needs == ConditionType::Needs::interface;
        }
      }
    }
    out.count = added();
    asked.push_back(out);
  }

  [[nodiscard]] Answer holds(RuleNumber number, Candidates::Found found, const SoughtEnds& ends,
                             const FlowFacts& facts) const {
    const Asked& rule = asked[number];
    const std::uint16_t known = found == Candidates::Found::by_anchor ? rule.of_anchor : 0;
    return tests.hold(rule.first + known, rule.count - known, ends, facts);
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

RuleSet::Decision RuleSet::decide(const FlowFacts& facts) const {
  const Flow& flow = facts.flow();
  const auto& protocol = index_->protocols[flow.protocol == Protocol::tcp ? 0 : 1];
  const SoughtEnds ends{SoughtAddress(flow.client.address),
                        SoughtAddress(flow.destination.address)};
  RuleNumber waiting = Candidates::none;  // the first that does not know yet
  const auto holds = [&](RuleNumber number, Candidates::Found how) {
    const Answer answer = index_->holds(number, how, ends, facts);
    if (answer == Answer::not_yet) {
      waiting = std::min(waiting, number);
    }
    return answer == Answer::yes;
  };
  const auto first_of = [&](const Candidates& candidates, RuleNumber before) {
    return candidates.first(ends.client, ends.destination, index_->anchors, holds, before);
  };
  const Port port = flow.destination.port;
  RuleNumber found = first_of(index_->candidates[protocol.ports[port]], Candidates::none);
  if (port != 0) {  // no rule names it
    found = first_of(protocol.everywhere, found);
  }
  return {.rule = found == Candidates::none ? std::nullopt : std::optional<std::size_t>(found),
          .may_change = waiting < found};
}

bool RuleSet::needs_interface() const { return index_->needs_interface; }

}  // namespace weir
