// Rules and flows in the words that the configuration has for them.
#pragma once

#include <string>
#include <vector>

#include "catch.h"
#include "rule_conditions.h"
#include "rules/rule_set.h"

namespace weir {

struct RuleWords {
  std::vector<PortRange> on{{Protocol::tcp, 80, 80}};
  std::vector<std::string> client = {};
  std::vector<std::string> destination = {};
  std::vector<std::string> interfaces = {};
  std::string host = {};  // as the line of the section has it
};

// Rules named a, b, c, … on the lines 1, 2, 3, … of a file f.
inline std::vector<RuleSettings> rules_of(const std::vector<RuleWords>& words) {
  std::vector<RuleSettings> out;
  for (const RuleWords& word : words) {
    RuleSettings rule;
    rule.name = std::string(1, static_cast<char>('a' + out.size() % 26));
    rule.location = {"f", static_cast<int>(out.size()) + 1};
    rule.set(on(word.on));
    if (!word.client.empty()) {
      rule.set(client(word.client));
    }
    if (!word.destination.empty()) {
      rule.set(destination(word.destination));
    }
    if (!word.interfaces.empty()) {
      rule.set(interfaces(word.interfaces));
    }
    if (!word.host.empty()) {
      rule.set(said("host", word.host));
    }
    out.push_back(std::move(rule));
  }
  return out;
}

inline KnownHost named(std::string_view name) {
  return {.state = KnownHost::State::name, .name = name};
}
inline constexpr KnownHost no_host{.state = KnownHost::State::none};
inline constexpr KnownHost host_not_yet{.state = KnownHost::State::not_yet};

inline Flow flow_of(Protocol protocol, const std::string& client, const std::string& destination) {
  return {.protocol = protocol,
          .client = {Address::parse(client).value(), 1024},
          .destination = Endpoint::parse(destination).value(),
          .interface = 1};
}

inline PortRange tcp(int first, int last = 0) {
  return {Protocol::tcp, static_cast<Port>(first), static_cast<Port>(last == 0 ? first : last)};
}
inline PortRange udp(int first, int last = 0) {
  return {Protocol::udp, static_cast<Port>(first), static_cast<Port>(last == 0 ? first : last)};
}

}  // namespace weir
