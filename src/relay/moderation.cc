// The problem: a gateway that moves bulk faster than its peers send is asleep when the next segment
// comes. It is woken for each, by an interrupt from the processor on which the segment arrived: a
// tenth of that one's time, where it is a virtual one, and a turn of ours for one segment. What
// comes together is cheaper, too: datagrams of one size leave in one UDP_SEGMENT message.
//
// Rejected: looking for more instead of sleeping (busy-poll does; it costs a processor),
// SO_RCVLOWAT (what is less than that would not be told of at all), and waiting in whatever turn
// there is, while the worker is busy (nothing for requests and short connections, and a GSO sender,
// whose window is a few messages, lost a quarter of its rate).
//
// The choice: turns that moved bulk begin at least 200 µs apart, those that received datagrams 100
// µs. Other flows of the worker wait as long at most, and only beside some five gigabits or some
// 80,000 datagrams a second of a flow or two. Where a wait gathers less than that, the sender's
// window is no larger, or it just sends no faster: waiting would only make it slower, and is tried
// again after a while, which doubles until it succeeds. Datagrams count only where they leave in
// one message: those of many flows cost the same one by one, and ten clients that each wait for
// their answer would all fall into step with the worker's turns, at half the rate. What this costs:
// a sender with a fixed window of some hundred kilobytes gets one window in each 200 µs, and the
// end of a large answer comes as much later. An operator whom that hurts sets busy-poll.
//
// Large datagrams, a GSO sender's, are the exception. Such a message is a batch already, and its
// sender waits for a few of them to arrive: in a dense row of them it pays to look for the next one
// for as long as falling asleep and being woken up takes. Of such a sender it costs no more CPU
// time than sleeping; where it finds nothing more often than not, it is given up for a while, too.
#include "relay/moderation.h"

#include <algorithm>

namespace weir {
namespace {

constexpr std::chrono::microseconds bulk_delay{200};
constexpr std::chrono::microseconds datagrams_delay{100};
constexpr std::chrono::microseconds spin{20};
constexpr std::uint64_t worthwhile_bytes = std::uint64_t{128} * 1024;
constexpr std::uint64_t worthwhile_merged = 7;  // eight datagrams of one flow
constexpr int max_backoff = 4096;
constexpr int max_hits = 8;

}  // namespace

bool Moderation::Heuristic::allowed() {
  if (skip > 0) {
    --skip;
    return false;
  }
  return true;
}

void Moderation::Heuristic::failed() {
  skip = backoff;
  backoff = std::min(2 * backoff, max_backoff);
}

void Moderation::Heuristic::succeeded() { backoff = min_backoff; }

void Moderation::judge_spin(bool found) {
  hits_ = std::min(hits_ + (found ? 1 : -1), max_hits);
  if (hits_ < -max_hits) {
    hits_ = 0;
    spin_.failed();
  } else if (hits_ == max_hits) {
    spin_.succeeded();
  }
}

Moderation::Wait Moderation::after_turn(Instant began, const Work& work) {
  if (work.coalesced) {
    const bool paid = work.bulk_bytes >= worthwhile_bytes || work.merged >= worthwhile_merged;
    paid ? coalesce_.succeeded() : coalesce_.failed();
  }
  if (work.spin_hit) {
    judge_spin(*work.spin_hit);
  }
  if (work.bulk_bytes == 0 && work.datagrams == 0) {
    return {};
  }
  if (work.bulk_bytes == 0 && work.large_datagrams != 0 && work.merged < worthwhile_merged) {
    return {.spin_for = spin_.allowed() ? spin : std::chrono::microseconds(0)};
  }
  if (!coalesce_.allowed()) {
    return {};
  }
  return {.coalesce_until = began + (work.bulk_bytes != 0 ? bulk_delay : datagrams_delay)};
}

}  // namespace weir
