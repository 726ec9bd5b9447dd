// What became of datagrams, as the queue told of each sender.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "relay/datagram_queue.h"

namespace weir {

struct Ledger final : DatagramQueue::Sender {
  int reports = 0;
  std::uint64_t sent = 0;
  std::uint64_t bytes = 0;
  std::uint64_t lost = 0;
  std::vector<int> errors;
};

// A queue all of whose senders are ledgers.
class BookedQueue final : private DatagramQueue::Owner, public DatagramQueue {
 public:
  BookedQueue() : DatagramQueue(static_cast<DatagramQueue::Owner&>(*this)) {}

 private:
  void on_sent(Sender& sender, std::uint64_t count, std::uint64_t size) override {
    auto& ledger = static_cast<Ledger&>(sender);
    ++ledger.reports;
    ledger.sent += count;
    ledger.bytes += size;
  }
  void on_not_sent(Sender& sender, std::uint64_t count, int code) override {
    auto& ledger = static_cast<Ledger&>(sender);
    ledger.lost += count;
    ledger.errors.push_back(code);
  }
};

inline std::span<const std::uint8_t> bytes(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace weir
