// The conditions `client` and `destination`: lists of addresses, prefixes and items of other kinds,
// with negations.
#include "rules/conditions/addresses.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.h"
#include "rules/conditions/condition.h"
#include "rules/conditions/glance.h"
#include "rules/conditions/table.h"

namespace weir {
namespace {

// False: it is of none of these kinds.
bool parse_item(std::string_view text, const SourceLocation& location, std::string_view key,
                FlowEnd end, AddressItemTypes types, std::vector<AddressItem>& items,
                Findings& findings) {
  const auto type = std::find_if(types.begin(), types.end(),
                                 [&](const AddressItemType* one) { return one->claims(text); });
  if (type == types.end()) {
    return false;
  }
  auto parsed = (*type)->parse(text, end);
  if (parsed) {
    items.emplace_back(**type, std::move(parsed).value());
  } else {
    findings.error(location, quoted(key) + ": " + parsed.error().text());
  }
  return true;
}

}  // namespace

AddressCondition address_list(const Settings& settings, std::string_view key, FlowEnd end,
                              AddressItemTypes types, Findings& findings) {
  AddressCondition out;
  each_item(settings, key, [&](const Value& item) {
    const bool negated = item.text.starts_with('!');
    const auto text = trimmed(std::string_view(item.text).substr(negated ? 1 : 0));
    if (parse_item(text, item.location, key, end, types,
                   negated ? out.exclude_items : out.include_items, findings)) {
      return;
    }
    if (text == "any" || text == "all" || text == "*") {
      findings.error(item.location, quoted(key) + ": " + quoted(text) +
                                        " is no address: leave the key out to match every address");
    } else if (auto prefix = prefix_of(text, key, item.location, findings)) {
      (negated ? out.exclude : out.include).push_back(*prefix);
    }
  });
  return out;
}

std::string why_not_in(const AddressCondition& list, std::string_view what, FlowEnd end,
                       const FlowFacts& facts) {
  const Address& address = address_at(end, facts.flow());
  const std::string who = std::string(what) + " " + address.text();
  for (const Prefix& prefix : list.exclude) {
    if (prefix.contains(address)) {
      return who + " is in !" + prefix.text();
    }
  }
  for (const AddressItem& item : list.exclude_items) {
    if (item.holds(end, facts) == Answer::yes) {
      return who + " is in !" + item.found(end, facts);
    }
  }
  std::vector<std::string> wanted;
  for (const Prefix& prefix : list.include) {
    wanted.push_back(prefix.text());
  }
  for (const AddressItem& item : list.include_items) {
    wanted.push_back(item.missed(end, facts));
  }
  return who + " is not in " + some_of(wanted, [](const std::string& text) { return text; });
}

namespace {

// What both have, for one end of a flow.
template <typename Side>
struct Addresses {
  using Parsed = AddressMatch;

  static std::optional<Parsed> parse(const Settings& settings, Findings& findings) {
    AddressCondition list =
        address_list(settings, Side::name, Side::end, address_item_types(), findings);
    if (list.empty()) {
      return std::nullopt;
    }
    AddressMatch match(std::move(list));
    if (match.holds_for_none()) {
      findings.warning(settings.location_of(Side::name),
                       "no " + std::string(Side::name) + " is left: all of them are excluded");
    }
    return match;
  }

  static Answer holds(const Parsed& match, const FlowFacts& facts) {
    return match.holds(Side::end, facts);
  }

  static std::string why_not(const Parsed& match, const FlowFacts& facts) {
    return why_not_in(match.condition(), Side::name, Side::end, facts);
  }

  static bool covers(const Parsed& match, const Parsed* other) { return match.covers(other); }

  static bool admits(const Parsed& match, Family family) { return match.admits(family); }

  static std::optional<Parsed> fit(const Parsed& match, const Machine& machine) {
    return match.fitted(machine);
  }

  static ConditionType::Within within(const Parsed& match) {
    return {.lists = match.lists(), .exactly = match.excludes_nothing()};
  }

  static void lower(const Parsed& match, firewall::Narrowing& rule) {
    rule.to_addresses(Side::end, match.condition());
  }
};

struct Client : Addresses<Client> {
  static constexpr std::string_view name = "client";
  static constexpr std::array keys{
      Key{.name = name,
          .kind = ValueKind::list,
          .description = "source addresses that the rule matches: addresses, prefixes, "
                         "ADDRESS/MASK (IPv6), lan:IF, name:DEVICE, mac:ADDRESS, @SET, @FILE or "
                         "FILE.mmdb:DE; ! negates",
          .repeat = Key::Repeat::repeats,
          .at = Key::At::set}};
  static constexpr auto index = ConditionType::Index::client;
  static constexpr FlowEnd end = FlowEnd::client;
};

struct Destination : Addresses<Destination> {
  static constexpr std::string_view name = "destination";
  static constexpr std::array keys{
      Key{.name = name,
          .kind = ValueKind::list,
          .description = "original destinations that the rule matches: addresses, prefixes, "
                         "ADDRESS/MASK (IPv6), lan:IF, @SET, @FILE or FILE.mmdb:DE; ! negates",
          .repeat = Key::Repeat::repeats,
          .at = Key::At::set}};
  static constexpr auto index = ConditionType::Index::destination;
  static constexpr FlowEnd end = FlowEnd::destination;
};

}  // namespace

constinit const ConditionType client_condition = condition_type<Client>();
constinit const ConditionType destination_condition = condition_type<Destination>();

}  // namespace weir
