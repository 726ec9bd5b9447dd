// The sockets that answer clients: one unconnected transparent socket per original destination,
// shared by all clients that talk to it, so that a reply leaves from exactly the address the client
// sent to.
//
// Never a connected socket per client: thousands of those on one destination are a linear search
// for every packet. Least recently used ones are closed beyond a bound. Where the destination
// cannot be bound (another program holds 0.0.0.0:53, or the destination is the router itself) the
// answer is "raw", and is remembered for a while.
//
// One per worker, in its Replier; its thread.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <unordered_map>

#include "base/descriptor.h"
#include "base/socket_calls.h"
#include "weir/endpoint.h"
#include "weir/units.h"

namespace weir {

class ReplySockets {
 public:
  static constexpr int raw = -1;
  static constexpr std::chrono::seconds raw_for{60};

  // `on_raw` hears of every destination that has to be answered raw, and why (errno).
  ReplySockets(std::size_t max, std::function<void(const Endpoint&, int code)> on_raw,
               const SocketCalls& calls = kernel_calls);

  // A socket that sends from `destination`, or `raw`. Valid until the next call.
  [[nodiscard]] int get(const Endpoint& destination, Instant now);

  [[nodiscard]] std::size_t size() const { return by_use_.size(); }
  // Addresses changed: forgets which destinations have to be answered raw, and closes the sockets
  // of those that are the router's own now: they would take the datagrams of the router's programs.
  void forget(const std::function<bool(const Address&)>& is_own);
  // Closes all.
  void clear() {
    by_destination_.clear();
    by_use_.clear();
  }

  // No descriptors or memory: nothing that speaks of the destination.
  [[nodiscard]] static bool is_shortage(int code);

 private:
  struct Entry {
    Endpoint destination;
    Descriptor socket;
    Instant opened;
  };

  // The socket, or invalid and errno.
  [[nodiscard]] Descriptor open(const Endpoint& destination) const;

  const SocketCalls& calls_;
  std::size_t max_;
  std::function<void(const Endpoint&, int)> on_raw_;
  std::list<Entry> by_use_;  // most recently used first
  std::unordered_map<Endpoint, std::list<Entry>::iterator, EndpointHash> by_destination_;
};

}  // namespace weir
