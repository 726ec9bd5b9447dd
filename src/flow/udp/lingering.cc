#include "flow/udp/lingering.h"

#include <algorithm>

namespace weir {
namespace {

// Calls `visit` for every datagram of a run; `segment` 0: it is one.
template <typename F>
void each_datagram(std::span<const std::uint8_t> payload, std::uint16_t segment, F visit) {
  const std::size_t step = segment != 0 ? segment : std::max<std::size_t>(payload.size(), 1);
  std::size_t offset = 0;
  do {
    visit(payload.subspan(offset, std::min(step, payload.size() - offset)));
    offset += step;
  } while (offset < payload.size());
}

}  // namespace

// The flow lacks answers, or is no DNS flow: it does not end early, and its relay is its own.
void Lingering::wait_again(UdpFlow& flow) {
  answered_.remove(flow);
  Relays::withdraw(*flow.socket);
}

// Keeps what tells whether these are still the flow's questions, and all of them.
void Lingering::learn(UdpFlow& flow, const Questions& questions) {
  flow.marks.is_foreign = questions.is_foreign();
  flow.marks.is_track_lost = flow.marks.is_track_lost || questions.is_track_lost();
  if (flow.marks.is_foreign || questions.none()) {
    questions_.erase(&flow);
  }
}

void Lingering::asked(UdpFlow& flow, std::span<const std::uint8_t> payload, std::uint16_t segment) {
  if (flow.marks.is_foreign) {
    return;
  }
  Questions& questions = questions_[&flow];
  each_datagram(payload, segment, [&](auto datagram) { questions.asked(datagram); });
  learn(flow, questions);
  wait_again(flow);
}

// A DNS flow whose questions are answered ends soon.
void Lingering::answered(UdpFlow& flow, std::span<const std::uint8_t> payload,
                         std::uint16_t segment) {
  if (flow.marks.is_foreign) {
    return;
  }
  const auto open = questions_.find(&flow);
  Questions none;
  Questions& questions = open != questions_.end() ? open->second : none;
  each_datagram(payload, segment, [&](auto datagram) {
    static_cast<void>(questions.answered(datagram));  // a repeated answer is one, too
  });
  const bool is_answered = questions.none() && !questions.is_foreign() && !flow.marks.is_track_lost;
  learn(flow, questions);
  wait_again(flow);
  if (!is_answered) {
    return;
  }
  answered_.add(flow);
  relays_.offer(*flow.socket);
  most_ = std::min(most_, admission_.most_done(*flow.core.rule, flow.core.snapshot->limits()));
  flow.last_activity = now_;
  flows_.arm(flow);
}

void Lingering::forget(UdpFlow& flow) {
  answered_.remove(flow);
  if (flow.is_dns()) {
    questions_.erase(&flow);
  }
}

void Lingering::end_turn() {
  constexpr int most_in_a_turn = 256;
  const bool scarce = admission_.udp_sockets_are_scarce();
  if (scarce) {
    relays_.release_resting();
  }
  for (int i = 0; i < most_in_a_turn && answered_.size() > (scarce ? 0 : most_); ++i) {
    owner_.end(answered_.oldest(), End::closed, {});
  }
  most_ = UINT64_MAX;
}

Lingering::Questions::Kept Lingering::kept(const UdpFlow& flow) const {
  const auto open = questions_.find(&flow);
  return open != questions_.end() ? open->second.kept() : Questions::Kept{};
}

void Lingering::restore(UdpFlow& flow, const Questions::Kept& kept, bool is_answered) {
  const auto questions = Questions::restored(kept);
  if (flow.is_dns() && !questions.none()) {
    questions_.emplace(&flow, questions);
  }
  if (is_answered) {
    answered_.add(flow);
  }
}

}  // namespace weir
