#include "flow/udp/lingering.h"

#include <algorithm>

#include "flow/udp/datagram_run.h"

namespace weir {

// The flow lacks answers, or is no DNS flow: it does not end early, and its relay is its own.
void Lingering::wait_again(UdpFlow& flow) {
  answered_.remove(flow);
  Relays::withdraw(*flow.socket);
}

// Keeps what tells whether these are still the flow's queries, and all of them.
void Lingering::learn(UdpFlow& flow, const Queries& queries) {
  flow.marks.is_foreign = queries.is_foreign();
  flow.marks.is_track_lost = flow.marks.is_track_lost || queries.is_track_lost();
  if (flow.marks.is_foreign || queries.none()) {
    queries_.erase(&flow);
  }
}

void Lingering::asked(UdpFlow& flow, std::span<const std::uint8_t> payload, std::uint16_t segment) {
  if (flow.marks.is_foreign) {
    return;
  }
  Queries& queries = queries_[&flow];
  each_datagram(payload, segment, [&](auto datagram) { queries.asked(datagram); });
  learn(flow, queries);
  wait_again(flow);
}

// A DNS flow whose queries are answered ends soon.
void Lingering::answered(UdpFlow& flow, std::span<const std::uint8_t> payload,
                         std::uint16_t segment) {
  if (flow.marks.is_foreign) {
    return;
  }
  const auto open = queries_.find(&flow);
  Queries none;
  Queries& queries = open != queries_.end() ? open->second : none;
  each_datagram(payload, segment, [&](auto datagram) {
    static_cast<void>(queries.answered(datagram));  // a repeated answer is one, too
  });
  const bool is_answered = queries.none() && !queries.is_foreign() && !flow.marks.is_track_lost;
  learn(flow, queries);
  wait_again(flow);
  if (!is_answered) {
    return;
  }
  answered_.add(flow);
  relays_.offer(*flow.socket);
  max_ = std::min(max_, admission_.max_done(*flow.core.rule, flow.core.snapshot->limits()));
  flow.last_activity = now_;
  flows_.arm(flow);
}

void Lingering::forget(UdpFlow& flow) {
  answered_.remove(flow);
  if (flow.is_dns()) {
    queries_.erase(&flow);
  }
}

void Lingering::end_turn() {
  constexpr int max_in_a_turn = 256;
  const bool scarce = admission_.udp_sockets_are_scarce();
  if (scarce) {
    relays_.release_parked();
  }
  for (int i = 0; i < max_in_a_turn && answered_.size() > (scarce ? 0 : max_); ++i) {
    owner_.end(answered_.oldest(), End::closed, {});
  }
  max_ = UINT64_MAX;
}

Lingering::Queries::Kept Lingering::kept(const UdpFlow& flow) const {
  const auto open = queries_.find(&flow);
  return open != queries_.end() ? open->second.kept() : Queries::Kept{};
}

void Lingering::restore(UdpFlow& flow, const Queries::Kept& kept, bool is_answered) {
  const auto queries = Queries::restored(kept);
  if (flow.is_dns() && !queries.none()) {
    queries_.emplace(&flow, queries);
  }
  if (is_answered) {
    answered_.add(flow);
  }
}

}  // namespace weir
