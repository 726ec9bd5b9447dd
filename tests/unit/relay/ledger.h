// What became of datagrams, as the queue told their sender.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "relay/datagram_queue.h"

namespace weir {

struct Ledger final : DatagramQueue::Sender {
  void on_sent(std::uint64_t count, std::uint64_t size) override {
    ++reports;
    sent += count;
    bytes += size;
  }
  void on_not_sent(std::uint64_t count, int code) override {
    lost += count;
    errors.push_back(code);
  }
  int reports = 0;
  std::uint64_t sent = 0;
  std::uint64_t bytes = 0;
  std::uint64_t lost = 0;
  std::vector<int> errors;
};

inline std::span<const std::uint8_t> bytes(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace weir
