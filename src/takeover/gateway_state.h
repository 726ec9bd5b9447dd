// What a gateway is, for a successor that takes over from it: what has to agree, what it has learnt
// (names, services, the health of servers, changes of sets, what clients have looked up), the
// firewall's rules as they stand, and its service manager.
//
// Plain values, no I/O. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dns/resolver.h"
#include "weir/endpoint.h"
#include "weir/result.h"
#include "weir/server.h"
#include "weir/service.h"
#include "weir/units.h"

namespace weir::takeover {

struct GatewayState {
  std::int64_t pid = 0;
  Port port = 0;
  Mark bypass_mark;
  std::uint64_t process = 0;  // of the flows' ids
  // By which clock its live flows are where the rules want them: windows that have opened or closed
  // since are the successor's to follow. Seconds since 1970.
  std::int64_t flows_as_of = 0;

  // Of its own rules (weir run --firewall); an empty backend: it has none.
  struct OwnRules {
    std::string backend;
    std::string script;
    std::string text;
    std::vector<std::string> outside;  // interfaces that led there since its start
    bool has_cleanup_process = false;  // then its pipe and its pidfd come with the state
  };
  OwnRules firewall;

  struct Notify {
    std::string address;  // empty: there is no service manager
    std::int64_t watchdog_ms = 0;
  };
  Notify notify;

  struct KnownServer {
    Server::Identity identity;
    ServerHealth::Saved health;
    std::int32_t weight = 0;
    Server::Status status;  // without `resolved`: the names below have it
  };
  std::vector<KnownServer> servers;
  struct KnownService {
    std::string name;
    std::vector<Service::Target> targets;
    Instant resolved{};
  };
  std::vector<KnownService> services;
  Resolver::Known known;
  // What is added to a set and removed from it at run time.
  struct KnownSet {
    struct Item {
      std::string text;  // as an operator writes it
      bool is_removed = false;
      std::uint32_t uid = 0;
      std::optional<Instant> until = std::nullopt;
    };
    std::string key;
    std::vector<Item> items;
  };
  std::vector<KnownSet> sets;
  // A host that a client means by an address (flow/learnt_names.h).
  struct LookedUp {
    Address client;
    Address address;
    std::string name;
    Instant learnt{};
    Instant until{};
    friend bool operator==(const LookedUp&, const LookedUp&) = default;
  };
  std::vector<LookedUp> looked_up;  // the oldest first
};

[[nodiscard]] std::string encode(const GatewayState& state);
// Those that came after it.
[[nodiscard]] std::string encode(std::span<const GatewayState::LookedUp> names);
// An error for bytes that no gateway of this version writes.
[[nodiscard]] Result<GatewayState> decode_gateway_state(std::string_view body);
[[nodiscard]] Result<std::vector<GatewayState::LookedUp>> decode_looked_up(std::string_view body);

}  // namespace weir::takeover
