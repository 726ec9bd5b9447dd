// One server of an upstream: the part that stays the same across reloads and is shared by all
// workers.
//
// The main thread writes addresses (the resolver's answers); workers read them for every new flow
// without a lock. A server that a reload keeps (same upstream, same name, same host) is the same
// object before and after, so its counters, its addresses and its health live on.
//
// Shared by the pools that list it and the flows that use it; goes with the last of them. The
// gateway's ServerPool is InForce's, on the main thread, and keeps none alive.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "weir/endpoint.h"
#include "weir/server_addresses.h"
#include "weir/server_health.h"
#include "weir/service.h"

namespace weir {

// The addresses of one server, at most `capacity` of them; further ones are of no use to one flow.
class AddressSet {
 public:
  static constexpr std::size_t capacity = 16;
  void add(const Address& address);
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] const Address& operator[](std::size_t i) const { return addresses_[i]; }

 private:
  std::array<Address, capacity> addresses_{};
  std::uint32_t size_ = 0;
};

class ServerCounts;

class Server {
 public:
  struct Identity {
    std::string upstream;
    std::string name;  // unique in its upstream
    std::string host;  // an address or a host name
    Port port = 0;     // 0: the flow's destination port
    auto operator<=>(const Identity&) const = default;
  };

  // `known`: where its addresses are made known; null: nowhere. `workers`: how many count its
  // flows.
  explicit Server(Identity identity, std::shared_ptr<ServerAddresses> known = nullptr,
                  std::size_t workers = 1);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] const Identity& identity() const { return identity_; }
  // True when `host` is a name that the resolver has to look up.
  [[nodiscard]] bool is_named() const { return named_; }

  // Main thread only.
  void publish(const AddressSet& addresses);
  // Any thread; a consistent copy.
  [[nodiscard]] AddressSet addresses() const;
  [[nodiscard]] bool has(const Address& address) const;

  // What flows met here, for ejection and the counters. `code` is the errno of what failed; what
  // fails on this machine alone (no descriptors left, a source address that cannot be bound) does
  // not count against the server.
  void note_failure(Instant now, int code = 0);
  void note_success(Instant now) { health.note_success(now); }
  // It failed a flow for what the flow asked of it; see ServerHealth.
  ServerHealth::Doubt note_doubt(Instant now, std::uint64_t target);
  // Whether a system call that failed so speaks against this machine, not against the server.
  [[nodiscard]] static bool is_our_own(int code);

  // The same server, counted in that worker's load while a holder of the returned pointer lives;
  // null when `max` flows (0: any number) have taken it already.
  static std::shared_ptr<Server> take(const std::shared_ptr<Server>& server, std::size_t worker,
                                      std::uint64_t max);

  ServerHealth health;
  // The operator's weight instead of the configuration's; 0: none.
  std::atomic<int> weight_override{0};
  // What the configuration in force says. Main thread. 0: none was in force yet.
  int weight_in_file = 0;

  // What operators see of it. Main thread.
  struct Status {
    std::string why;                                      // of its state; empty while it is up
    std::string check;                                    // why the last check failed, if it did
    Instant since{};                                      // of its state; never changed: the epoch
    ServerHealth::State state = ServerHealth::State::up;  // last seen
    std::int64_t check_us = -1;  // how long the last check took; -1: none yet
    Instant resolved{};          // when its name was last answered
  };
  Status status;

  // Its flows, as workers count them (base/server_counts.h).
  [[nodiscard]] ServerCounts& counts() const { return *counts_; }
  // Of flows and of checks; rare, and so shared by all.
  std::atomic<std::uint64_t> failures_total{0};

 private:
  static constexpr std::size_t words = 1 + AddressSet::capacity * 3;

  Identity identity_;
  std::shared_ptr<ServerAddresses> known_;
  std::unique_ptr<ServerCounts> counts_;
  bool named_ = false;
  // A seqlock (odd while written): readers copy the words and try again if the version moved.
  std::atomic<std::uint32_t> version_{0};
  std::array<std::atomic<std::uint64_t>, words> published_{};
};

// Finds the server that an earlier configuration already had, or makes it. Main thread.
class ServerPool {
 public:
  using Clock = std::function<Instant()>;
  // `workers`: how many count the servers' flows. The clock is that of ejection and slow start;
  // without one, the monotonic clock.
  explicit ServerPool(Clock clock = {}, std::size_t workers = 1);
  [[nodiscard]] const Clock& clock() const { return clock_; }
  // Of all its servers.
  [[nodiscard]] std::shared_ptr<const ServerAddresses> addresses() const { return addresses_; }

  std::shared_ptr<Server> get(const Server::Identity& identity);
  std::shared_ptr<Service> service(const std::string& name);
  // Calls `visit` for every server that some configuration still holds, and forgets the others.
  template <typename F>
  void each(F visit) {
    for (auto it = servers_.begin(); it != servers_.end();) {
      if (auto server = it->second.lock()) {
        visit(server);
        ++it;
      } else {
        it = servers_.erase(it);
      }
    }
  }

 private:
  Clock clock_;
  std::size_t workers_;
  std::shared_ptr<ServerAddresses> addresses_ = std::make_shared<ServerAddresses>();
  std::map<Server::Identity, std::weak_ptr<Server>> servers_;
  std::map<std::string, std::weak_ptr<Service>> services_;
};

}  // namespace weir
