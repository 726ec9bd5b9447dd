// How much each address may ask of a read-only listener: a token bucket for each, where an IPv6
// address stands for its /64, and one shared by all addresses that the table has no room for.
//
// One in each HttpListener. Main thread; time is handed in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "weir/endpoint.h"
#include "weir/units.h"

namespace weir {

class RequestBudget {
 public:
  static constexpr std::int64_t burst = 200;
  static constexpr std::int64_t per_second = 20;
  static constexpr std::size_t max_addresses = 4'096;

  // Whether `from` may have something of that cost now.
  [[nodiscard]] bool take(const Address& from, std::int64_t cost, Instant now);

 private:
  struct Bucket {
    Milliseconds owed{0};  // until it is full again, at `at`
    Instant at{};
  };

  [[nodiscard]] static bool take(Bucket& bucket, std::int64_t cost, Instant now);
  void forget_the_idle(Instant now);

  std::unordered_map<Address, Bucket, AddressHash> buckets_;
  Bucket others_;
};

}  // namespace weir
