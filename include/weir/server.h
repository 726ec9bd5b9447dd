// One server of an upstream: the part that stays the same across reloads and is shared by all
// workers.
//
// The main thread writes addresses (the resolver's answers); workers read them for every new flow
// without a lock. A server that a reload keeps (same upstream, same name, same host) is the same
// object before and after, so its counters and its addresses live on.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "weir/endpoint.h"

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

class Server {
 public:
  struct Identity {
    std::string upstream;
    std::string name;  // unique in its upstream
    std::string host;  // an address or a host name
    Port port = 0;     // 0: the flow's destination port
    auto operator<=>(const Identity&) const = default;
  };

  explicit Server(Identity identity);

  [[nodiscard]] const Identity& identity() const { return identity_; }
  // True when `host` is a name that the resolver has to look up.
  [[nodiscard]] bool is_named() const { return named_; }

  // Main thread only.
  void publish(const AddressSet& addresses);
  // Any thread; a consistent copy.
  [[nodiscard]] AddressSet addresses() const;

  // Live counters, shared by workers.
  std::atomic<std::uint64_t> flows_total{0};
  std::atomic<std::uint64_t> flows_active{0};
  std::atomic<std::uint64_t> failures_total{0};
  std::atomic<std::uint64_t> bytes_up{0};
  std::atomic<std::uint64_t> bytes_down{0};
  std::atomic<std::uint64_t> packets_up{0};  // datagrams
  std::atomic<std::uint64_t> packets_down{0};

 private:
  static constexpr std::size_t words = 1 + AddressSet::capacity * 3;

  Identity identity_;
  bool named_ = false;
  // A seqlock (odd while written): readers copy the words and try again if the version moved.
  std::atomic<std::uint32_t> version_{0};
  std::array<std::atomic<std::uint64_t>, words> published_{};
};

// Finds the server that an earlier configuration already had, or makes it. Main thread.
class ServerPool {
 public:
  std::shared_ptr<Server> get(const Server::Identity& identity);
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
  std::map<Server::Identity, std::weak_ptr<Server>> servers_;
};

}  // namespace weir
