// What a gateway is, for a successor that wants to take over from it: what has to agree, what it
// has learnt (names, services, the health of servers), the firewall's rules as they stand, and who
// its service manager is. Travels as JSON, so that a field more is no new layout.
//
// Main thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dns/resolver.h"
#include "weir/result.h"
#include "weir/server.h"
#include "weir/units.h"

namespace weir {

struct Offer {
  std::int64_t pid = 0;
  Port port = 0;
  Mark bypass_mark;
  std::uint64_t process = 0;  // of the flows' ids

  // Of its own rules (weir run --firewall); an empty backend: it has none.
  struct OwnRules {
    std::string backend;
    std::string script;
    std::string text;
    bool has_guardian = false;  // then its pipe and its pidfd come with the offer
  };
  OwnRules firewall;

  struct Notify {
    std::string address;  // empty: there is nobody to be told
    std::int64_t watchdog_ms = 0;
  };
  Notify notify;

  struct KnownServer {
    Server::Identity identity;
    ServerHealth::Saved health;
    int weight = 0;
    Server::Told told;
  };
  std::vector<KnownServer> servers;
  struct KnownService {
    std::string name;
    std::vector<Service::Target> targets;
    Instant resolved{};
  };
  std::vector<KnownService> services;
  Resolver::Known known;
};

[[nodiscard]] std::string to_json(const Offer& offer);
// An error for what is no offer.
[[nodiscard]] Result<Offer> offer_from_json(std::string_view text);

// The servers and services as they are; and the same into another process's pool. What is returned
// holds them there until a snapshot does.
void describe_servers(ServerPool& pool, const Resolver::Known& known, Offer& out);
struct RestoredServers {
  std::vector<std::shared_ptr<Server>> servers;
  std::vector<std::shared_ptr<Service>> services;
};
[[nodiscard]] RestoredServers restore_servers(const Offer& from, ServerPool& pool);

}  // namespace weir
