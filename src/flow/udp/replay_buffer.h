// Datagrams that may have to be sent once more: the one that opened a flow to a server of a pool,
// and a query on a DNS flow that was quiet. When the server turns out to be gone (an ICMP error)
// before it has answered, the flow goes to another server and the datagram with it.
//
// A ring of so many, the oldest overwritten: an ICMP error comes as fast as an answer would, and
// what is not kept any more is not sent again. Nothing has to be taken out: an entry counts while
// its flow has had no answer since.
//
// One per worker, in its Failover; its thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "weir/server.h"

namespace weir {

class ReplayBuffer {
 public:
  static constexpr std::size_t max = 512;
  static constexpr std::size_t largest = 1500;  // bytes; others are sent once

  struct Entry {
    std::uint64_t flow = UINT64_MAX;  // FlowCore's sequence
    std::uint64_t answers = 0;        // that the flow had had
    std::vector<std::uint8_t> payload;
    std::vector<std::shared_ptr<Server>> tried;  // only to be compared: no share of its load
  };

  void keep(std::uint64_t flow, std::uint64_t answers, std::span<const std::uint8_t> payload);
  // Null: it is not kept, or there was an answer since.
  [[nodiscard]] Entry* find(std::uint64_t flow, std::uint64_t answers);

 private:
  std::vector<Entry> ring_;  // grows to `max`
  std::size_t newest_ = 0;
};

}  // namespace weir
