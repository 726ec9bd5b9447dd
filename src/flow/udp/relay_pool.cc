#include "flow/udp/relay_pool.h"

#include <cassert>
#include <functional>
#include <string>

namespace weir {

std::size_t RelayPool::KeyHash::operator()(const Key& key) const {
  constexpr std::size_t factor = 0x9e3779b97f4a7c15U;
  std::size_t out = hash_of(key.target.endpoint);
  out = (out * factor) ^ std::hash<std::string>{}(key.target.host);
  for (const void* part :
       {static_cast<const void*>(key.upstream), static_cast<const void*>(key.options),
        static_cast<const void*>(key.server), static_cast<const void*>(key.first_hop)}) {
    out = (out * factor) ^ std::hash<const void*>{}(part);
  }
  return out ^ key.generation;
}

RelayPool::Member* RelayPool::find(const Key& key) const {
  const auto list = by_key_.find(key);
  return list != by_key_.end() ? list->second.front() : nullptr;
}

RelayPool::Member* RelayPool::longest_parked() const {
  return parked_.empty() ? nullptr : parked_.front();
}

void RelayPool::Member::join(RelayPool& all, const Key& key) {
  assert(!is_available() && "a relay is in the pool twice");
  auto& [of_key, list] = *all.by_key_.try_emplace(key).first;
  pool_ = &all;
  key_ = &of_key;
  in_list_ = list.insert(list.end(), this);
}

void RelayPool::Member::park(Instant until, Instant now) {
  assert(is_available() && !is_parked() && "only a relay of the pool is parked, and once");
  parked_ = true;
  in_parked_ = pool_->parked_.insert(pool_->parked_.end(), this);
  pool_->timers_.set(*this, until, now);
}

void RelayPool::Member::leave() {
  if (!is_available()) {
    return;
  }
  if (parked_) {
    pool_->timers_.cancel(*this);
    pool_->parked_.erase(in_parked_);
    parked_ = false;
  }
  const auto list = pool_->by_key_.find(*key_);
  list->second.erase(in_list_);
  if (list->second.empty()) {
    pool_->by_key_.erase(list);
  }
  pool_ = nullptr;
}

void RelayPool::Member::on_deadline(Instant) {
  leave();
  on_expired();
}

}  // namespace weir
