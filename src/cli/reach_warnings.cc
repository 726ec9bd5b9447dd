#include "cli/reach_warnings.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/local_address.h"
#include "base/names.h"
#include "upstream/server_key.h"

namespace weir {
namespace {

class Warnings {
 public:
  void add(const SourceLocation& location, std::string text) {
    out_.push_back({Diagnostic::Severity::warning, location, std::move(text)});
  }
  [[nodiscard]] std::vector<Diagnostic> take() { return std::move(out_); }

 private:
  std::vector<Diagnostic> out_;
};

bool overlap(std::string_view a, std::string_view b) {
  return covers_interface(a, b) || covers_interface(b, a);
}

void warn_of_other_interfaces(const RuleSettings& rule, const FirewallSettings& firewall,
                              Warnings& warnings) {
  const auto& there = firewall.interfaces;
  if (there.empty() || rule.interfaces().empty()) {
    return;
  }
  for (const std::string& wanted : rule.interfaces()) {
    if (std::any_of(there.begin(), there.end(), [&](const std::string& pattern) {
          return pattern == "all" || pattern == "auto" || overlap(wanted, pattern);
        })) {
      return;
    }
  }
  warnings.add(rule.location, "no flow can match [rule " + rule.name +
                                  "]: none of its interfaces is in [firewall] interfaces");
}

bool is_one_address(const Prefix& prefix) {
  return prefix.length == (prefix.address.is_v4() ? 32 : 128);
}

void warn_of_router_as_destination(const RuleSettings& rule, const FirewallSettings& firewall,
                                   Warnings& warnings) {
  constexpr std::size_t max = 64;  // of a list of thousands some is elsewhere
  const auto& wanted = rule.destination().include;
  if (firewall.local_services || wanted.empty() || wanted.size() > max ||
      rule.destination().has_items()) {
    return;
  }
  if (std::all_of(wanted.begin(), wanted.end(), [](const Prefix& prefix) {
        return is_one_address(prefix) && is_local_address(prefix.address);
      })) {
    warnings.add(rule.location, "no flow can match [rule " + rule.name +
                                    "]: its destinations are this router itself, and [firewall] "
                                    "local-services is no");
  }
}

bool names_all_ports(const RuleSettings& rule) {
  return std::any_of(rule.on().begin(), rule.on().end(), [](const PortRange& range) {
    return range.first <= 1 && range.last == UINT16_MAX;
  });
}

bool goes_to_gateway(const std::string& use, UpstreamAssembly& assembly) {
  const auto upstream = assembly.get(use);
  return upstream.ok() && upstream.value()->offload() == Upstream::Offload::none;
}

// A bypass for one device on every port makes every port one that some rule names, and then the
// default has what the others send.
void warn_of_default_for_all(const Configuration& configuration, UpstreamAssembly& assembly,
                             Warnings& warnings) {
  const std::string& otherwise = configuration.gateway.default_use;
  if (!configuration.gateway.default_given || !goes_to_gateway(otherwise, assembly)) {
    return;
  }
  const RuleSettings* first = nullptr;
  for (const RuleSettings& rule : configuration.rules) {
    if (!names_all_ports(rule)) {
      continue;
    }
    if (goes_to_gateway(rule.use, assembly)) {
      return;  // all ports are meant to come
    }
    first = first == nullptr ? &rule : first;
  }
  if (first != nullptr) {
    warnings.add(first->location, "[rule " + first->name +
                                      "] names every port, and [gateway] default = " + otherwise +
                                      " takes what no rule matches: all traffic goes through weir. "
                                      "Leave 'default' out, or write default = bypass");
  }
}

// `2001:db8::2:80` is an address; the operator may have meant one with a port.
void warn_of_port_in_address(const std::string& host, const Value& line, Warnings& warnings) {
  const auto colon = host.rfind(':');
  const std::string last = host.substr(colon + 1);
  const bool is_number = !last.empty() && last.size() <= 5 &&
                         last.find_first_not_of("0123456789") == std::string::npos;
  const std::string before = host.substr(0, colon);
  if (is_number && line.text.find('[') == std::string::npos && Address::parse(before).ok()) {
    warnings.add(line.location, host + " is an IPv6 address without a port: write [" + before +
                                    "]:" + last + " if " + last + " is the port, [" + host +
                                    "] if it is not");
  }
}

bool shows_client(const Settings& upstream, const ServerKey& server) {
  const auto of_all = parse_source(upstream.text_or_empty("source"));
  const Source source = server.source.value_or(of_all ? of_all.value() : Source{});
  return !upstream.given("via") &&
         (source.kind == SourceKind::client || source.kind == SourceKind::client_port);
}

void warn_of_servers(const Configuration& configuration, Warnings& warnings) {
  for (const Settings& upstream : configuration.upstreams) {
    for (const Value& line : upstream.all("server")) {
      const auto server = parse_server(line);
      const auto address =
          server ? Address::parse(server.value().host) : Result<Address>(Error(""));
      if (!address) {
        continue;
      }
      if (server.value().port == configuration.gateway.port && is_local_address(address.value())) {
        warnings.add(line.location,
                     server.value().host + ":" + std::to_string(server.value().port) +
                         " is weir's own port on this machine: its flows end as loop");
      }
      if (shows_client(upstream, server.value()) && is_local_address(address.value())) {
        warnings.add(line.location,
                     "source = client does not work towards " + server.value().host +
                         ", an address of this router: the server's answers go to the "
                         "client past weir. Add source=gateway to this server");
      }
      if (!address.value().is_v4() && server.value().port == 0) {
        warn_of_port_in_address(server.value().host, line, warnings);
      }
    }
  }
}

}  // namespace

std::vector<Diagnostic> reach_warnings(const Configuration& configuration,
                                       UpstreamAssembly& assembly) {
  Warnings warnings;
  for (const RuleSettings& rule : configuration.rules) {
    warn_of_other_interfaces(rule, configuration.firewall, warnings);
    warn_of_router_as_destination(rule, configuration.firewall, warnings);
  }
  warn_of_default_for_all(configuration, assembly, warnings);
  warn_of_servers(configuration, warnings);
  return warnings.take();
}

}  // namespace weir
