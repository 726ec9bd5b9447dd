#include "arrivals.h"

#include "datagram.h"

namespace load {

void Arrivals::begin() {
  if (const std::uint32_t now = ledger_.run.load(); now != run_) {
    run_ = now;
    flows_.clear();
    ledger_.received = ledger_.repeated = ledger_.acknowledged = 0;
  }
  acknowledged_ = ledger_.acknowledged.load(std::memory_order_relaxed);
  received_ = 0;
}

void Arrivals::take(std::span<const std::byte> datagram) {
  DatagramHead head;
  if (!read_datagram(datagram, head)) {
    ledger_.corrupt.fetch_add(1);
    return;
  }
  if (head.run != run_ || head.flow > 65535) return;
  if (head.flow >= flows_.size()) flows_.resize(head.flow + 1);
  Seen& seen = flows_[head.flow];
  if (head.sequence >= seen.next) {
    const std::uint64_t step = head.sequence + 1 - seen.next;
    seen.recent = step < 64 ? (seen.recent << step) | 1 : 1;
    seen.next += step;
    acknowledged_ += step;
  } else {
    const std::uint64_t age = seen.next - 1 - head.sequence;
    const std::uint64_t mark = age < 64 ? std::uint64_t{1} << age : 0;
    if (mark == 0 || (seen.recent & mark) != 0) {
      ledger_.repeated.fetch_add(1);
      return;
    }
    seen.recent |= mark;
  }
  ++received_;
}

void Arrivals::end() {
  ledger_.received.fetch_add(received_);
  ledger_.acknowledged.store(acknowledged_);
  wake_sender(ledger_);
}

}  // namespace load
