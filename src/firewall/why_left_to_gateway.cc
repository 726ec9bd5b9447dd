// Why the gateway decides a rule, in the operator's words: what no packet shows, and what one step
// of a packet filter cannot ask about at once. Narrowing::to_addresses says what becomes of either.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <tuple>

#include "firewall/item_words.h"
#include "firewall/narrowing.h"

namespace weir::firewall {
namespace {

// No packet shows whether it holds.
bool is_unseen(const RuleCondition& condition) {
  return condition.type().lower == nullptr || condition.type().needs == ConditionType::Needs::host;
}

// What it says of packets, also where it cannot say all of it yet.
ItemWords words_of(const AddressItem& item, FlowEnd end) {
  ItemWords words;
  (void)item.lower(end, words);
  return words;
}

bool can_be_negated(const ItemWords& words) {
  return words.can_be_negated &&
         (!words.any_of || std::all_of(words.any_of->begin(), words.any_of->end(),
                                       [](const ItemWords& part) { return part.can_be_negated; }));
}

// The item that one step cannot ask about together with the others that the list wants; "": it can
// ask about all of them.
std::string odd_item(const AddressCondition& list, FlowEnd end) {
  std::string kind = list.include.empty() ? "" : "prefix";
  for (const AddressItem& item : list.include_items) {
    const ItemWords words = words_of(item, end);
    std::string own = words.any_of || words.comes_in ? "device" : words.nft_key;
    if (item.list().size != 0) {
      own = "prefix";
    }
    if (!own.empty() && !kind.empty() && own != kind) {
      return item.text();
    }
    kind = own.empty() ? kind : own;
  }
  return "";
}

// Why a list of clients or destinations is the gateway's to ask, whatever its length.
std::string why_items_left_to_gateway(const RuleSettings& rule) {
  for (const auto& [end, key, list] :
       {std::tuple(FlowEnd::client, "client", &rule.client()),
        std::tuple(FlowEnd::destination, "destination", &rule.destination())}) {
    const FlowEnd at = end;
    const auto unseen =
        std::find_if(list->exclude_items.begin(), list->exclude_items.end(),
                     [at](const AddressItem& item) { return !can_be_negated(words_of(item, at)); });
    if (unseen != list->exclude_items.end()) {
      return fmt::format("the gateway decides it, for packets do not show '!{}'", unseen->text());
    }
    if (const std::string odd = odd_item(*list, end); !odd.empty()) {
      return fmt::format(
          "the gateway decides it, for '{}' wants {} beside other things: a rule for each would be "
          "the firewall's",
          key, odd);
    }
  }
  return "";
}

}  // namespace

std::string why_left_to_gateway(const RuleSettings& rule, std::size_t max_set) {
  const auto unseen = std::find_if(rule.conditions.begin(), rule.conditions.end(), is_unseen);
  if (unseen != rule.conditions.end()) {
    return fmt::format("the gateway decides it, for packets do not show '{}'", unseen->key());
  }
  std::string why = why_items_left_to_gateway(rule);
  return why.empty() ? why_lists_left_to_gateway(rule, max_set) : why;
}

}  // namespace weir::firewall
