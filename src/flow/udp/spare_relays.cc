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

SpareRelays::Member* SpareRelays::find(const Kind& kind) const {
  const auto row = rows_.find(kind);
  return row != rows_.end() ? row->second.front() : nullptr;
}

SpareRelays::Member* SpareRelays::longest_resting() const {
  return resting_.empty() ? nullptr : resting_.front();
}

void SpareRelays::Member::join(SpareRelays& all, const Kind& kind) {
  assert(!is_spare() && "a relay is spare twice");
  auto& [of_row, row] = *all.rows_.try_emplace(kind).first;
  among_ = &all;
  kind_ = &of_row;
  in_row_ = row.insert(row.end(), this);
}

void SpareRelays::Member::rest(Instant until, Instant now) {
  assert(is_spare() && !is_resting() && "only a spare relay rests, and once");
  rests_ = true;
  in_resting_ = among_->resting_.insert(among_->resting_.end(), this);
  among_->deadlines_.set(*this, until, now);
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
