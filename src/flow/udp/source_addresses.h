// Which of the router's own addresses datagrams to a destination leave from, and how large they may
// be on their path. A socket that may send to any peer is bound to no address and has no path, so
// both have to be asked of the routing table: once per destination, not once per flow.
//
// One per worker, in its Paths; its thread.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>

#include "weir/endpoint.h"
#include "weir/route.h"
#include "weir/units.h"

namespace weir {

class SourceAddresses {
 public:
  struct Path {
    Address source;         // unspecified: there is no route
    std::uint32_t mtu = 0;  // largest IP packet, in bytes; 0: unknown
  };

  // `find` asks the kernel.
  [[nodiscard]] const Path& get(const Address& destination, const void* upstream,
                                const Egress& egress, Instant now,
                                const std::function<Path()>& find) {
    const Key key{destination, upstream, egress};
    if (const auto found = known_.find(key);
        found != known_.end() && now - found->second.asked < valid_for) {
      return found->second.path;
    }
    if (known_.size() >= max) {
      known_.clear();
    }
    Known& known = known_[key];
    known = {find(), now};
    return known.path;
  }
  // The routing table has changed, or says that a path MTU is smaller than it was.
  void clear() { known_.clear(); }

 private:
  static constexpr std::size_t max = 1024;
  static constexpr std::chrono::seconds valid_for{10};
  struct Key {
    Address destination;
    const void* upstream;
    Egress egress;  // by policy rules
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return hash_of(key.destination) ^ std::hash<const void*>{}(key.upstream);
    }
  };
  struct Known {
    Path path;
    Instant asked;
  };
  std::unordered_map<Key, Known, KeyHash> known_;
};

}  // namespace weir
