// Relays that a DNS flow does not need any more, its queries being answered: the next flow that
// goes by the same route to the same resolver goes on with one, instead of having another one
// opened, which costs both sides a connection and the client's query three round trips.
//
// Only DNS, where what still comes for the former flow is known by its number (PendingQueries), and
// the client knows the answers to its own queries (RFC 5452, section 9.1). Only the same resolver,
// because not every server relays for a second target (danted 1.4.2 does not, over IPv6). Not for
// long, because the port from which the server asks has to be hard to guess (RFC 5452, section
// 9.2); for the same reason, and so that late answers have had the most time, the one that has been
// in the pool for longest is taken first.
//
// One per worker, in its Relays; its thread. Members belong to their owners and may go at any time,
// but this one outlives them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>

#include "base/timer_wheel.h"
#include "weir/route.h"

namespace weir {

class Upstream;

class RelayPool {
 public:
  // A flow that needs the same may have it. Pointers are compared, and never followed.
  struct Key {
    const Upstream* upstream = nullptr;      // the rule's
    const SocketOptions* options = nullptr;  // of the first hop
    const Server* server = nullptr;
    const Server* first_hop = nullptr;  // of a chain
    std::uint8_t generation = 0;        // LoopGuard's
    Target target;
    friend bool operator==(const Key&, const Key&) = default;
  };

  class Member : private TimerWheel::Entry {
   public:
    Member() = default;
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

    [[nodiscard]] bool is_available() const { return pool_ != nullptr; }
    [[nodiscard]] bool is_parked() const { return parked_; }
    // Other flows may have it. REQUIRES: it is not in the pool.
    void join(RelayPool& all, const Key& key);
    // No flow uses it meanwhile; on_expired() is called when none has taken it until then.
    // REQUIRES: it is in the pool, and not parked yet.
    void park(Instant until, Instant now);
    // Taken, or no longer to be had. Does nothing where it was not in the pool.
    void leave();

   protected:
    ~Member() { leave(); }
    // No flow took it in time; it has left.
    virtual void on_expired() = 0;

   private:
    void on_deadline(Instant now) final;

    RelayPool* pool_ = nullptr;
    const Key* key_ = nullptr;  // its list's
    std::list<Member*>::iterator in_list_;
    bool parked_ = false;
    std::list<Member*>::iterator in_parked_;  // then
  };

  explicit RelayPool(TimerWheel& timers) : timers_(timers) {}
  RelayPool(const RelayPool&) = delete;
  RelayPool& operator=(const RelayPool&) = delete;

  // The one that has been in the pool for longest; null: there is none.
  [[nodiscard]] Member* find(const Key& key) const;
  // The one that has been parked for longest; null: none is.
  [[nodiscard]] Member* longest_parked() const;
  [[nodiscard]] std::size_t parked() const { return parked_.size(); }

 private:
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };

  TimerWheel& timers_;
  // The newest last; no list is empty.
  std::unordered_map<Key, std::list<Member*>, KeyHash> by_key_;
  std::list<Member*> parked_;
};

}  // namespace weir
