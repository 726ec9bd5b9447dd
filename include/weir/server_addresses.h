// The addresses that servers have or had: one look tells most clients from all servers. Nothing is
// forgotten, and once in a while an address that no server has is taken for one; a caller that
// hears "maybe" asks the servers themselves.
//
// One for each ServerPool, shared by its servers and the snapshots. The main thread adds; any
// thread asks.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "weir/endpoint.h"

namespace weir {

class ServerAddresses {
 public:
  void add(const Address& address) {
    word_of(address).fetch_or(bit_of(address), std::memory_order_relaxed);
  }
  [[nodiscard]] bool may_have(const Address& address) const {
    return (words_[index_of(address)].load(std::memory_order_relaxed) & bit_of(address)) != 0;
  }

 private:
  static constexpr std::size_t words = 1024;

  [[nodiscard]] static std::size_t index_of(const Address& address) {
    return (hash_of(address) >> 32U) % words;
  }
  [[nodiscard]] static std::uint64_t bit_of(const Address& address) {
    return std::uint64_t{1} << (hash_of(address) >> 58U);
  }
  std::atomic<std::uint64_t>& word_of(const Address& address) { return words_[index_of(address)]; }

  std::array<std::atomic<std::uint64_t>, words> words_{};
};

}  // namespace weir
