#include "flow/clients.h"

#include <cassert>
#include <utility>

namespace weir {

Clients::Id Clients::take(std::uint64_t key) {
  const auto [at, is_new] = by_key_.try_emplace(key, Id{0});
  if (is_new) {
    if (free_.empty()) {
      free_.push_back(static_cast<Id>(all_.size()));
      all_.emplace_back();
    }
    at->second = free_.back();
    free_.pop_back();
    all_[at->second] = std::make_unique<Client>();
    all_[at->second]->key = key;
  }
  ++all_[at->second]->uses;
  return at->second;
}

void Clients::drop(Id client) {
  Client& mine = *all_[client];
  if (--mine.uses == 0) {
    assert(mine.size() == 0 && "a client goes before its flows");
    by_key_.erase(mine.key);
    all_[client].reset();
    free_.push_back(client);
  }
}

std::optional<Clients::Id> Clients::find(std::uint64_t key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? std::nullopt : std::optional(found->second);
}

void Clients::add(Id client, Seat& flow, Kind kind) {
  Client& mine = *all_[client];
  const std::size_t before = mine.size();
  auto& flows = mine.of(kind).flows;
  flow.index = static_cast<std::uint32_t>(flows.size());
  flows.push_back(&flow);
  rank_anew(mine, before);
}

void Clients::remove(Id client, Seat& flow, Kind kind) {
  Client& mine = *all_[client];
  const std::size_t before = mine.size();
  auto& flows = mine.of(kind).flows;
  assert(flows[flow.index] == &flow && "a flow in another's place");
  flows[flow.index] = flows.back();
  flows[flow.index]->index = flow.index;
  flows.pop_back();
  rank_anew(mine, before);
}

Clients::Client* Clients::with_most() const {
  for (std::size_t rank = highest_; rank > 0; --rank) {
    if (by_rank_[rank] != nullptr) {
      return by_rank_[rank];
    }
  }
  return nullptr;
}

void Clients::rank_anew(Client& client, std::size_t count_before) {
  const std::size_t before = rank_of(count_before);
  const std::size_t after = rank_of(client.size());
  if (before == after) {
    return;
  }
  if (before != 0) {
    (client.above != nullptr ? client.above->below : by_rank_[before]) = client.below;
    if (client.below != nullptr) {
      client.below->above = client.above;
    }
  }
  client.above = nullptr;
  client.below = nullptr;
  if (after != 0) {
    client.below = std::exchange(by_rank_[after], &client);
    if (client.below != nullptr) {
      client.below->above = &client;
    }
  }
  highest_ = std::max(highest_, after);
  while (highest_ > 0 && by_rank_[highest_] == nullptr) {
    --highest_;
  }
}

}  // namespace weir
