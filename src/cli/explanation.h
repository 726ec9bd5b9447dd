// What would become of a flow, as data: intercepted or not, which rule, upstream, servers and
// source; and for every rule before that one, the condition that failed. `weir explain` prints it.
//
// Plain values; any thread. Nothing is asked of the machine: what the destination is to it is
// handed in.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/configuration.h"
#include "base/flow_facts.h"
#include "firewall/address_kind.h"
#include "weir/flow.h"

namespace weir {

struct Explanation {
  struct Passed {  // a rule before the one that matches
    std::string rule;
    SourceLocation location;
    std::string why;
  };
  struct Hop {  // an upstream through which another one's servers are reached
    std::string upstream;
    std::string type;
    std::vector<std::string> servers;  // candidates, or a group's members with theirs
  };
  struct Path {  // how a flow that is neither refused nor dropped is forwarded
    std::vector<std::string> servers;  // candidates, where a balancer decides; else empty
    std::vector<std::string> goes_to;  // the destination itself, or a group's members
    std::vector<Hop> via;              // the upstream that the socket is opened for comes first
    // Upstreams whose proxies are told the host's name, where it is known.
    std::vector<std::string> told_host;
    // The socket's. Empty where the members of a group decide it.
    std::string source;
    std::string mark;
    std::string interface;
    std::optional<std::uint8_t> dscp;
  };

  std::string protocol;
  std::string client;  // without a port where none was said
  std::string destination;
  std::string host;             // that it names; empty: none
  std::string device;           // what is known of the client, or why nothing is; empty: not asked
  std::string not_intercepted;  // why the firewall never hands it to weir; then nothing follows
  std::vector<Passed> passed;
  std::string rule;                        // "(default)" where none matches
  std::optional<SourceLocation> location;  // of the rule
  // What of its sets has the flow, and where that stands; how it stands by the clock.
  std::vector<std::string> because;
  std::string upstream;
  std::string type;
  std::string problem;    // why the upstream cannot be made, or empty
  std::string passes_by;  // why the flow goes on to its own destination all the same, or empty
  Path path;
  std::string firewall;  // what the firewall decides by itself, or empty
  // Why it leaves to the gateway what it could decide, or empty.
  std::string left_to_gateway;
  // Rules that would have the flow, did the client name a host that they want.
  std::vector<std::string> could_match;
};

// `interface`: where the flow comes in, or empty. `destination`: what its address is to this
// machine. `outside`: the interfaces that lead outside, if clients may come in by all others.
// `leaves_by`: the interface by which routing would send it out, empty where there is no route;
// none: the firewall does not ask. `device`: which device the client is. `host`: which one it
// names.
[[nodiscard]] Explanation explain(const Configuration& configuration, const Flow& flow,
                                  std::string_view interface, firewall::AddressKind destination,
                                  std::span<const std::string> outside = {},
                                  const std::optional<std::string>& leaves_by = std::nullopt,
                                  const ClientDevice& device = {}, const KnownHost& host = {});

}  // namespace weir
