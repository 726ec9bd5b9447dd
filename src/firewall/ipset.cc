#include "firewall/ipset.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "firewall/words.h"

namespace weir::firewall {

namespace {

using List = std::vector<Prefix>;

// FNV-1a, 64 bits: tells lists apart that were not made to collide, and stays the same over
// restarts.
std::uint64_t checksum(const List& list) {
  std::uint64_t sum = 0xcbf29ce484222325U;
  const auto add = [&](std::uint8_t byte) { sum = (sum ^ byte) * 0x100000001b3U; };
  for (const Prefix& prefix : list) {
    for (const std::uint8_t byte : prefix.address.bytes()) {
      add(byte);
    }
    add(prefix.length);
  }
  return sum;
}

void each_list(const Ruleset& ruleset, const std::function<void(const List&)>& visit) {
  for (const Decision& decision : ruleset.decisions) {
    for (const auto* addresses : {&decision.v4, &decision.v6}) {
      if (*addresses) {
        for (const List* list : {&(*addresses)->client, &(*addresses)->not_client,
                                 &(*addresses)->destination, &(*addresses)->not_destination}) {
          visit(*list);
        }
      }
    }
  }
  visit(ruleset.exclude_v4);
  visit(ruleset.exclude_v6);
}

// ipset takes no prefix of length 0.
List halves_of_everything(Family family) {
  const Address upper =
      family == Family::v4 ? Address::v4(0x80000000U) : Address::parse("8000::").value();
  return {{.address = Address::any(family), .length = 1}, {.address = upper, .length = 1}};
}

}  // namespace

bool is_set(Ruleset::LongLists long_lists, const List& list) {
  return long_lists == Ruleset::LongLists::are_sets && list.size() > max_as_rules;
}

std::string set_name(const List& list) {
  return fmt::format("{}{}-{:016x}", set_names_begin, list.front().address.is_v4() ? 4 : 6,
                     checksum(list));
}

std::map<std::string, const List*> named_sets(const Plan& plan) {
  std::map<std::string, const List*> sets;
  for (const Chain& chain : plan.chains) {
    for (const Step& step : chain.steps) {
      for (const Condition& condition : step.when) {
        const auto* within = std::get_if<match::Within>(&condition);
        if (within != nullptr && within->as_set) {
          sets.emplace(set_name(within->prefixes), &within->prefixes);
        }
      }
    }
  }
  return sets;
}

std::string print_ipsets(const Plan& plan) {
  std::string out;
  for (const auto& [name, list] : named_sets(plan)) {
    const Family family = list->front().address.family();
    out += fmt::format("create {} hash:net family {} hashsize {} maxelem {}\n", name,
                       family == Family::v4 ? "inet" : "inet6",
                       std::max<std::size_t>(1024, list->size()),
                       std::max<std::size_t>(1024, list->size() + 1));
    const bool is_everything = list->size() == 1 && list->front().length == 0;
    for (const std::string& prefix : words(is_everything ? halves_of_everything(family) : *list)) {
      out += fmt::format("add {} {}\n", name, prefix);
    }
  }
  return out;
}

std::vector<std::string> ipset_names(const Plan& plan) {
  std::vector<std::string> names;
  for (const auto& [name, list] : named_sets(plan)) {
    names.push_back(name);
  }
  return names;
}

std::size_t longest_as_rules(const Ruleset& ruleset) {
  std::size_t longest = 0;
  each_list(ruleset, [&](const List& list) {
    if (!is_set(ruleset.long_lists, list)) {
      longest = std::max(longest, list.size());
    }
  });
  return longest;
}

}  // namespace weir::firewall
