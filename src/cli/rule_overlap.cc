#include "cli/rule_overlap.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/names.h"

namespace weir {
namespace {

std::optional<PortRange> shared_ports(const RuleSettings& a, const RuleSettings& b) {
  for (const PortRange& one : a.on()) {
    for (const PortRange& other : b.on()) {
      const Port first = std::max(one.first, other.first);
      const Port last = std::min(one.last, other.last);
      if (one.protocol == other.protocol && first <= last) {
        return PortRange{one.protocol, first, last};
      }
    }
  }
  return std::nullopt;
}

// Whether no address is wanted by both; false where that is hard to decide.
bool are_apart(const AddressCondition& a, const AddressCondition& b) {
  constexpr std::size_t most_pairs = 10'000;
  if (!a.include_items.empty() || !b.include_items.empty() || a.include.empty() ||
      b.include.empty() || a.include.size() * b.include.size() > most_pairs) {
    return false;
  }
  return std::none_of(a.include.begin(), a.include.end(), [&](const Prefix& one) {
    return std::any_of(b.include.begin(), b.include.end(), [&](const Prefix& other) {
      return one.contains(other.address) || other.contains(one.address);
    });
  });
}

bool are_apart(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return !a.empty() && !b.empty() && std::none_of(a.begin(), a.end(), [&](const std::string& one) {
    return std::any_of(b.begin(), b.end(), [&](const std::string& other) {
      return covers_interface(one, other) || covers_interface(other, one);
    });
  });
}

}  // namespace

bool names_port(const RuleSettings& rule, Protocol protocol, Port port) {
  return std::any_of(rule.on().begin(), rule.on().end(), [=](const PortRange& range) {
    return range.protocol == protocol && range.first <= port && port <= range.last;
  });
}

std::optional<PortRange> common_ports(const RuleSettings& a, const RuleSettings& b) {
  const auto ports = shared_ports(a, b);
  const bool apart =
      ports && (have_other_clients(a, b) || are_apart(a.destination(), b.destination()));
  return apart ? std::nullopt : ports;
}

bool have_other_clients(const RuleSettings& a, const RuleSettings& b) {
  return are_apart(a.client(), b.client()) || are_apart(a.interfaces(), b.interfaces());
}

}  // namespace weir
