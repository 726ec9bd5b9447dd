#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "firewall/ipset.h"
#include "firewall/lower.h"
#include "firewall/steps.h"

namespace weir::firewall {

namespace {

// One for each protocol, or one for both where they have the same ports.
std::vector<Condition> by_protocol(const match::Flow& flow) {
  if (flow.tcp == flow.udp) {
    return {flow};
  }
  std::vector<Condition> all;
  if (!flow.tcp.empty()) {
    all.emplace_back(match::Flow{flow.tcp, {}});
  }
  if (!flow.udp.empty()) {
    all.emplace_back(match::Flow{{}, flow.udp});
  }
  return all;
}

std::vector<Condition> conditions_on(const Addresses& addresses, Family family) {
  if (addresses.any()) {
    return {match::OfFamily{family}};
  }
  std::vector<Condition> all;
  const auto add = [&](Side side, const std::vector<Prefix>& prefixes, bool negated) {
    if (!prefixes.empty()) {
      all.emplace_back(match::Within{side, prefixes, negated, false});
    }
  };
  add(Side::source, addresses.client, false);
  add(Side::source, addresses.not_client, true);
  add(Side::destination, addresses.destination, false);
  add(Side::destination, addresses.not_destination, true);
  return all;
}

// One for each family that can match.
std::vector<std::vector<Condition>> by_family(const match::Ends& ends) {
  if (ends.v4 && ends.v6 && ends.v4->any() && ends.v6->any()) {
    return {{}};
  }
  std::vector<std::vector<Condition>> all;
  if (ends.v4) {
    all.push_back(conditions_on(*ends.v4, Family::v4));
  }
  if (ends.v6) {
    all.push_back(conditions_on(*ends.v6, Family::v6));
  }
  return all;
}

// Whether nft looks it up in a set.
struct AsksASet {
  static bool of(const Ports& ports) { return ports.ranges.size() > 1; }
  template <typename Values>
  static bool of(const std::vector<Values>& values) {
    return values.size() > 1;
  }
  bool operator()(const match::Protocol4& is) const { return is.protocol == Layer4::icmp; }
  bool operator()(const match::Flow& flow) const {
    return of(flow.tcp) || of(flow.udp) || (!flow.tcp.empty() && !flow.udp.empty());
  }
  bool operator()(const match::InInterface& in) const { return of(in.names); }
  bool operator()(const match::OutInterface& out) const { return of(out.names); }
  bool operator()(const match::Within& within) const { return of(within.prefixes); }
  bool operator()(const match::Reserved& reserved) const { return of(reserved.prefixes); }
  bool operator()(const match::AddressKind& kind) const { return of(kind.kinds); }
  bool operator()(const match::LeavesElsewhere& elsewhere) const {
    return of(elsewhere.interfaces);
  }
  bool operator()(const match::SentByUser& sent) const { return of(sent.users); }
  bool operator()(const match::QuotesDatagram& quotes) const { return of(quotes.ports); }
  bool operator()(const match::InWords& words) const {
    return words.nft.find('{') != std::string::npos;
  }
  bool operator()(const match::LookedUp& /*pair*/) const { return true; }
  template <typename Other>
  bool operator()(const Other& /*asks none*/) const {
    return false;
  }
};

bool asks_a_set(const Step& step) {
  return std::any_of(step.when.begin(), step.when.end(),
                     [](const Condition& condition) { return std::visit(AsksASet{}, condition); });
}

// A chain that has a hook stays when the rules are replaced, and a set that a rule of it asks is
// replaced under the packets: its steps get a chain of their own (see replace_nft.h).
std::vector<Chain> apart_from_hook(Chain chain) {
  if (chain.hooks.empty() || std::none_of(chain.steps.begin(), chain.steps.end(), asks_a_set)) {
    return {std::move(chain)};
  }
  Chain hooked{.name = chain.name, .hooks = std::exchange(chain.hooks, {})};
  chain.name += "_steps";
  hooked.steps.push_back(step({}, {act::Goto{chain.name}}));
  return {std::move(chain), std::move(hooked)};
}

// One for each of them: nft has no "or" between expressions.
std::vector<std::vector<Condition>> one_by_one(const match::InWords& words) {
  match::InWords first = words;
  first.or_else.clear();
  std::vector<std::vector<Condition>> all;
  all.push_back({std::move(first)});
  for (const match::InWords& other : words.or_else) {
    all.push_back({other});
  }
  return all;
}

// Words for addresses of one family beside those of the other, which nft refuses.
bool is_of_other_family(const std::vector<Condition>& alternative,
                        const std::vector<Condition>& beside) {
  const auto* words =
      alternative.size() == 1 ? std::get_if<match::InWords>(&alternative.front()) : nullptr;
  if (words == nullptr || !words->of) {
    return false;
  }
  return std::any_of(beside.begin(), beside.end(), [&](const Condition& condition) {
    const auto* is = std::get_if<match::OfFamily>(&condition);
    const auto* within = std::get_if<match::Within>(&condition);
    return (is != nullptr && is->family != *words->of) ||
           (within != nullptr && within->prefixes.front().address.family() != *words->of);
  });
}

// Of which family alone a condition's words are, or what they are asked of.
std::optional<Family> family_of(const Condition& condition) {
  if (const auto* is = std::get_if<match::OfFamily>(&condition); is != nullptr) {
    return is->family;
  }
  if (const auto* within = std::get_if<match::Within>(&condition); within != nullptr) {
    return within->prefixes.front().address.family();
  }
  if (const auto* words = std::get_if<match::InWords>(&condition); words != nullptr) {
    return words->of ? words->of : words->only_for;
  }
  const auto* pair = std::get_if<match::LookedUp>(&condition);
  return pair == nullptr ? std::nullopt : pair->family;
}

// Pairs are of one family: what stands beside them is of no other.
bool are_pairs_of_other_family(const std::vector<Condition>& product,
                               const std::vector<Condition>& more) {
  const auto pair_in = [](const std::vector<Condition>& conditions) {
    const auto* pair = find<match::LookedUp>(conditions);
    return pair == nullptr ? std::nullopt : pair->family;
  };
  const auto differs = [](const std::vector<Condition>& conditions, std::optional<Family> pair) {
    return pair && std::any_of(conditions.begin(), conditions.end(), [&](const Condition& each) {
             return family_of(each).value_or(*pair) != *pair;
           });
  };
  return differs(product, pair_in(more)) || differs(more, pair_in(product));
}

std::vector<std::vector<Condition>> alternatives_of(const Condition& condition) {
  if (const auto* pair = std::get_if<match::LookedUp>(&condition); pair != nullptr) {
    return {{match::LookedUp{pair->set, Family::v4}}, {match::LookedUp{pair->set, Family::v6}}};
  }
  if (const auto* ends = std::get_if<match::Ends>(&condition); ends != nullptr) {
    return by_family(*ends);
  }
  if (const auto* flow = std::get_if<match::Flow>(&condition); flow != nullptr) {
    std::vector<std::vector<Condition>> all;
    for (Condition& each : by_protocol(*flow)) {
      all.push_back({std::move(each)});
    }
    return all;
  }
  if (const auto* sent = std::get_if<match::SentByCgroup>(&condition);
      sent != nullptr && sent->cgroup.nft_path.empty()) {
    return {};  // nft cannot name it
  }
  if (const auto* words = std::get_if<match::InWords>(&condition);
      words != nullptr && words->only_for) {
    const Family other = *words->only_for == Family::v4 ? Family::v6 : Family::v4;
    return {{match::OfFamily{other}}, {condition}};
  }
  if (const auto* words = std::get_if<match::InWords>(&condition); words != nullptr) {
    return one_by_one(*words);
  }
  return {{condition}};
}

void append_lines(std::vector<Step>& lines, Step step) {
  std::vector<std::vector<Condition>> products = {{}};
  for (const Condition& condition : step.when) {
    std::vector<std::vector<Condition>> longer;
    for (const auto& product : products) {
      for (const auto& alternative : alternatives_of(condition)) {
        if (is_of_other_family(alternative, product) ||
            are_pairs_of_other_family(product, alternative)) {
          continue;
        }
        longer.push_back(product);
        longer.back().insert(longer.back().end(), alternative.begin(), alternative.end());
      }
    }
    products = std::move(longer);
  }
  const std::vector<Condition> unless = std::exchange(step.unless, {});
  for (auto& product : products) {
    Step line = step;
    line.when = std::move(product);
    if (!unless.empty()) {
      Step spared = line;
      spared.when.insert(spared.when.end(), unless.begin(), unless.end());
      spared.then = {act::Accept{}};
      lines.push_back(std::move(spared));
      line.why.clear();
    }
    lines.push_back(std::move(line));
    step.why.clear();
  }
}

void look_up_long_lists(std::vector<Chain>& chains) {
  struct LongList {
    match::Within* within;
    std::string name;  // a checksum of all that is in it: made once
  };
  std::vector<LongList> lists;
  std::map<std::string, int> uses;
  for (Chain& chain : chains) {
    for (Step& step : chain.steps) {
      for (Condition& condition : step.when) {
        if (auto* within = std::get_if<match::Within>(&condition);
            within != nullptr && within->prefixes.size() > max_in_each_nft_rule) {
          lists.push_back({within, set_name(within->prefixes)});
          ++uses[lists.back().name];
        }
      }
    }
  }
  for (const LongList& list : lists) {
    list.within->as_set = list.within->prefixes.size() > max_in_nft_rule || uses[list.name] > 1;
  }
}

}  // namespace

Plan for_nft(Plan plan, NftLists lists) {
  std::vector<Chain> chains;
  for (Chain& chain : plan.chains) {
    std::vector<Step> lines;
    lines.reserve(chain.steps.size());
    for (Step& step : chain.steps) {
      append_lines(lines, std::move(step));
    }
    chain.steps = std::move(lines);
    for (Chain& part : apart_from_hook(std::move(chain))) {
      chains.push_back(std::move(part));
    }
  }
  if (lists == NftLists::in_sets) {
    look_up_long_lists(chains);
  }
  plan.chains = std::move(chains);
  return plan;
}

}  // namespace weir::firewall
