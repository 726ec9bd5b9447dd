// The clients of one worker's flows: how many flows each has, and which UDP flow gives way where a
// limit is reached: the client's own that has been idle for longest, or one of the client that has
// most.
//
// Adding, taking out and finding cost the same however many there are, and a datagram costs
// nothing. The price is in two places. Flows are in no order: a search for an idle one looks at a
// few, the next ones at the next time. And clients are ranked by the first five binary digits of
// their count: of two that differ by less than one part in sixteen, either may be "the one with
// most".
//
// One per worker; its thread. Flows belong to their owner, who takes them out
// before they go.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "weir/units.h"

namespace weir {

class Clients {
 public:
  using Id = std::uint32_t;
  // What a UDP flow has of it: its place in a list.
  struct Seat {
    std::uint32_t index = 0;
  };
  enum class Kind : std::uint8_t { unanswered, answered };

  // One flow more, and one less, of the client with that key (client_key()). A client that has none
  // is forgotten.
  Id take(std::uint64_t key);
  void drop(Id client);
  [[nodiscard]] std::uint64_t key_of(Id client) const { return all_[client]->key; }
  [[nodiscard]] std::optional<Id> find(std::uint64_t key) const;

  // UDP flows, besides.
  void add(Id client, Seat& flow, Kind kind);
  void remove(Id client, Seat& flow, Kind kind);
  [[nodiscard]] std::size_t count(Id client) const { return all_[client]->size(); }

  // The flow of that client that has been idle for longest; null: it has none. `since` tells of a
  // flow since when nothing has moved in it.
  template <typename Since>
  [[nodiscard]] Seat* idlest_of(Id client, const Since& since) {
    Seat* one = idlest(all_[client]->of(Kind::unanswered), since);
    Seat* other = idlest(all_[client]->of(Kind::answered), since);
    if (one == nullptr || other == nullptr) {
      return one != nullptr ? one : other;
    }
    return since(*other) < since(*one) ? other : one;
  }

  // Of the client that has most: a flow that was never answered, an old one, else one in which
  // nothing has moved since `before`; null: it has neither.
  template <typename Since>
  [[nodiscard]] Seat* spare_of_most(Instant before, const Since& since) {
    Client* max = with_most();
    if (max == nullptr) {
      return nullptr;
    }
    if (Seat* unanswered = idlest(max->of(Kind::unanswered), since)) {
      return unanswered;
    }
    Seat* one = idlest(max->of(Kind::answered), since);
    return one != nullptr && since(*one) < before ? one : nullptr;
  }

 private:
  static constexpr std::size_t looked_at = 8;
  static constexpr unsigned digits = 5;  // of a count
  static constexpr std::size_t ranks = std::size_t{16} * (64 - digits + 2);

  struct List {
    std::vector<Seat*> flows;
    std::size_t next = 0;  // to be looked at
  };
  struct Client {
    std::uint64_t key = 0;
    std::uint64_t uses = 0;  // flows, TCP too
    std::array<List, 2> lists;
    Client* above = nullptr;  // of its rank
    Client* below = nullptr;

    [[nodiscard]] List& of(Kind kind) { return lists[static_cast<std::size_t>(kind)]; }
    [[nodiscard]] std::size_t size() const { return lists[0].flows.size() + lists[1].flows.size(); }
  };

  // The longest idle of the next few; null: there are none.
  template <typename Since>
  [[nodiscard]] static Seat* idlest(List& list, const Since& since) {
    Seat* found = nullptr;
    const std::size_t size = list.flows.size();
    for (std::size_t i = 0; i < std::min(looked_at, size); ++i) {
      list.next = list.next + 1 < size ? list.next + 1 : 0;
      Seat* flow = list.flows[list.next];
      found = found == nullptr || since(*flow) < since(*found) ? flow : found;
    }
    return found;
  }

  [[nodiscard]] static std::size_t rank_of(std::size_t count) {
    const auto width = static_cast<unsigned>(std::bit_width(count));
    if (width < digits) {
      return count;
    }
    const unsigned shift = width - digits;
    return std::size_t{16} * shift + (count >> shift);
  }

  [[nodiscard]] Client* with_most() const;
  void rank_anew(Client& client, std::size_t before);

  std::vector<std::unique_ptr<Client>> all_;  // by their ids; null: a free one
  std::vector<Id> free_;
  std::unordered_map<std::uint64_t, Id> by_key_;
  std::array<Client*, ranks> by_rank_{};
  std::size_t highest_ = 0;  // at least as high as any that has a client
};

}  // namespace weir
