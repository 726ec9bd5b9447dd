#include "admin/request_budget.h"

#include <algorithm>
#include <chrono>

#include "base/prefix.h"

namespace weir {
namespace {

constexpr Milliseconds for_one{1'000 / RequestBudget::per_second};
constexpr Milliseconds for_all = for_one * RequestBudget::burst;

// What a bucket still owes.
Milliseconds left(Milliseconds owed, Instant at, Instant now) {
  const auto passed = std::chrono::floor<Milliseconds>(now - at);
  return std::max(owed - passed, Milliseconds{0});
}

}  // namespace

bool RequestBudget::take(Bucket& bucket, std::int64_t cost, Instant now) {
  const Milliseconds owed = left(bucket.owed, bucket.at, now);
  const Milliseconds price = for_one * std::clamp<std::int64_t>(cost, 1, burst);
  const bool may = owed + price <= for_all;
  if (may) {
    bucket = {.owed = owed + price, .at = now};
  }
  return may;
}

void RequestBudget::forget_the_idle(Instant now) {
  std::erase_if(buckets_, [&](const auto& entry) {
    return left(entry.second.owed, entry.second.at, now) == Milliseconds{0};
  });
}

bool RequestBudget::take(const Address& from, std::int64_t cost, Instant now) {
  constexpr std::uint8_t site = 64;
  const Address client = from.is_v4() ? from : network_of(from, site);
  const auto known = buckets_.find(client);
  if (known != buckets_.end()) {
    return take(known->second, cost, now);
  }
  if (buckets_.size() >= max_addresses) {
    forget_the_idle(now);
  }
  if (buckets_.size() >= max_addresses) {
    return take(others_, cost, now);
  }
  return take(buckets_[client], cost, now);
}

}  // namespace weir
