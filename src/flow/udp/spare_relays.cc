#include "flow/udp/spare_relays.h"

#include <cassert>
#include <functional>
#include <string>

namespace weir {

std::size_t SpareRelays::KindHash::operator()(const Kind& kind) const {
  constexpr std::size_t factor = 0x9e3779b97f4a7c15U;
  std::size_t out = hash_of(kind.target.endpoint);
  out = (out * factor) ^ std::hash<std::string>{}(kind.target.host);
  for (const void* part :
       {static_cast<const void*>(kind.upstream), static_cast<const void*>(kind.options),
        static_cast<const void*>(kind.server), static_cast<const void*>(kind.dialled)}) {
    out = (out * factor) ^ std::hash<const void*>{}(part);
  }
  return out ^ kind.generation;
}

void SpareRelays::add(Member& relay, const Kind& kind) {
  assert(!relay.is_spare() && "a relay is spare twice");
  auto& [of_row, row] = *rows_.try_emplace(kind).first;
  relay.among_ = this;
  relay.kind_ = &of_row;
  relay.in_row_ = row.insert(row.end(), &relay);
}

void SpareRelays::rest(Member& relay, Instant until, Instant now) {
  assert(relay.is_spare() && !relay.is_resting() && "only a spare relay rests, and once");
  relay.rests_ = true;
  relay.in_resting_ = resting_.insert(resting_.end(), &relay);
  deadlines_.set(relay, until, now);
}

SpareRelays::Member* SpareRelays::find(const Kind& kind) const {
  const auto row = rows_.find(kind);
  return row != rows_.end() ? row->second.front() : nullptr;
}

SpareRelays::Member* SpareRelays::longest_resting() const {
  return resting_.empty() ? nullptr : resting_.front();
}

void SpareRelays::Member::leave() {
  if (!is_spare()) {
    return;
  }
  if (rests_) {
    among_->deadlines_.cancel(*this);
    among_->resting_.erase(in_resting_);
    rests_ = false;
  }
  const auto row = among_->rows_.find(*kind_);
  row->second.erase(in_row_);
  if (row->second.empty()) {
    among_->rows_.erase(row);
  }
  among_ = nullptr;
}

void SpareRelays::Member::on_deadline(Instant) {
  leave();
  on_rested();
}

}  // namespace weir
