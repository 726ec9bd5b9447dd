#include "cli/bypass_warnings.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/names.h"
#include "firewall/narrowing.h"

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

// The ports on which a flow may meet what of both rules a packet filter checks.
std::optional<PortRange> common_ports(const RuleSettings& a, const RuleSettings& b) {
  const auto ports = shared_ports(a, b);
  const bool apart =
      ports && (are_apart(a.client(), b.client()) || are_apart(a.destination(), b.destination()) ||
                are_apart(a.interfaces(), b.interfaces()));
  return apart ? std::nullopt : ports;
}

std::string acts_as_transparent(const RuleSettings& rule, const std::string& where,
                                const std::string& why) {
  return "[rule " + rule.name + "]: bypass acts as transparent" + where + ": " + why;
}

}  // namespace

std::vector<Diagnostic> bypass_warnings(const Configuration& configuration,
                                        UpstreamAssembly& assembly) {
  std::vector<Diagnostic> out;
  const auto warn = [&](const RuleSettings& rule, std::string text) {
    out.push_back({Diagnostic::Severity::warning, rule.use_location, std::move(text)});
  };
  std::vector<const RuleSettings*> left;  // that the gateway decides
  for (const RuleSettings& rule : configuration.rules) {
    const std::string why = firewall::why_left_to_gateway(rule, configuration.firewall.max_set);
    const auto upstream = assembly.get(rule.use);
    const bool is_bypass = upstream && upstream.value()->offload() == Upstream::Offload::bypass;
    if (is_bypass && !why.empty()) {
      warn(rule, acts_as_transparent(rule, "", why));
    } else if (is_bypass) {
      for (const RuleSettings* earlier : left) {
        if (const auto ports = common_ports(*earlier, rule)) {
          warn(rule,
               acts_as_transparent(rule, " on " + text_of(*ports),
                                   "the gateway has to ask [rule " + earlier->name + "] first"));
          break;
        }
      }
    }
    if (!why.empty()) {
      left.push_back(&rule);
    }
  }
  return out;
}

}  // namespace weir
