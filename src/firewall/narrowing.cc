#include "firewall/narrowing.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <utility>

#include "firewall/normal_form.h"
#include "firewall/words.h"

namespace weir::firewall {
namespace {

Ports ports_of(const std::vector<PortRange>& on, Protocol protocol) {
  std::vector<Ports::Range> ranges;
  for (const PortRange& range : on) {
    if (range.protocol == protocol) {
      ranges.push_back({range.first, range.last});
    }
  }
  return joined(std::move(ranges));
}

std::size_t count_prefixes(const std::vector<Prefix>& prefixes,
                           const std::vector<AddressItem>& items) {
  std::size_t count = prefixes.size();
  for (const AddressItem& item : items) {
    count += item.list().size;
  }
  return count;
}

bool is_too_long(const AddressCondition& list, std::size_t max_set) {
  return count_prefixes(list.include, list.include_items) > max_set ||
         count_prefixes(list.exclude, list.exclude_items) > max_set;
}

// "@ads, @more"
std::string lists_among(const std::vector<AddressItem>& items) {
  std::string text;
  for (const AddressItem& item : items) {
    if (item.list().size != 0) {
      text += (text.empty() ? "" : ", ") + item.text();
    }
  }
  return text;
}

void add(std::vector<Prefix>& prefixes, const PrefixList& list) {
  list.each(list.list, [&](const Prefix& prefix) { prefixes.push_back(prefix); });
}

// The words of items, by what they ask about.
using Words = std::map<std::string, std::vector<ItemWords>>;

enum class Wanted : std::uint8_t { yes, no };

void add_once(std::vector<ItemWords>& items, ItemWords item) {
  if (std::none_of(items.begin(), items.end(),
                   [&](const ItemWords& one) { return one.nft_value == item.nft_value; })) {
    items.push_back(std::move(item));
  }
}

struct Lowered {
  Words words;
  bool all = true;  // every item
};

// What is a list of prefixes goes to these.
Lowered lowered(const std::vector<AddressItem>& items, FlowEnd end, Wanted wanted,
                std::vector<Prefix>& prefixes) {
  Lowered out;
  for (const AddressItem& item : items) {
    if (const PrefixList list = item.list(); list.list != nullptr) {
      add(prefixes, list);
      continue;
    }
    ItemWords words;
    if (!item.lower(end, words)) {
      out.all = false;
      continue;
    }
    std::vector<ItemWords> parts =
        words.any_of ? *std::move(words.any_of) : std::vector<ItemWords>{std::move(words)};
    if (wanted == Wanted::no && std::any_of(parts.begin(), parts.end(), [](const ItemWords& part) {
          return !part.can_be_negated;
        })) {
      out.all = false;
      continue;
    }
    for (ItemWords& part : parts) {
      auto& kind = out.words[part.nft_key];
      add_once(kind, std::move(part));
    }
  }
  return out;
}

std::string nft_set(const std::vector<ItemWords>& items) {
  std::vector<std::string> values;
  values.reserve(items.size());
  for (const ItemWords& item : items) {
    values.push_back(item.nft_value);
  }
  return set_of(values);
}

std::string iptables_words(const ItemWords& item, std::string_view option) {
  return item.iptables_module + (item.iptables_module.empty() ? "" : " ") + std::string(option);
}

match::InWords one_of(const std::vector<ItemWords>& items) {
  match::InWords out{.nft = items.front().nft_key + " " + nft_set(items),
                     .any_of = {},
                     .of = items.front().family};
  for (const ItemWords& item : items) {
    out.any_of.push_back({iptables_words(item, item.iptables_option), item.holds});
  }
  return out;
}

// REQUIRES: there are some.
match::InWords one_of(const Words& words) {
  match::InWords out = one_of(words.begin()->second);
  std::for_each(std::next(words.begin()), words.end(),
                [&](const auto& kind) { out.or_else.push_back(one_of(kind.second)); });
  return out;
}

match::InWords none_of(const ItemWords& item) {
  return {.nft = item.nft_key + " != " + item.nft_value,
          .any_of = {{iptables_words(item, "! " + item.iptables_option), std::not_fn(item.holds)}},
          .only_for = item.family};
}

// How often -s or -d of iptables would stand in a line because of words.
std::size_t address_options(const Words& wanted, const Words& excluded) {
  const bool is_wanted = std::any_of(wanted.begin(), wanted.end(), [](const auto& kind) {
    return kind.second.front().is_address;
  });
  std::size_t out = is_wanted ? 1 : 0;
  for (const auto& [key, items] : excluded) {
    out += items.front().is_address ? items.size() : 0;
  }
  return out;
}

bool come_in(const Words& words) {
  return std::all_of(words.begin(), words.end(),
                     [](const auto& kind) { return kind.second.front().comes_in; });
}

// The one family that all are of.
std::optional<Family> family_of(const Words& words) {
  const std::optional<Family> first = words.begin()->second.front().family;
  const bool all = std::all_of(words.begin(), words.end(), [&](const auto& kind) {
    return kind.second.front().family == first;
  });
  return all ? first : std::nullopt;
}

void narrow(Narrowing& out, const RuleCondition& condition) {
  if (condition.type().lower == nullptr) {
    out.ask_gateway();
  } else {
    condition.type().lower(condition.parsed(), out);
  }
}

}  // namespace

void Narrowing::to_ports(const std::vector<PortRange>& on) {
  tcp_ = ports_of(on, Protocol::tcp);
  udp_ = ports_of(on, Protocol::udp);
}

// A step of a plan asks for all of its conditions. A list that wants prefixes or something else, or
// two things of different kinds that what the router itself sends may have, has no such step.
void Narrowing::to_addresses(FlowEnd end, const AddressCondition& list) {
  if (is_too_long(list, max_set_)) {
    ask_gateway();
    return;
  }
  AddressCondition& out = end == FlowEnd::client ? client_ : destination_;
  out.include = list.include;
  out.exclude = list.exclude;
  const Lowered wanted = lowered(list.include_items, end, Wanted::yes, out.include);
  const Lowered excluded = lowered(list.exclude_items, end, Wanted::no, out.exclude);
  if (list.names_some() && wanted.all && wanted.words.empty() && out.include.empty()) {
    to_nothing();  // its lists are empty at the moment
    return;
  }
  const bool has_prefixes = !out.include.empty() || !out.exclude.empty();
  const std::size_t options = address_options(wanted.words, excluded.words);
  if (options > 0 && options + (has_prefixes ? 1 : 0) > 1) {
    out.include.clear();
    ask_gateway();
    return;
  }
  const bool is_one_kind = wanted.words.size() + (out.include.empty() ? 0 : 1) <= 1;
  if (!wanted.all || !(is_one_kind || (out.include.empty() && come_in(wanted.words)))) {
    out.include.clear();
    ask_gateway();
  } else if (!wanted.words.empty()) {
    also_.emplace_back(one_of(wanted.words));
    only_inbound_ = only_inbound_ || come_in(wanted.words);
    const auto family = family_of(wanted.words);
    only_family_ = family ? family : only_family_;
  } else if (list.names_some() && out.include.empty()) {
    to_nothing();
  }
  for (const auto& [key, items] : excluded.words) {
    for (const ItemWords& item : items) {
      also_.emplace_back(none_of(item));
    }
  }
  if (!excluded.all) {
    ask_gateway();
  }
}

void Narrowing::to_inbound(const std::vector<std::string>& interfaces) {
  inbound_ = interfaces;
  to_what_comes_in();
}

void Narrowing::to(match::InWords words) { also_.emplace_back(std::move(words)); }

std::optional<Addresses> Narrowing::addresses(Family family) const {
  if (is_empty_ || (only_family_ && *only_family_ != family)) {
    return std::nullopt;
  }
  return addresses_of(client_, destination_, family);
}

Narrowing narrowed(const RuleSettings& rule, std::size_t max_set) {
  Narrowing out(max_set);
  for (const RuleCondition& condition : rule.conditions) {
    narrow(out, condition);
  }
  return out;
}

std::string why_lists_left_to_gateway(const RuleSettings& rule, std::size_t max_set) {
  for (const AddressCondition* list : {&rule.client(), &rule.destination()}) {
    for (const auto& [prefixes, items] : {std::pair(&list->include, &list->include_items),
                                          std::pair(&list->exclude, &list->exclude_items)}) {
      const std::size_t count = count_prefixes(*prefixes, *items);
      if (count > max_set) {
        const std::string lists = lists_among(*items);
        return fmt::format(
            "the gateway decides it, for {} has {} {}, more than "
            "firewall.max-set = {}",
            lists.empty() ? "its list" : lists, count, count == 1 ? "prefix" : "prefixes", max_set);
      }
    }
  }
  return "";
}

bool hands_over(const RuleSettings& rule, const FlowFacts& facts, std::size_t max_set) {
  bool is_exact = true;
  for (const RuleCondition& condition : rule.conditions) {
    Narrowing alone(max_set);
    narrow(alone, condition);
    if (!alone.is_exact()) {
      is_exact = false;
    } else if (condition.holds(facts) != Answer::yes) {
      return false;
    }
  }
  return !is_exact;
}

}  // namespace weir::firewall
