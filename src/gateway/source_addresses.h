// Which of the router's own addresses datagrams to a destination leave from. A socket that may send
// to anyone is bound to no address, so the record has to ask the routing table: once per
// destination, not once per flow.
//
// One per worker.
#pragma once

#include <functional>
#include <unordered_map>

#include "weir/endpoint.h"
#include "weir/units.h"

namespace weir {

class SourceAddresses {
 public:
  // `find` asks the kernel.
  [[nodiscard]] Address get(const Address& destination, const void* upstream, Instant now,
                            const std::function<Address()>& find) {
    const Key key{destination, upstream};
    if (const auto found = known_.find(key);
        found != known_.end() && now - found->second.asked < valid_for) {
      return found->second.address;
    }
    if (known_.size() >= most) {
      known_.clear();
    }
    const Address address = find();
    known_[key] = {address, now};
    return address;
  }

 private:
  static constexpr std::size_t most = 1024;
  static constexpr std::chrono::seconds valid_for{10};
  struct Key {
    Address destination;
    const void* upstream;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return hash_of(key.destination) ^ std::hash<const void*>{}(key.upstream);
    }
  };
  struct Known {
    Address address;
    Instant asked;
  };
  std::unordered_map<Key, Known, KeyHash> known_;
};

}  // namespace weir
