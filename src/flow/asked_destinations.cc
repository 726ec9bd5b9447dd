#include "flow/asked_destinations.h"

namespace weir {
namespace {

std::uint64_t fingerprint_of(std::uint64_t hash, unsigned serial_bits) {
  const std::uint64_t high = hash >> serial_bits << serial_bits;
  return high != 0 ? high : std::uint64_t{1} << serial_bits;
}

}  // namespace

// The serial number tells two questions for the same destination apart: what is withdrawn late is
// never another's.
std::optional<AskedDestinations::Ticket> AskedDestinations::ask(const Endpoint& destination) {
  constexpr std::uint64_t serial_mask = (std::uint64_t{1} << serial_bits) - 1;
  const std::uint64_t hash = hash_of(destination);
  const std::uint64_t serial = serial_.fetch_add(1, std::memory_order_relaxed) & serial_mask;
  const std::uint64_t word = fingerprint_of(hash, serial_bits) | serial;
  for (std::uint32_t i = 0; i < probes; ++i) {
    const auto slot = static_cast<std::uint32_t>((hash + i) % slots);
    std::uint64_t vacant = 0;
    if (words_[slot].compare_exchange_strong(vacant, word, std::memory_order_relaxed)) {
      return Ticket{.slot = slot, .word = word};
    }
  }
  return std::nullopt;
}

void AskedDestinations::withdraw(const Ticket& ticket) {
  std::uint64_t expected = ticket.word;
  words_[ticket.slot].compare_exchange_strong(expected, 0, std::memory_order_relaxed);
}

bool AskedDestinations::is_asked(const Endpoint& destination) const {
  const std::uint64_t hash = hash_of(destination);
  const std::uint64_t print = fingerprint_of(hash, serial_bits);
  for (std::uint32_t i = 0; i < probes; ++i) {
    const std::uint64_t seen = words_[(hash + i) % slots].load(std::memory_order_relaxed);
    if (seen >> serial_bits == print >> serial_bits) {
      return true;
    }
  }
  return false;
}

bool AskedDestinations::take(const Endpoint& destination) {
  const std::uint64_t hash = hash_of(destination);
  const std::uint64_t print = fingerprint_of(hash, serial_bits);
  for (std::uint32_t i = 0; i < probes; ++i) {
    auto& slot = words_[(hash + i) % slots];
    std::uint64_t seen = slot.load(std::memory_order_relaxed);
    if (seen >> serial_bits == print >> serial_bits &&
        slot.compare_exchange_strong(seen, 0, std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

}  // namespace weir
