#include "cli/told_host_warnings.h"

#include <algorithm>
#include <string>

#include "rules/conditions/table.h"
#include "upstream/proxy_chain.h"

namespace weir {
namespace {

bool share_tcp_ports(const RuleSettings& a, const RuleSettings& b) {
  return std::any_of(a.on().begin(), a.on().end(), [&](const PortRange& one) {
    return one.protocol == Protocol::tcp &&
           std::any_of(b.on().begin(), b.on().end(), [&](const PortRange& other) {
             return other.protocol == Protocol::tcp && one.first <= other.last &&
                    other.first <= one.last;
           });
  });
}

bool takes_tcp(const RuleSettings& rule) { return share_tcp_ports(rule, rule); }

// Upstreams by their names: "[upstream a], [upstream b]".
std::string names_of_told(const std::vector<const Upstream*>& told) {
  std::string out;
  for (const Upstream* one : told) {
    out += (out.empty() ? "[upstream " : ", [upstream ") + one->name() + "]";
  }
  return out;
}

}  // namespace

std::vector<Diagnostic> told_host_warnings(const Configuration& configuration,
                                           UpstreamAssembly& assembly) {
  std::vector<Diagnostic> out;
  std::vector<const RuleSettings*> asking;  // for the host, up to the rule in question
  for (const RuleSettings& rule : configuration.rules) {
    if (rule.find(host_condition) != nullptr) {
      asking.push_back(&rule);
    }
    const auto upstream = assembly.get(rule.use);
    if (!upstream || !takes_tcp(rule)) {
      continue;
    }
    const auto told = told_the_host(*upstream.value());
    if (told.empty()) {
      continue;
    }
    const auto warn = [&](const std::string& text) {
      out.push_back({Diagnostic::Severity::warning, rule.use_location,
                     "[rule " + rule.name + "]: " + text + " (host-to-proxy of " +
                         names_of_told(told) + ")"});
    };
    const bool is_asked = std::any_of(asking.begin(), asking.end(), [&](const RuleSettings* one) {
      return share_tcp_ports(*one, rule);
    });
    if (!is_asked) {
      warn(
          "the proxy is told addresses, for no rule asks for the host of these flows; add before "
          "this rule a copy of it with host = !none");
    } else if (!rule.destination().empty()) {
      warn(
          "'destination' holds for the address that the client asked for, and the proxy goes "
          "where the host's name leads");
    }
  }
  return out;
}

}  // namespace weir
