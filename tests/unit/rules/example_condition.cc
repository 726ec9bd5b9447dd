// The condition `client-port`: the ports that a rule's clients send from, "1024-65535".
#include <array>
#include <cstdio>

#include "base/text.h"
#include "firewall/evaluate.h"
#include "rules/conditions/condition.h"

namespace weir {
namespace {

struct ClientPort {
  struct Parsed {
    Port first = 0, last = 0;
    std::string text;
    bool operator==(const Parsed&) const = default;
  };
  static constexpr std::array keys{
      Key{.name = "client-port", .description = "ports that clients send from: 1024-65535"}};

  static std::optional<Parsed> parse(const Settings& settings, Findings& findings) {
    if (!settings.given("client-port")) {
      return std::nullopt;
    }
    Parsed out{.text = settings.text("client-port")};
    if (std::sscanf(out.text.c_str(), "%hu-%hu", &out.first, &out.last) == 2) {
      return out;
    }
    findings.error(settings.location_of("client-port"), quoted(out.text) + " is no range of ports");
    return std::nullopt;
  }
  static bool has(const Parsed& range, Port port) {
    return range.first <= port && port <= range.last;
  }
  static Answer holds(const Parsed& range, const FlowFacts& facts) {
    return answer(has(range, facts.flow().client.port));
  }
  static std::string why_not(const Parsed& range, const FlowFacts& facts) {
    return "client port " + std::to_string(facts.flow().client.port) + " is not in " + range.text;
  }
  static bool covers(const Parsed& range, const Parsed* other) {
    return other != nullptr && range.first <= other->first && other->last <= range.last;
  }
  static void lower(const Parsed& range, firewall::Narrowing& rule) {
    const std::string first = std::to_string(range.first), last = std::to_string(range.last);
    const auto meaning = [range](const firewall::Packet& packet) {
      return has(range, packet.source.port);
    };
    rule.to({.nft = "th sport " + first + "-" + last,
             .any_of = {{"-m multiport --sports " + first + ":" + last, meaning}}});
  }
};

}  // namespace

extern const ConditionType client_port_condition;
constinit const ConditionType client_port_condition = condition_type<ClientPort>();

}  // namespace weir
