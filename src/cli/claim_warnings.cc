#include "cli/claim_warnings.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cli/rule_overlap.h"
#include "rules/conditions/table.h"
#include "rules/host_match.h"

namespace weir {
namespace {

bool asks_for_host(const RuleSettings& rule) { return rule.find(host_condition) != nullptr; }

// A rule that names its destinations, too, opens no others by the name of a host.
bool lets_in_by_host(const RuleSettings& rule) {
  const RuleCondition* asks = rule.find(host_condition);
  return asks != nullptr && asks->as<HostMatch>().condition().wants_names() &&
         !rule.destination().names_some();
}

// "mac:02:00:5e:10:00:01": the first device that the rule wants; "": it wants none.
std::string wanted_device(const RuleSettings& rule) {
  for (const AddressItem& item : rule.client().include_items) {
    std::string text = item.text();
    if (text.starts_with("mac:") || text.starts_with("name:")) {
      return text;
    }
  }
  return "";
}

// What a client would claim to have the rule; "": it is not by a claim that it has it.
struct Claim {
  std::string by;
  std::string why_easy;
  std::string instead;  // what to ask for that no client can choose
  bool is_host = false;
};

Claim claim_of(const RuleSettings& rule) {
  if (lets_in_by_host(rule)) {
    return {.by = "the host that they name",
            .why_easy = "any client can name any host",
            .instead = "ask for the 'destination' as well",
            .is_host = true};
  }
  if (const std::string device = wanted_device(rule); !device.empty()) {
    return {.by = device,
            .why_easy = "any device can claim to be that one",
            .instead = "ask for an 'interface' or a network that no other device is in"};
  }
  return {};
}

// What the later rule refuses is then no claim itself, or a harder one to make.
bool refuses_by_more(const RuleSettings& later, const Claim& claim) {
  return !asks_for_host(later) && (claim.is_host || wanted_device(later).empty());
}

}  // namespace

std::vector<Diagnostic> claim_warnings(const Configuration& configuration,
                                       UpstreamAssembly& assembly) {
  using Offload = Upstream::Offload;
  struct Allowing {
    const RuleSettings* rule = nullptr;
    Claim claim;
  };
  std::vector<Allowing> allowing;  // and nothing is said of them yet
  std::vector<Diagnostic> out;
  for (const RuleSettings& rule : configuration.rules) {
    const auto upstream = assembly.get(rule.use);
    const Offload offload = upstream ? upstream.value()->offload() : Offload::none;
    if (offload == Offload::none || offload == Offload::bypass) {
      if (Claim claim = claim_of(rule); !claim.by.empty()) {
        allowing.push_back({&rule, std::move(claim)});
      }
      continue;
    }
    std::erase_if(allowing, [&](const Allowing& one) {
      const auto ports =
          refuses_by_more(rule, one.claim) ? common_ports(*one.rule, rule) : std::nullopt;
      if (ports) {
        out.push_back(
            {Diagnostic::Severity::warning, one.rule->location,
             fmt::format("[rule {}] lets clients through on {}, by {}, and [rule {}] after "
                         "it refuses: {}, so [rule {}] protects nothing there. Where it "
                         "has to, {}",
                         one.rule->name, text_of(*ports), one.claim.by, rule.name,
                         one.claim.why_easy, rule.name, one.claim.instead)});
      }
      return ports.has_value();
    });
  }
  return out;
}

}  // namespace weir
