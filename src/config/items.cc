#include "config/items.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/names.h"
#include "base/quantity.h"
#include "base/suggest.h"
#include "base/text.h"

namespace weir {
namespace {

template <typename F>
void each_item(const Settings& settings, std::string_view key, F visit) {
  for (const Value& value : settings.all(key)) {
    for (const Value& item : value.items) {
      visit(item);
    }
  }
}

std::optional<Prefix> prefix_of(std::string_view text, std::string_view key,
                                const SourceLocation& location, Findings& findings) {
  auto prefix = Prefix::parse(text);
  if (!prefix) {
    findings.error(location, quoted(key) + ": " + prefix.error().text());
    return std::nullopt;
  }
  return prefix.value();
}

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

std::vector<PortRange> parse_on(const Value& item, Findings& findings) {
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

// The range of `known` that has all of `range` in it already.
std::optional<PortRange> covering(const std::vector<PortRange>& known, const PortRange& range) {
  for (const PortRange& other : known) {
    if (other.protocol == range.protocol && other.first <= range.first &&
        range.last <= other.last) {
      return other;
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<Prefix> prefixes_of(const Settings& settings, std::string_view key,
                                Findings& findings) {
  std::vector<Prefix> out;
  each_item(settings, key, [&](const Value& item) {
    if (auto prefix = prefix_of(item.text, key, item.location, findings)) {
      out.push_back(*prefix);
    }
  });
  return out;
}

AddressCondition addresses_of(const Settings& settings, std::string_view key, Findings& findings) {
  AddressCondition out;
  each_item(settings, key, [&](const Value& item) {
    const bool negated = item.text.starts_with('!');
    const auto text = trimmed(std::string_view(item.text).substr(negated ? 1 : 0));
    if (text == "any" || text == "all" || text == "*") {
      findings.error(item.location, quoted(key) + ": " + quoted(text) +
                                        " is no address: leave the key out to match every address");
    } else if (auto prefix = prefix_of(text, key, item.location, findings)) {
      (negated ? out.exclude : out.include).push_back(*prefix);
    }
  });
  return out;
}

std::vector<PortRange> ports_of(const Settings& settings, std::string_view key,
                                Findings& findings) {
  std::vector<PortRange> out;
  each_item(settings, key, [&](const Value& item) {
    for (const PortRange& range : parse_on(item, findings)) {
      if (auto other = covering(out, range)) {
        findings.warning(item.location, text_of(range) + " is in " + text_of(*other) + " already");
      }
      out.push_back(range);
    }
  });
  return out;
}

std::vector<std::string> interfaces_of(const Settings& settings, std::string_view key,
                                       Findings& findings) {
  std::vector<std::string> out;
  each_item(settings, key, [&](const Value& item) {
    const std::string& name = item.text;
    if (auto why = why_no_interface_pattern(name); !why.empty()) {
      findings.error(item.location, std::move(why));
    } else if (std::find(out.begin(), out.end(), name) != out.end()) {
      findings.warning(item.location, "interface " + name + " is named twice");
    } else {
      out.push_back(name);
    }
  });
  return out;
}

}  // namespace weir
