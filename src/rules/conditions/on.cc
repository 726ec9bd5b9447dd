// The condition `on`: the protocols and ports that a rule names. A rule without it is none, and
// RuleSet finds all others by it.
#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "base/configuration.h"
#include "base/quantity.h"
#include "base/suggest.h"
#include "base/text.h"
#include "rules/conditions/condition.h"
#include "rules/conditions/glance.h"
#include "rules/conditions/table.h"

namespace weir {
namespace {

std::optional<Port> port_of(std::string_view text) {
  const auto number = parse_number(text);
  if (!number || number.value() < 1 || number.value() > UINT16_MAX) {
    return std::nullopt;
  }
  return static_cast<Port>(number.value());
}

struct Ports {
  Port first = 1;
  Port last = UINT16_MAX;
};

// `80`, `8000-8100` or `*`; the error completes "'tcp/…' ".
Result<Ports> parse_ports(std::string_view text) {
  if (text == "*") {
    return Ports{};
  }
  const auto dash = text.find('-');
  const auto first = port_of(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : port_of(text.substr(dash + 1));
  if (!first || !last) {
    return Error("is no port or range of ports (1 to 65535, like 80, 8000-8100 or *)");
  }
  if (*first > *last) {
    return Error("ends before it begins, did you mean " + std::to_string(*last) + "-" +
                 std::to_string(*first) + "?");
  }
  return Ports{*first, *last};
}

constexpr std::array<std::string_view, 3> protocols{"tcp", "udp", "any"};

std::vector<PortRange> parse_item(const Value& item, Findings& findings) {
  const std::string_view text = item.text;
  const auto wrong = [&](const std::string& why) {
    findings.error(item.location, quoted(text) + " " + why);
    return std::vector<PortRange>{};
  };
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) {
    if (const auto colon = text.find(':'); colon != std::string_view::npos) {
      return wrong("is not PROTOCOL/PORT, did you mean '" + std::string(text.substr(0, colon)) +
                   "/" + std::string(trimmed(text.substr(colon + 1))) + "'?");
    }
    return wrong(parse_ports(text).ok() ? "has no protocol (tcp/" + item.text + ", udp/" +
                                              item.text + " or any/" + item.text + ")"
                                        : "is not PROTOCOL/PORT (like tcp/80, udp/53, any/443)");
  }
  const std::string_view protocol = text.substr(0, slash);
  if (std::find(protocols.begin(), protocols.end(), protocol) == protocols.end()) {
    const std::string_view after = text.substr(slash + 1);
    const bool turned = std::find(protocols.begin(), protocols.end(), after) != protocols.end();
    return wrong("has an unknown protocol" +
                 (turned
                      ? ", did you mean '" + std::string(after) + "/" + std::string(protocol) + "'?"
                      : did_you_mean(protocol, protocols)) +
                 " (tcp, udp or any)");
  }
  const auto ports = parse_ports(text.substr(slash + 1));
  if (!ports) {
    return wrong(ports.error().text());
  }
  std::vector<PortRange> out;
  if (protocol != "udp") {
    out.push_back({Protocol::tcp, ports.value().first, ports.value().last});
  }
  if (protocol != "tcp") {
    out.push_back({Protocol::udp, ports.value().first, ports.value().last});
  }
  return out;
}

bool includes(const PortRange& wide, const PortRange& range) {
  return wide.protocol == range.protocol && wide.first <= range.first && range.last <= wide.last;
}

struct On {
  using Parsed = std::vector<PortRange>;
  static constexpr std::array keys{
      Key{.name = "on",
          .kind = ValueKind::list,
          .description = "protocols and ports: tcp/80, udp/53, tcp/8000-8100, tcp/*, any/443",
          .repeat = Key::Repeat::repeats,
          .need = Key::Need::required}};
  static constexpr auto index = ConditionType::Index::ports;

  static std::optional<Parsed> parse(const Settings& settings, Findings& findings) {
    Parsed out;
    each_item(settings, "on", [&](const Value& item) {
      for (const PortRange& range : parse_item(item, findings)) {
        const auto known = std::find_if(
            out.begin(), out.end(), [&](const PortRange& other) { return includes(other, range); });
        if (known != out.end()) {
          findings.warning(item.location,
                           text_of(range) + " is in " + text_of(*known) + " already");
        }
        out.push_back(range);
      }
    });
    return out.empty() ? std::nullopt : std::optional(std::move(out));
  }

  static Answer holds(const Parsed& on, const FlowFacts& facts) {
    const Flow& flow = facts.flow();
    const PortRange port{flow.protocol, flow.destination.port, flow.destination.port};
    return answer(std::any_of(on.begin(), on.end(),
                              [&](const PortRange& range) { return includes(range, port); }));
  }

  static std::string why_not(const Parsed& on, const FlowFacts& facts) {
    const Flow& flow = facts.flow();
    return text_of({flow.protocol, flow.destination.port, flow.destination.port}) + " is not in " +
           some_of(on, [](const PortRange& range) { return text_of(range); });
  }

  // May miss a range that only several together have.
  static bool covers(const Parsed& on, const Parsed* other) {
    return other != nullptr &&
           std::all_of(other->begin(), other->end(), [&](const PortRange& theirs) {
             return std::any_of(on.begin(), on.end(),
                                [&](const PortRange& range) { return includes(range, theirs); });
           });
  }

  static void lower(const Parsed& on, firewall::Narrowing& rule) { rule.to_ports(on); }
};

}  // namespace

constinit const ConditionType on_condition = condition_type<On>();

}  // namespace weir
