#include <algorithm>
#include <cstddef>

#include "rules/conditions.h"
#include "rules/rule_set.h"

namespace weir {
namespace {

// As many items as fit a glance.
template <typename Items, typename Text>
std::string some_of(const Items& items, Text text) {
  constexpr std::size_t glance = 4;
  std::string out;
  for (std::size_t i = 0; i < items.size() && i < glance; ++i) {
    out += (i == 0 ? "" : ", ") + text(items[i]);
  }
  if (items.size() > glance) {
    out += ", … (" + std::to_string(items.size()) + " in all)";
  }
  return out;
}

std::string address_why_not(std::string_view what, const AddressCondition& condition,
                            const Address& address) {
  const std::string subject = std::string(what) + " " + address.text();
  for (const Prefix& prefix : condition.exclude) {
    if (prefix.contains(address)) {
      return subject + " is in !" + prefix.text();
    }
  }
  if (!AddressMatch(condition).holds(address)) {
    return subject + " is not in " +
           some_of(condition.include, [](const Prefix& prefix) { return prefix.text(); });
  }
  return "";
}

}  // namespace

std::string why_not(const RuleSettings& rule, const Flow& flow, std::string_view interface) {
  const Port port = flow.destination.port;
  const bool named = std::any_of(rule.on.begin(), rule.on.end(), [&](const PortRange& range) {
    return range.protocol == flow.protocol && range.first <= port && port <= range.last;
  });
  if (!named) {
    return text_of({flow.protocol, port, port}) + " is not in " +
           some_of(rule.on, [](const PortRange& range) { return text_of(range); });
  }
  if (auto client = address_why_not("client", rule.client, flow.client.address); !client.empty()) {
    return client;
  }
  if (auto destination = address_why_not("destination", rule.destination, flow.destination.address);
      !destination.empty()) {
    return destination;
  }
  if (!Conditions(rule).on_interface(interface)) {
    const std::string wanted =
        some_of(rule.interfaces, [](const std::string& name) { return name; });
    return interface.empty() ? "it wants interface " + wanted + ", and none is known"
                             : "interface " + std::string(interface) + " is not in " + wanted;
  }
  return "";
}

}  // namespace weir
