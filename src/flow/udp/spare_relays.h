// Relays that a DNS flow does not need any more, its questions being answered: the next flow that
// goes the same way to the same resolver goes on with one, instead of having another one opened,
// which costs both sides a connection and the client's question three round trips.
//
// Only DNS, where what still comes for the former flow is known by its number (OpenQuestions), and
// the client knows the answers to its own questions (RFC 5452, section 9.1). Only the same
// resolver, because not every server relays for a second target (danted 1.4.2 does not, over IPv6).
// Not for long, because the port from which the server asks has to be hard to guess (RFC 5452,
// section 9.2); for the same reason, and so that late answers have had the most time, the one that
// has been spare for longest is taken first.
//
// One per worker, in its Relays; its thread. Members belong to their owners and may go at any time,
// but this one outlives them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>

#include "base/deadlines.h"
#include "weir/route.h"

namespace weir {

class Upstream;

class SpareRelays {
 public:
  // A flow that needs the same may have it. Pointers are compared, and never followed.
  struct Kind {
    const Upstream* upstream = nullptr;      // the rule's
    const SocketOptions* options = nullptr;  // of the first hop
    const Server* server = nullptr;
    const Server* dialled = nullptr;  // of a chain
    std::uint8_t generation = 0;      // LoopGuard's
    Target target;
    friend bool operator==(const Kind&, const Kind&) = default;
  };

  class Member : private Deadlines::Entry {
   public:
    Member() = default;
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

    [[nodiscard]] bool is_spare() const { return among_ != nullptr; }
    [[nodiscard]] bool is_resting() const { return rests_; }
    // Other flows may have it. REQUIRES: it is not spare.
    void join(SpareRelays& all, const Kind& kind);
    // No flow uses it meanwhile; it is told when none has taken it until then.
    // REQUIRES: it is spare, and does not rest yet.
    void rest(Instant until, Instant now);
    // Taken, or no longer to be had. Does nothing where it was not spare.
    void leave();

   protected:
    ~Member() { leave(); }
    // No flow took it in time; it has left.
    virtual void on_rested() = 0;

   private:
    void on_deadline(Instant now) final;

    SpareRelays* among_ = nullptr;
    const Kind* kind_ = nullptr;  // its row's
    std::list<Member*>::iterator in_row_;
    bool rests_ = false;
    std::list<Member*>::iterator in_resting_;  // then
  };

  explicit SpareRelays(Deadlines& deadlines) : deadlines_(deadlines) {}
  SpareRelays(const SpareRelays&) = delete;
  SpareRelays& operator=(const SpareRelays&) = delete;

  // The one that has been spare for longest; null: there is none.
  [[nodiscard]] Member* find(const Kind& kind) const;
  // The one that has rested for longest; null: none rests.
  [[nodiscard]] Member* longest_resting() const;
  [[nodiscard]] std::size_t resting() const { return resting_.size(); }

 private:
  struct KindHash {
    std::size_t operator()(const Kind& kind) const;
  };

  Deadlines& deadlines_;
  // The newest last; no row is empty.
  std::unordered_map<Kind, std::list<Member*>, KindHash> rows_;
  std::list<Member*> resting_;
};

}  // namespace weir
