#include "firewall/iptables_match.h"

#include <fmt/format.h>

#include "firewall/words.h"

namespace weir::firewall {

namespace {

// How many ports `-m multiport` takes; a range counts as two.
constexpr std::size_t multiport_limit = 15;

void add_port_matches(std::vector<std::string>& matches, std::string_view protocol,
                      const Ports& ports) {
  if (ports.empty()) {
    return;
  }
  if (ports.all()) {
    matches.push_back(fmt::format("-p {} ", protocol));
    return;
  }
  std::string list;
  std::size_t used = 0;
  const auto flush = [&] {
    matches.push_back(fmt::format("-p {} -m multiport --dports {} ", protocol, list));
    list.clear();
    used = 0;
  };
  for (const Ports::Range& range : ports.ranges) {
    const std::size_t cost = range.first == range.last ? 1 : 2;
    if (used + cost > multiport_limit) {
      flush();
    }
    if (!list.empty()) {
      list += ',';
    }
    list += range.first == range.last ? std::to_string(range.first)
                                      : fmt::format("{}:{}", range.first, range.last);
    used += cost;
  }
  flush();
}

}  // namespace

std::vector<std::string> flow_matches(const std::vector<std::string>& interfaces, const Ports& tcp,
                                      const Ports& udp) {
  std::vector<std::string> ports;
  add_port_matches(ports, "tcp", tcp);
  add_port_matches(ports, "udp", udp);
  if (interfaces.empty()) {
    return ports;
  }
  std::vector<std::string> matches;
  for (const std::string& interface : interfaces) {
    for (const std::string& port : ports) {
      matches.push_back(fmt::format("-i {} {}", iptables_interface(interface), port));
    }
  }
  return matches;
}

}  // namespace weir::firewall
