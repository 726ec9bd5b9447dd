// Which of the router's own addresses datagrams to a destination leave from, and how large they may
// be on the way. A socket that may send to any peer is bound to no address and has no way, so both
// have to be asked of the routing table: once per destination, not once per flow.
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
  struct Way {
    Address source;         // unspecified: there is no way
    std::uint32_t mtu = 0;  // largest IP packet, in bytes; 0: unknown
  };

  // `find` asks the kernel.
  [[nodiscard]] const Way& get(const Address& destination, const void* upstream,
                               const weir::Way& told, Instant now,
                               const std::function<Way()>& find) {
    const Key key{destination, upstream, told};
    if (const auto found = known_.find(key);
        found != known_.end() && now - found->second.asked < valid_for) {
      return found->second.way;
    }
    if (known_.size() >= most) {
      known_.clear();
    }
    Known& known = known_[key];
    known = {find(), now};
    return known.way;
  }
  // The routing table has changed, or says that a way is narrower than it was.
  void clear() { known_.clear(); }

 private:
  static constexpr std::size_t most = 1024;
  static constexpr std::chrono::seconds valid_for{10};
  struct Key {
    Address destination;
    const void* upstream;
    weir::Way told;  // by policy rules
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return hash_of(key.destination) ^ std::hash<const void*>{}(key.upstream);
    }
  };
  struct Known {
    Way way;
    Instant asked;
  };
  std::unordered_map<Key, Known, KeyHash> known_;
};

}  // namespace weir
